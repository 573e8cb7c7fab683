// runtime/graph/gate_planning.h
// Lays out how a source is held until another one has caught up: which stages pass its marker on,
// which report it.
//
// The marker must prove that what the gating source read has reached every stage where the gated
// source's records could meet it, and must not wait for a channel on which the held source would
// have to send first.
#pragma once

#include <vector>

#include "runtime/graph/job_graph.pb.h"
#include "runtime/graph/plan.h"

namespace tributary::graph {

// For a plan whose stages and exchanges are complete, and a graph that has passed check_graph.
std::vector<Gate> plan_gates(const JobGraph& graph, const ExecutionPlan& plan);

}  // namespace tributary::graph
