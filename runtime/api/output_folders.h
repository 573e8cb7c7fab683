// runtime/api/output_folders.h
// What a run would write over: sinks name the folder they fill in their property "output", and a
// run must not add to what an earlier run left there, or every result would count twice.
//
// Reads and removes files; any thread, before the job starts. Invariant: only files are removed
// that this very sink would write: by their name, at the depth and below the folders of its
// partitions.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

struct OutputFolder {
  std::string sink;
  std::string path;
  std::vector<std::string> partition_by;  // "tenant": folders tenant=…, outermost first
};
// Of all sinks that have one, in the order of the graph.
std::vector<OutputFolder> output_folders(const graph::JobGraph& graph);

struct FoundParts {
  std::vector<std::string> own;    // <path>/tenant=…/part-<number>.jsonl or .csv
  std::vector<std::string> other;  // part files elsewhere below the folder, at any depth
};
// Part files begin with "part-" and end in .jsonl or .csv, perhaps .gz. Sorted.
Result<FoundParts> part_files(FileSystem& files, const OutputFolder& folder);

// F103 for the first folder that holds part files, unless `force`: then the sinks' own are removed,
// once nothing speaks against it in any folder, and nothing else. F103 if there are others.
Status prepare_output(FileSystem& files, const std::vector<OutputFolder>& folders, bool force);

}  // namespace tributary
