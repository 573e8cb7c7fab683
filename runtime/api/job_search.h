// runtime/api/job_search.h
// Where a job's shared library is found: JOB is a path to a .so, or a name looked for in folders,
// in their order:
// --job-path, $TRIBUTARY_JOB_PATH, <prefix>/lib/tributary/jobs.
//
// Reads folders only; what a library says about itself is job_library.h's. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"

namespace tributary {

// `job_path` and `variable` are lists separated by ":"; `program` is the path of this program,
// whose folder's parent is the prefix. Empty parts are left out, and a folder is named once.
std::vector<std::string> job_folders(std::string_view job_path, std::string_view variable,
                                     std::string_view program);

struct JobFile {
  std::string path;
  std::string name;  // by its file name: "cost-attribution" of libcost_attribution.so
};
// Every *.so of the folders, by folder and name; folders that are missing are passed over.
std::vector<JobFile> list_job_files(FileSystem& files, const std::vector<std::string>& folders);

// Whether `job` is a path rather than a name.
bool is_job_path(std::string_view job);
// The file that bears the name: NAME.so or libNAME.so, "-" and "_" being equal.
std::optional<JobFile> match_job_file(const std::vector<JobFile>& found, std::string_view job);
// Error B202 of a name that no library has, with what was searched and the nearest of `known`.
Error job_not_found(std::string_view job, const std::vector<std::string>& folders,
                    const std::vector<std::string>& known);

}  // namespace tributary
