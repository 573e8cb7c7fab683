// jobs/cost_attribution/core/rule_book.h
// The published rule versions of one tenant, and which of them is in force for a charge: the
// highest version whose valid_from is not after the charge's start.
//
// Owner: one task, or one copy a process behind the broadcast input. Not synchronised.
// Invariant: versions strictly increase; a RuleSet that no charge can have any more is dropped.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/rule_problem.h"
#include "jobs/cost_attribution/core/rules.h"

namespace tributary::cost {

class RuleBook {
 public:
  // R02 when the version is not above the last; R04 when valid_from is older than `retain` behind
  // `event_clock` (the highest ChargePeriodStart seen; nullopt while there is none, as when
  // accepted commands are replayed at a start). The book is unchanged on a problem.
  std::expected<void, RuleProblem> publish(std::shared_ptr<const RuleSet> rules,
                                           std::optional<Timestamp> event_clock, Duration retain);

  // Null before the first valid_from. The set lives until the next publish.
  const RuleSet* in_force(Timestamp charge_start) const;
  // 0 when none.
  std::int64_t version_in_force(Timestamp charge_start) const;

  // 0 when none was published.
  std::int64_t last_version() const { return last_version_; }

  // The earliest charge start whose rules may have changed by versions above `version`; nullopt if
  // there is none. A walk may skip every charge that starts before it.
  std::optional<Timestamp> changed_since(std::int64_t version) const;

 private:
  // From `from` on, until the next step.
  struct Step {
    Timestamp from;
    std::shared_ptr<const RuleSet> rules;
  };
  struct Published {
    std::int64_t version;
    Timestamp earliest_from;  // of this and all later versions
  };

  const Step* step_at(Timestamp charge_start) const;

  std::vector<Step> steps_;  // by `from`, versions increase too
  std::vector<Published> published_;
  std::int64_t last_version_ = 0;
};

}  // namespace tributary::cost
