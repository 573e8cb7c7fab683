// runtime/cluster/state_evolution.h
// Whether values that a checkpoint holds can be read as the graph declares them now (rules 34 and
// 35). The same judgement as at the start of a task, which asks with types instead of schemas.
//
// Pure.
#pragma once

#include <string>

#include "base/error.h"
#include "checkpoint/state_snapshot.pb.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary {

// What has changed: "field units added, field n widened from int32 to int64"; empty if nothing.
// S401 says why not, S431 that what is stored is no schema. `was` is the declaration of before,
// null if there is none. The type of the keys of a map's stream is not in the graph: the task
// compares it when it starts.
Result<std::string> check_state_evolution(const checkpoint::StateInCatalog& stored,
                                          const graph::State* was, const graph::State& now);
// The same of a broadcast state, which is in no catalog.
Result<std::string> check_broadcast_evolution(const graph::State& was, const graph::State& now);

}  // namespace tributary
