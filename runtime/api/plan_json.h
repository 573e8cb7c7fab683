// runtime/api/plan_json.h
// A plan as JSON, for `tributary plan --format json`: stages, exchanges, gates, and what the graph
// says of each vertex.
//
// Pure. The names are documented in docs/cli.md.
#pragma once

#include <string>

#include "runtime/graph/job_graph.h"
#include "runtime/graph/plan.h"

namespace tributary {

// Several lines, ended by a newline. The plan must be one of this graph.
std::string plan_json(const graph::JobGraph& graph, const graph::ExecutionPlan& plan);

}  // namespace tributary
