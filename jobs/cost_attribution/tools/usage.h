// jobs/cost_attribution/tools/usage.h
// What is wrong with a command line, with the nearest name that there is.
//
// Thread: functions. All errors are C105.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace tributary::cost {

// "unknown verb 'raport'; did you mean report?", or which verbs there are when none is given.
// Nothing when the verbs are known; options are not looked at.
std::optional<Error> unknown_verb(const CLI::App& program,
                                  const std::vector<std::string>& arguments);

// An option that the verb does not have, with the nearest that it has; else `what` the parser says.
Error usage_error(const CLI::App& program, const std::vector<std::string>& arguments,
                  std::string_view what);

// Of 64 bits: the parser takes -5, and what is larger, for some number of an unsigned type.
CLI::Validator whole_number();

}  // namespace tributary::cost
