// jobs/cost_attribution/core/rule_problem.h
// One thing wrong with a rule document: code, place, line, what, and what was probably meant.
//
// Thread: values. The text form is stable: tools and control records show it as it is.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

struct RuleProblem {
  ErrorCode code = ErrorCode::R14;
  std::string document;  // "acme rules v8"; "rules" while tenant and version are unknown
  std::string path;      // "dimensions[1].rules[2] (shared-api)"; empty for the document as a whole
  int line = 0;          // 0: no line
  std::string text;      // "unknown source \"tags:app\""
  std::string suggestion;  // "tag:app", may be empty

  // acme rules v8, dimensions[1].rules[2] (shared-api), line 23: R07 unknown source "tags:app"; did
  // you mean "tag:app"?
  std::string to_string() const;
};

using RuleProblems = std::vector<RuleProblem>;

// All problems as one Error of the first one's code, one line each.
Error to_error(const RuleProblems& problems);

}  // namespace tributary::cost
