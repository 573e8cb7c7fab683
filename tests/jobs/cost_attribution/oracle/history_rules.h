// tests/jobs/cost_attribution/oracle/history_rules.h
// Random rule documents: valid ones that use every condition, transform and kind of source of the
// rule language, and ones with a single fault that has to be refused.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tests/jobs/cost_attribution/oracle/dice.h"

namespace tributary::cost_oracle {

enum class RuleFault : std::uint8_t {
  kNone,
  kUnknownKey,
  kDuplicateKey,
  kDuplicateRule,
  kDuplicateDimension,
  kBadPattern,
  kUnknownSource,
  kLaterDimension,
  kReservedGroup,
  kReservedDefault,
  kPartOfAnHour,
  kTwoTargets,
  kUnknownCondition,
  kNotYaml,
};

inline constexpr std::array kRuleFaults = {
    RuleFault::kUnknownKey,     RuleFault::kDuplicateKey,       RuleFault::kDuplicateRule,
    RuleFault::kBadPattern,     RuleFault::kDuplicateDimension, RuleFault::kUnknownSource,
    RuleFault::kLaterDimension, RuleFault::kReservedGroup,      RuleFault::kReservedDefault,
    RuleFault::kPartOfAnHour,   RuleFault::kTwoTargets,         RuleFault::kUnknownCondition,
    RuleFault::kNotYaml};

// `valid_from` is a whole hour; charge_time conditions use instants from 40 days before to 40 days
// after `middle`.
std::string random_rules(Dice& dice, const std::string& tenant, std::int64_t version,
                         std::int64_t valid_from, std::int64_t middle, RuleFault fault);

}  // namespace tributary::cost_oracle
