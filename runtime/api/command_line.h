// runtime/api/command_line.h
// The command line of `tributary`: its verbs, their options, and what is said about a wrong one
// (C105, with the nearest name that exists).
//
// Thread: the main one.
#pragma once

#include <string>
#include <vector>

#include "runtime/api/surroundings.h"

namespace tributary {

// `arguments` without the program's name. Gives the program's exit code.
int run_command_line(const std::vector<std::string>& arguments, const Surroundings& surroundings);

}  // namespace tributary
