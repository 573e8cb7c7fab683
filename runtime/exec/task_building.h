// runtime/exec/task_building.h
// One task as the plan and the program have it: the ends of its channels, its chain of operators,
// its outboxes, its source, and with checkpoints its state, its sinks and its snapshots, all where
// the restore plan says that they start.
//
// Owner: JobExecution, for as long as it builds the task. Thread: the one that builds the attempt,
// while no slot steps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exec/execution_options.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/slot.h"
#include "runtime/exec/task.h"

namespace tributary {

class TaskBuilding {
 public:
  // What the tasks of an attempt share.
  struct Attempt {
    const JobProgram& program;
    const graph::ExecutionPlan& plan;
    const ExecutionOptions& options;
    TaskListener& listener;
    std::function<Channel*(graph::ExchangeId, std::uint32_t from, std::uint32_t to)> channel;
    std::map<std::uint32_t, std::shared_ptr<SinkConnector>> connectors;  // by vertex, as needed
  };
  // `metrics` is the task's and lives as long as the attempt.
  TaskBuilding(Attempt& attempt, const graph::Stage& stage, std::uint32_t task, Slot& slot,
               TaskMetrics& metrics);

  std::unique_ptr<Task> build();

 private:
  // In this order; each uses what the ones before it made.
  void add_inputs();
  void add_gates();
  void add_services();
  void add_nodes();
  void add_chained_edges();
  void add_outboxes();
  void add_chain();
  void add_source();
  void add_snapshots();

  std::unique_ptr<StagedSink> make_sink(graph::VertexId vertex) const;
  std::function<std::string()> blob_prefix() const;
  // Null at a first start.
  const RestorePlan* restored() const;
  // What the vertex's task had told when the snapshot was taken; defaults at a first start.
  OperatorTime time_of(graph::VertexId vertex, std::uint32_t task) const;
  bool was_finished(graph::StageId stage, std::uint32_t task) const;
  std::size_t memory() const;
  const graph::Vertex& about(graph::VertexId vertex) const {
    return attempt_.program.graph.vertices(static_cast<int>(vertex.value));
  }

  Attempt& attempt_;
  const graph::Stage& stage_;
  const std::uint32_t task_;
  Slot& slot_;
  TaskMetrics& metrics_;
  Task::Parts parts_;
  std::vector<graph::ExchangeId> input_exchanges_;  // by input
  std::vector<ChainNodeSpec> nodes_;                // in the order of the stage's vertices
  std::map<std::uint32_t, std::uint32_t> node_of_;  // by vertex
  std::vector<Outbox*> outboxes_;
  // The checkpoint that snapshots and blobs of the task refer to, shared with what it is made of.
  std::shared_ptr<CheckpointId> newest_ = std::make_shared<CheckpointId>();
};

}  // namespace tributary
