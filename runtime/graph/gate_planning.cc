#include "runtime/graph/gate_planning.h"

#include <algorithm>
#include <cstddef>

namespace tributary::graph {
namespace {

// By stage; `from` itself counts as reached.
std::vector<bool> reached_from(const ExecutionPlan& plan, StageId from) {
  std::vector<bool> reached(plan.stages.size());
  reached[from.index()] = true;
  // Stages are in topological order, so one pass finds all.
  for (const Stage& stage : plan.stages)
    for (const ExchangeId input : stage.inputs)
      if (reached[plan.exchanges[input.index()].from.index()]) reached[stage.id.index()] = true;
  return reached;
}

}  // namespace

std::vector<Gate> plan_gates(const JobGraph& graph, const ExecutionPlan& plan) {
  std::vector<Gate> gates;
  for (const Vertex& vertex : graph.vertices()) {
    if (vertex.gated_by().empty()) continue;
    const auto gating = std::ranges::find_if(graph.vertices(), [&](const Vertex& other) {
      return other.kind() == SOURCE && other.name() == vertex.gated_by();
    });
    Gate gate;
    gate.id = {static_cast<std::uint32_t>(gates.size())};
    gate.gated_source = {vertex.id()};
    gate.gating_source = {gating->id()};
    gate.gated = plan.stage_of_vertex[vertex.id()];
    gate.gating = plan.stage_of_vertex[gating->id()];
    const std::vector<bool> before = reached_from(plan, gate.gating);
    const std::vector<bool> held = reached_from(plan, gate.gated);
    const auto passes = [&](StageId stage) {
      return before[stage.index()] && !held[stage.index()];
    };
    for (const Stage& stage : plan.stages) {
      if (!before[stage.id.index()] || stage.id == gate.gating) continue;
      if (passes(stage.id)) {
        gate.passing.push_back(stage.id);
        continue;
      }
      Gate::Joint joint{stage.id, {}};
      for (const ExchangeId input : stage.inputs)
        if (passes(plan.exchanges[input.index()].from)) joint.exchanges.push_back(input);
      // Stages behind a joint get no marker.
      if (!joint.exchanges.empty()) gate.joints.push_back(std::move(joint));
    }
    gates.push_back(std::move(gate));
  }
  return gates;
}

}  // namespace tributary::graph
