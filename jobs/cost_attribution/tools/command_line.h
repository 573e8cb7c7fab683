// jobs/cost_attribution/tools/command_line.h
// The verbs of the program `attribution` and their options.
//
// Thread: one. What a verb says goes to `out`, also when it then fails.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

// `arguments` without the program's name. The exit code: 0 done, 1 bad data or a check that failed;
// or an error: C105 for a verb or an option that is not there, else the verb's own.
Result<int> run_command_line(const std::vector<std::string>& arguments, std::string& out);

}  // namespace tributary::cost
