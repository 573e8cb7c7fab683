// runtime/graph/planner.h
// Makes the plan of a job: resolves parallelism, fuses vertices into stages, places tasks on slots,
// lays out gates.
//
// Pure: the same graph and options give the same plan in every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "base/error.h"
#include "runtime/graph/job_graph.pb.h"
#include "runtime/graph/plan.h"

namespace tributary::graph {

struct PlanOptions {
  std::uint32_t slots = 1;        // how many the job may use
  std::uint32_t parallelism = 0;  // the job's p, at most `slots`; 0 = `slots`
  std::uint64_t routing_version = 1;
  // The floors of all channels together may not be more (protocol rule 50).
  std::size_t network_budget_bytes = std::size_t{256} << 20;
};

// Every reason against the graph or the options at once (codes G3xx), never an empty list.
std::expected<ExecutionPlan, std::vector<Error>> plan(const JobGraph& graph,
                                                      const PlanOptions& options);

}  // namespace tributary::graph
