// tests/runtime/api/small_plan.h
// Plans for tests that need no graph: stages by name, one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/graph/plan.h"

namespace tributary::testing {

inline void connect(graph::ExecutionPlan& plan, std::uint32_t from, std::uint32_t to) {
  const graph::ExchangeId id{static_cast<std::uint32_t>(plan.exchanges.size())};
  graph::Exchange exchange;
  exchange.id = id;
  exchange.from = graph::StageId{from};
  exchange.to = graph::StageId{to};
  plan.exchanges.push_back(exchange);
  plan.stages[from].outputs.push_back(id);
  plan.stages[to].inputs.push_back(id);
}

inline graph::ExecutionPlan chain_of(const std::vector<std::string>& names) {
  graph::ExecutionPlan plan;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    graph::Stage stage;
    stage.id = graph::StageId{i};
    stage.label = names[i];
    stage.is_source = i == 0;
    plan.stages.push_back(stage);
    if (i > 0) connect(plan, i - 1, i);
  }
  return plan;
}

}  // namespace tributary::testing
