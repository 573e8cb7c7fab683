// jobs/cost_attribution/core/rule_parser.h
// Reads a rule document of the language tributary/cost-rules/v1 and checks all of it: tool and job
// refuse alike.
//
// Thread: a pure function. All problems are collected, in the order of their lines; a document with
// any is refused.
#pragma once

#include <expected>
#include <string_view>

#include "jobs/cost_attribution/core/rule_problem.h"
#include "jobs/cost_attribution/core/rules.h"

namespace tributary::cost {

inline constexpr std::size_t kRuleDocumentBytesMax = 1024 * 1024;
inline constexpr std::size_t kDimensionsMax = 20;
inline constexpr std::size_t kRulesMax = 500;  // in a dimension
inline constexpr std::size_t kConditionsMax =
    5'000;  // in a document, `all`, `any` and `not` included
inline constexpr std::size_t kLookupRowsMax = 10'000;
inline constexpr int kConditionDepthMax = 32;
inline constexpr std::size_t kRuleProblemsMax = 100;  // further ones are not listed

inline constexpr std::string_view kRuleLanguage = "tributary/cost-rules/v1";

// `tenant`: whose document it must be; empty = any.
std::expected<RuleSet, RuleProblems> parse_rules(std::string_view yaml,
                                                 std::string_view tenant = {});

}  // namespace tributary::cost
