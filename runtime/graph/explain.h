// runtime/graph/explain.h
// Shows a plan to people: `tributary plan JOB` as text that needs no other page, a line or two for
// `tributary run`, and Mermaid for documents.
//
// Pure. The text is for reading, not for parsing; tests hold its wording.
#pragma once

#include <string>

#include "runtime/graph/job_graph.pb.h"
#include "runtime/graph/plan.h"

namespace tributary::graph {

// The plan must be one of this graph.
std::string explain_text(const JobGraph& graph, const ExecutionPlan& plan);
// "charges -> attribute =key=> hourly-cost -> cost-lines": a line for each unbranched run, branches
// indented below it.
std::string explain_lines(const JobGraph& graph, const ExecutionPlan& plan);
// A flowchart: stages are boxes around their operators.
std::string explain_mermaid(const JobGraph& graph, const ExecutionPlan& plan);

}  // namespace tributary::graph
