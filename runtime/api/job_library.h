// runtime/api/job_library.h
// Loads a job's shared library and checks it before anything of it is used: that it loads, that it
// registers a job (B203), that it was built for this engine (B201).
//
// A library stays in the process until it ends: its types, code and constants may be in use
// anywhere. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary {

struct JobLibrary {
  std::string path;
  const JobDescriptor* descriptor = nullptr;  // fits this engine
  std::string name() const { return descriptor->name; }
};

// B202 no such file, B205 it does not load, B203, B201.
Result<JobLibrary> load_job_library(FileSystem& files, const std::string& path);

// Why a descriptor cannot be used by this engine; nothing if it can. Looks at `format` and `abi`
// only.
std::optional<Error> descriptor_fault(const JobDescriptor* descriptor, std::string_view path);

// The library of JOB: a path, a file's name, or, when no file bears it, the name that a library
// registers.
Result<JobLibrary> find_job_library(FileSystem& files, std::string_view job,
                                    const std::vector<std::string>& folders);

}  // namespace tributary
