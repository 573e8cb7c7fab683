// jobs/cost_attribution/core/attribute.h
// The state transition of one charge: what is stored and an event in, the outcome and the lines to
// post out.
//
// Owner and thread: one Attributor per task; it keeps buffers only, no state of any charge. Nothing
// here knows the engine: state comes in as views and the caller stores what it likes. Invariant: a
// change is a reversal line, the exact negation of what was written, and a posting line, never a
// net line; per dimension there is neither when target, amounts, service, currency and times are
// equal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/cost_attribution/core/charge.h"
#include "jobs/cost_attribution/core/content_hash.h"
#include "jobs/cost_attribution/core/line_draft.h"
#include "jobs/cost_attribution/core/rule_book.h"

namespace tributary::cost {

// Where a charge was posted in one dimension. Carries names: the rule set that gave them may be
// gone.
struct Assignment {
  std::string_view dimension;
  std::string_view element;
  std::string_view rule_id;  // empty: the default

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// A stored charge, as views into whatever keeps it. A tombstone has only `revision` and `deleted`.
struct StoredView {
  std::int64_t revision = 0;
  bool deleted = false;
  ContentHash hash;
  ChargeRow row;
  std::int64_t rules_version = 0;  // 0: no version was in force
  std::span<const Assignment> assignments;
};

enum class Outcome : std::uint8_t {
  kNew,
  kChanged,
  kUnchanged,  // no line; a newer revision or rules version may have to be stored
  kDeleted,
  kDuplicate,
  kStale,
  kRejected,  // CONFLICTING_DUPLICATE
};

// The metric label.
constexpr std::string_view outcome_name(Outcome outcome) {
  constexpr std::string_view kNames[] = {"new",       "changed", "unchanged", "deleted",
                                         "duplicate", "stale",   "rejected"};
  return kNames[static_cast<std::size_t>(outcome)];
}

// What the caller has to write to its state.
enum class StateChange : std::uint8_t {
  kNone,
  kRevision,     // store Decision::revision, all else stays
  kReplace,      // store event row, hash, revision, rules_version and assignments
  kAssignments,  // store rules_version and assignments; row, hash and revision stay
  kTombstone,    // store Decision::revision and deleted; drop the rest
};

struct Decision {
  Outcome outcome = Outcome::kStale;
  StateChange change = StateChange::kNone;
  std::int64_t revision = 0;
  std::int64_t rules_version = 0;           // kReplace, kAssignments
  std::span<const Assignment> assignments;  // kReplace, kAssignments: per dimension in force
  std::span<const LineDraft> lines;         // in the order in which they are to be written
};

class Attributor {
 public:
  // A row of an event stream. `stored`: null if the charge is unknown. `book`: null if the tenant
  // has no rules. Views of the decision live until the next call, and no longer than the arguments.
  const Decision& on_row(const ChargeHead& head, const ChargeRow& row, const ContentHash& hash,
                         const StoredView* stored, const RuleBook* book);

  // A charge_delete with head.revision.
  const Decision& on_delete(const ChargeHead& head, const StoredView* stored);

  // Rules were published: attribute a stored charge anew. Cheap when the version in force for it is
  // the stored one.
  const Decision& on_rules(std::string_view source, const StoredView& stored, const RuleBook& book);

 private:
  // The content that lines of one posting share.
  struct Posted {
    const ChargeRow* row;
    std::int64_t revision;
    std::int64_t rules_version;
    std::span<const Assignment> assignments;
  };

  const Decision& decide(Outcome outcome, StateChange change, std::int64_t revision);
  // Evaluates the version in force for `row` into assignments_; returns its number.
  std::int64_t assign(const ChargeRow& row, const RuleBook* book);
  // The lines from `before` to `after`, either of which may be null.
  void post(std::string_view source, const Posted* before, const Posted* after, Cause cause);
  void add_line(const Posted& posted, const Assignment& assignment, bool reversal, Cause cause);

  Evaluation evaluation_;
  std::vector<Assignment> assignments_;
  std::vector<LineDraft> lines_;
  Decision decision_;
};

}  // namespace tributary::cost
