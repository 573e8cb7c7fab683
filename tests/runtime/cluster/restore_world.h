// tests/runtime/cluster/restore_world.h
// Jobs, and checkpoints of them as an engine would write them: every operator with state has some
// in every task, every source has read on, every sink has staged.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/record.h"
#include "base/schema.h"
#include "runtime/cluster/restore_match.h"
#include "tests/runtime/graph/graph_builder.h"

namespace tributary::testing_restore {

inline constexpr std::uint32_t kKeyGroups = 64;
inline constexpr std::uint64_t kCheckpoint = 7;

template <typename T>
std::string schema_bytes() {
  std::string bytes;
  schema_of(type_info<T>()).encode(bytes);
  return bytes;
}

// A job that is being written. Sources, sinks and operators are of the usual types unless told.
class Job {
 public:
  Job();
  std::uint32_t source(const std::string& name, std::uint32_t parallelism = 0);
  std::uint32_t process(const std::string& name, std::uint32_t parallelism = 0);
  std::uint32_t map(const std::string& name);
  std::uint32_t sink(const std::string& name, std::uint32_t parallelism = 0);
  template <typename Key, typename Value>
  graph::State& state(std::uint32_t vertex, const std::string& name,
                      const std::string& kind = "value") {
    graph::State& added = *builder_.vertex(vertex).add_states();
    added.set_name(name);
    added.set_kind(kind);
    added.set_key_schema(schema_bytes<Key>());
    added.set_value_schema(schema_bytes<Value>());
    return added;
  }
  void keyed(std::uint32_t from, std::uint32_t to);
  void chained(std::uint32_t from, std::uint32_t to);
  void rebalanced(std::uint32_t from, std::uint32_t to);
  graph::Vertex& vertex(std::uint32_t id) { return builder_.vertex(id); }
  graph::JobGraph& graph() { return builder_.graph; }

 private:
  graph::GraphBuilder builder_;
};

graph::ExecutionPlan plan_of(const graph::JobGraph& graph, std::uint32_t slots);

// Checkpoint kCheckpoint of the job on `slots` slots. Task i of an operator has been told event
// time 100 + i. A source has the splits "s0" to "s3", of 100 each; split i has been read to 10 (i +
// 1). States have the ids 1, 2, … in the order of the operators, timers first. A writer of a sink
// has one epoch staged.
checkpoint::Manifest checkpoint_of(const graph::JobGraph& graph, std::uint32_t slots);
// The snapshot of a task, by the name of one of its operators.
checkpoint::TaskSnapshot& task_of(checkpoint::Manifest& manifest, const std::string& name,
                                  std::uint32_t task);
checkpoint::OperatorTime& time_of(checkpoint::Manifest& manifest, const std::string& name,
                                  std::uint32_t task);

std::expected<RestoredJob, std::vector<Error>> match(const checkpoint::Manifest& manifest,
                                                     const graph::JobGraph& graph,
                                                     std::uint32_t slots,
                                                     const MatchOptions& options = {});

}  // namespace tributary::testing_restore
