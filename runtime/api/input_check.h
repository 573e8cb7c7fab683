// runtime/api/input_check.h
// Looks at what a job would read before anything is written or deleted for it: every source is
// listed once. An input that cannot be listed refuses the run; so does one of which nothing is
// there.
//
// Reads folders; any thread, before the job starts.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "runtime/exec/job_program.h"

namespace tributary {

// What people should know of sources whose folder is missing, a sentence each. F101 if a source
// cannot be listed, and if all sources end by themselves and the folder of none is there: a
// mistyped path, not an empty input.
Result<std::vector<std::string>> check_inputs(const JobProgram& program, FileSystem& files);

}  // namespace tributary
