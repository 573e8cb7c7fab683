// runtime/graph/graph_check.h
// Says everything that is wrong with a job's graph itself, whatever it will run on: names, shape,
// stream kinds, gates.
//
// Pure. All reasons at once, in the order of the vertices, so that an author mends a job in one go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/graph/ids.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary::graph {

// Empty: nothing is wrong. If ids are out of range, only that is reported.
std::vector<Error> check_graph(const JobGraph& graph);

// All vertices, each after those that feed it, else by id; nullopt if there is a cycle. Ids must be
// in range.
std::optional<std::vector<VertexId>> topological_order(const JobGraph& graph);

// `"attribute" (job.cc:18)`: how messages name a vertex.
std::string named(const Vertex& vertex);

}  // namespace tributary::graph
