// runtime/api/output_folders.h
// What a run would write over: sinks name the folder they fill in their property "output", and a
// run must not add to what an earlier run left there, or every result would count twice.
//
// Reads and removes files; any thread, before the job starts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

inline constexpr const char* kOutputProperty = "output";

struct OutputFolder {
  std::string sink;
  std::string path;
};
// Of all sinks that have one, in the order of the graph.
std::vector<OutputFolder> output_folders(const graph::JobGraph& graph);

// Part files below the folder, at any depth: what sinks write ("part-…" with .jsonl or .csv,
// perhaps .gz). Sorted.
Result<std::vector<std::string>> part_files(FileSystem& files, const std::string& folder);

// F103 for the first folder that holds part files, unless `force`: then they are removed, and
// nothing else.
Status prepare_output(FileSystem& files, const std::vector<OutputFolder>& folders, bool force);

}  // namespace tributary
