// tests/fuzz/cost_rules_fuzz.cc
// Any bytes are either a rule set that evaluates a row, or problems with a text.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jobs/cost_attribution/core/rule_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary::cost;
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const auto rules = parse_rules(yaml);
  if (!rules) {
    TRIBUTARY_CHECK(!rules.error().empty(), "a refusal has a problem");
    for (const RuleProblem& problem : rules.error())
      TRIBUTARY_CHECK(!problem.to_string().empty(), "and a text");
    return 0;
  }
  const std::array<Tag, 3> tags = {
      {{"app", "(Gateway) a/b"}, {"customer", "  Globex é "}, {"team", "Payments"}}};
  ChargeRow row;
  row.columns.fill("Some Text-1");
  row.tags = tags;
  Evaluation evaluation;
  rules->evaluate(row, evaluation);
  TRIBUTARY_CHECK(evaluation.targets().size() == rules->dimensions().size(),
                  "one target a dimension");
  for (const Target& target : evaluation.targets()) {
    TRIBUTARY_CHECK(!target.element.empty() && target.element.size() <= kElementBytesMax,
                    "element");
    TRIBUTARY_CHECK(!target.element.starts_with('(') || target.element == kUnattributed,
                    "reserved");
  }
  return 0;
}
