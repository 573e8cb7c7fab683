// runtime/api/reference_commands.h
// The verbs that only tell: `tributary version`, `tributary error` and `tributary failpoints`.
//
// The texts are pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary {

// Engine, job ABI, compiler and libraries, a line each.
std::string version_text();

// The page of a code; C105 with the nearest one if there is none such.
Result<std::string> error_text(std::string_view code);
// All codes and their titles, a line each.
std::string error_list_text();

// Names, actions and meanings of all failpoints (base/failpoint.h): a table, or an object a line.
std::string failpoints_text(bool json);

}  // namespace tributary
