// runtime/graph/parallelism.h
// How many tasks each vertex gets. 0 in the graph means the job's parallelism p, except where a
// stream is broadcast: its sender is one task, so that all receivers see the same order (protocol
// rule 43).
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "runtime/graph/ids.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary::graph {

// By vertex; reasons against it are appended to `errors`. The graph has passed check_graph.
std::vector<std::uint32_t> resolve_parallelism(const JobGraph& graph, std::uint32_t job_parallelism,
                                               std::uint32_t key_group_count,
                                               std::vector<Error>& errors);

}  // namespace tributary::graph
