// jobs/cost_attribution/core/rule_problem.cc
#include "jobs/cost_attribution/core/rule_problem.h"

#include <fmt/format.h>

#include "jobs/cost_attribution/core/quoted.h"

namespace tributary::cost {

std::string RuleProblem::to_string() const {
  std::string out = document;
  if (!path.empty()) out += fmt::format(", {}", path);
  if (line > 0) out += fmt::format(", line {}", line);
  out += fmt::format(": {} {}", error_page(code).code, text);
  if (!suggestion.empty()) out += fmt::format("; did you mean {}?", quoted(suggestion));
  return out;
}

Error to_error(const RuleProblems& problems) {
  TRIBUTARY_CHECK(!problems.empty(), "an error needs a problem");
  std::string text;
  for (const RuleProblem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.to_string();
  }
  return Error(problems.front().code, std::move(text), "mend the document and publish it again");
}

}  // namespace tributary::cost
