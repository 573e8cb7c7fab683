// From an author's function and settings to the program that the engine runs: for tests and tools
// that hold the function itself. A job's library goes the same way through its descriptor
// (runtime/exec/job_descriptor.h).
#pragma once

#include <optional>
#include <string_view>

#include <tributary/job.h>

#include "base/error.h"
#include "base/settings.h"
#include "runtime/exec/job_program.h"

namespace tributary {

// `function` is void f(Job&, const S&) with S a settings record or Settings.
template <typename S>
Result<JobProgram> make_program(std::string_view name, void (*function)(Job&, const S&),
                                const Settings& settings) {
  JobProgram program;
  std::optional<Error> error;
  if (!internal::build_job_function(name, function, settings, program, error))
    return std::unexpected(*error);
  return program;
}

}  // namespace tributary
