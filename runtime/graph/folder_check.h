// runtime/graph/folder_check.h
// Finds sinks and sources of one job whose folders lie in each other's way: two sinks in one folder
// would meet in its files, and a source would read what the job itself writes.
//
// Pure, by the paths as they are written: links, and a relative path beside an absolute one, are
// not seen through. A sink below a source's folder is no harm: sources read one level.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary::graph {

// Appends a G318 for each pair.
void check_folders(const JobGraph& graph, std::vector<Error>& errors);

// "a/b" of "./a//x/../b/"; "." of nothing. What leads out of a relative path stays: "../a".
std::string plain_path(std::string_view path);

}  // namespace tributary::graph
