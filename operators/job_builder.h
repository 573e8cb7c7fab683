// From an author's function and settings to the program that the engine runs: for tests and tools
// that hold the function itself. A job's library goes the same way through its descriptor
// (runtime/exec/job_descriptor.h).
#pragma once

#include <string_view>
#include <vector>

#include <tributary/job.h>

#include "base/error.h"
#include "base/settings.h"
#include "runtime/exec/job_program.h"

namespace tributary {

// The first reason if there is none. `function` is void f(Job&, const S&) with S a settings record
// or Settings.
template <typename S>
Result<JobProgram> make_program(std::string_view name, void (*function)(Job&, const S&),
                                const Settings& settings) {
  JobProgram program;
  const std::vector<Error> errors = internal::build_job_function(name, function, settings, program);
  if (!errors.empty()) return std::unexpected(errors.front());
  return program;
}

}  // namespace tributary
