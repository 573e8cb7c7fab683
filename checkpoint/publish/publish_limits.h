// checkpoint/publish/publish_limits.h
// The numbers that bound staging and publishing, and the switches of planted bugs.
//
// Thread: values.
#pragma once

#include <cstdint>

namespace tributary {

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

struct PublishLimits {
  // Staging (rules 9 and 19).
  std::uint64_t segment_bytes = 8ULL << 20;
  std::int64_t segment_nanos = kNanosPerSecond / 4;
  std::uint64_t epoch_soft_bytes = 256ULL << 20;  // of the current epoch: ask for a checkpoint
  std::uint64_t pending_bytes = 1ULL << 30;       // complete and not out: stop the input
  std::uint64_t pending_epochs = 1000;
  std::uint64_t unstored_bytes = 64ULL << 20;  // cut and not stored (disk full): stop the input
  // Publishing (rule 6).
  std::uint64_t part_bytes = 32ULL << 20;
  std::uint64_t part_bytes_min = 64ULL << 10;
  std::int64_t part_nanos = 5 * kNanosPerSecond;
  // Fencing and marks (rules 2 and 11).
  std::int64_t lease_nanos = 10 * kNanosPerSecond;
  std::int64_t marks_nanos = 30 * kNanosPerSecond;
  std::int64_t resend_nanos = kNanosPerSecond;  // of reports and questions that got no answer
  std::int64_t pause_nanos = kNanosPerSecond / 10;
  std::int64_t pause_nanos_max = 5 * kNanosPerSecond;
  std::uint32_t load_tries = 5;  // of a staged segment that is damaged
};

// Each removes one guard, so that tests can show that the simulation finds its absence. All false
// outside tests.
struct PublishHazards {
  bool marks_before_all_fenced = false;    // rule 2 (i)
  bool committed_end_is_the_end = false;   // rule 2 (ii)
  bool epochs_without_lineage = false;     // rule 3
  bool parts_without_position = false;     // rule 6
  bool nobody_inherits = false;            // rule 7
  bool no_drain_rule = false;              // rule 8
  bool only_the_last_drain_point = false;  // rule 8
  bool only_the_epoch_named = false;       // rule 10
  bool snapshot_of_one_epoch = false;      // rule 10
  bool orders_of_any_round = false;        // rule 11
  bool fence_without_lease = false;        // rule 11
  bool unknown_is_not_out = false;         // rule 11
  bool unit_dropped_when_sent = false;     // rule 11
  bool superseded_goes_on = false;         // rule 11
};

}  // namespace tributary
