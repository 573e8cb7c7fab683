// jobs/cost_attribution/core/rule_book.cc
#include "jobs/cost_attribution/core/rule_book.h"

#include <algorithm>

#include <fmt/format.h>

namespace tributary::cost {

std::expected<void, RuleProblem> RuleBook::publish(std::shared_ptr<const RuleSet> rules,
                                                   std::optional<Timestamp> event_clock,
                                                   Duration retain) {
  const std::string document = fmt::format("{} rules v{}", rules->tenant(), rules->version());
  if (rules->version() <= last_version_) {
    return std::unexpected(
        RuleProblem{ErrorCode::R02,
                    document,
                    "version",
                    rules->version_line(),
                    fmt::format("version {} is not above the last published version {}",
                                rules->version(), last_version_),
                    {}});
  }
  if (event_clock) {
    const Timestamp oldest = *event_clock - retain;
    if (rules->valid_from() < oldest) {
      return std::unexpected(RuleProblem{
          ErrorCode::R04,
          document,
          "valid_from",
          rules->valid_from_line(),
          fmt::format("valid_from {} is older than {}, the newest charge's start less retain_days",
                      format_timestamp(rules->valid_from()), format_timestamp(oldest)),
          {}});
    }
  }
  const Timestamp from = rules->valid_from();
  last_version_ = rules->version();
  // The new version is the highest, so it wins from its valid_from on: later steps can never be
  // reached again.
  std::erase_if(steps_, [&](const Step& step) { return step.from >= from; });
  steps_.push_back({from, std::move(rules)});
  for (Published& earlier : published_)
    earlier.earliest_from = std::min(earlier.earliest_from, from);
  published_.push_back({last_version_, from});
  return {};
}

const RuleBook::Step* RuleBook::step_at(Timestamp charge_start) const {
  const auto after = std::ranges::upper_bound(steps_, charge_start, {}, &Step::from);
  return after == steps_.begin() ? nullptr : &*(after - 1);
}

const RuleSet* RuleBook::in_force(Timestamp charge_start) const {
  const Step* step = step_at(charge_start);
  return step == nullptr ? nullptr : step->rules.get();
}

std::int64_t RuleBook::version_in_force(Timestamp charge_start) const {
  const RuleSet* rules = in_force(charge_start);
  return rules == nullptr ? 0 : rules->version();
}

std::optional<Timestamp> RuleBook::changed_since(std::int64_t version) const {
  const auto next = std::ranges::upper_bound(published_, version, {}, &Published::version);
  if (next == published_.end()) return std::nullopt;
  return next->earliest_from;
}

}  // namespace tributary::cost
