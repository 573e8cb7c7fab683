// runtime/graph/plan.h
// How a job runs: its vertices fused into stages, the exchanges between them, who sits on which
// slot, and what holds a source back. Plain data; made by planner.h, obeyed by runtime/exec, shown
// by explain.h.
//
// Invariants: stages are numbered in topological order (an exchange goes from a lower to a higher
// number), each vertex is in exactly one stage, and the same graph and options give the same plan
// in every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/graph/ids.h"
#include "runtime/graph/job_graph.pb.h"
#include "runtime/graph/routing_table.h"

namespace tributary::graph {

// What every channel may have in flight at least: a small batch (protocol rule 50).
inline constexpr std::size_t kChannelFloorBytes = 4 * 1024;

// Vertices that hand each other batches by a call. Each of its `parallelism` tasks is one instance
// of all of them.
struct Stage {
  StageId id;
  std::vector<VertexId> vertices;     // in topological order; the first one is the head
  std::vector<EdgeId> chained_edges;  // between vertices of this stage, ascending
  std::vector<ExchangeId> inputs;   // exchanges into this stage, ascending; only the head receives
  std::vector<ExchangeId> outputs;  // exchanges out of this stage, ascending
  std::uint32_t parallelism = 1;
  std::vector<SlotIndex> slots;  // by task number
  bool is_source = false;        // the head is a source; such a stage has no inputs
  std::string label;             // "charges -> attribute"
  RoutingTable routing;          // key group -> task of this stage
};

// An edge between two stages: a channel from each sending task to each task that it may send to.
struct Exchange {
  ExchangeId id;
  EdgeId edge;
  StageId from;
  StageId to;
  VertexId from_vertex;
  std::uint32_t from_port = 0;
  VertexId to_vertex;           // the head of `to`
  std::uint32_t to_input = 0;   // input index of to_vertex
  ExchangeKind kind = FORWARD;  // FORWARD, KEYED, REBALANCE or BROADCAST; never CHAIN
  std::string key;              // keyed: name of the key field, or "function"
  std::uint32_t from_parallelism = 1;
  std::uint32_t to_parallelism = 1;
  std::uint32_t channel_count = 0;

  // Whether there is a channel between these tasks. Forward: task i sends to i mod q.
  bool connects(std::uint32_t from_task, std::uint32_t to_task) const {
    return kind != FORWARD || from_task % to_parallelism == to_task;
  }
};

// `.after(source.caught_up())`: the tasks of `gated` read nothing until the gate opens. The tasks
// of `gating` send a marker to all outputs once each has read what was there at its start. A task
// of a passing stage that got the marker on every channel passes it on. A task of a joint stage,
// which the gated source reaches as well, takes the markers of the named exchanges, passes nothing
// on, and reports. The gate opens when every task of every joint stage has reported; without
// joints, when every task of the passing stages has seen the marker; without these, when every task
// of `gating` has caught up.
struct Gate {
  struct Joint {
    StageId stage;
    std::vector<ExchangeId> exchanges;  // the marker arrives on every channel of these, ascending
  };

  GateId id;
  VertexId gated_source;
  VertexId gating_source;
  StageId gated;
  StageId gating;
  std::vector<StageId> passing;  // ascending; without `gating`
  std::vector<Joint> joints;     // ascending by stage
};

struct ExecutionPlan {
  std::uint32_t slot_count = 1;  // the job's parallelism p: slots 0 .. p - 1
  std::uint32_t key_group_count = 0;
  std::uint64_t routing_version = 1;     // of every stage's routing table
  std::vector<Stage> stages;             // by StageId
  std::vector<Exchange> exchanges;       // by ExchangeId, in the order of their edges
  std::vector<EdgeId> chained_edges;     // of all stages, ascending
  std::vector<Gate> gates;               // by GateId, in the order of the gated vertices
  std::vector<StageId> stage_of_vertex;  // by VertexId

  const Stage& stage_of(VertexId vertex) const {
    return stages[stage_of_vertex[vertex.index()].index()];
  }
};

}  // namespace tributary::graph
