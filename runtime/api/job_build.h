// runtime/api/job_build.h
// From a library and a configuration to a job: reads the document, applies --set, expands, and
// calls the author's function. The same in the process that yields the graph and in the one that
// runs it.
//
// Any thread. Invariant: the same document, overrides and library give a graph of the same digest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/settings.h"
#include "runtime/api/job_library.h"
#include "runtime/api/refusal.h"
#include "runtime/api/settings_expansion.h"
#include "runtime/exec/job_program.h"

namespace tributary {

// A configuration as it was given; the text is read once, so that all processes see the same.
struct ConfigDocument {
  std::string text;
  std::string name;  // for messages: "prod.yaml"
  std::vector<std::string> overrides;
};

// Reads --config; without a file an empty document. C103 if it cannot be read.
Result<ConfigDocument> read_config(FileSystem& files, const std::optional<std::string>& path,
                                   std::vector<std::string> overrides);
// The document with its overrides, not expanded.
Result<Settings> settings_of(const ConfigDocument& document);
// The job's program, its graph's settings_digest set. Errors of the author's function show no
// secret.
OrErrors<JobProgram> build_program(const JobLibrary& library, const ConfigDocument& document,
                                   const ExpansionSources& sources);

}  // namespace tributary
