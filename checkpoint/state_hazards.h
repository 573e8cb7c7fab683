// checkpoint/state_hazards.h
// Switches of planted bugs in keyed state: each removes one guard, so that tests can show that the
// simulation finds its absence.
//
// Values. All false outside tests.
#pragma once

namespace tributary {

struct StateHazards {
  bool no_pre_image = false;               // rule 24: what is frozen may change uncaptured
  bool deltas_without_deletes = false;     // rule 24: an erased value is not noted
  bool fired_timers_stay = false;          // rule 32: nor is a timer that fired
  bool fold_forgets_newer_deltas = false;  // rule 25: nor what came after the fold began
  bool lost_chunks_are_forgotten = false;  // rule 26: a snapshot does without what was not stored
  bool base_files_by_name = false;         // rule 28: file names are given again, contents are not
  bool unstored_may_leave = false;         // rule 23: memory lets go what the store does not have
  bool old_reads_count = false;            // rule 40: an answer of the store replaces newer state
  bool clocks_are_not_restored = false;    // rule 32
  bool keys_in_table_order = false;        // rule 77: what is visited in which order is seen
};

}  // namespace tributary
