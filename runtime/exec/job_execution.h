// runtime/exec/job_execution.h
// One attempt of a job in this process: builds slots, tasks, channels and rings from the plan and
// the program, and carries the control plane's orders to the slots.
//
// Owner: the task process (under `run`: the local cluster). Thread: built and destroyed by one
// thread while no slot steps; orders may come from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/exec/slot.h"
#include "runtime/exec/snapshot_services.h"
#include "runtime/exec/task_metrics.h"
#include "runtime/exec/task_report.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct ExecutionOptions {
  std::uint32_t attempt = 1;
  Duration slice = milliseconds(1);
  Duration linger = milliseconds(5);
  // Credit: each input edge of a task has a pool, shared equally by its channels, none below the
  // floor.
  std::size_t credit_pool_bytes = 1024 * 1024;
  std::size_t credit_floor_bytes = graph::kChannelFloorBytes;
  std::uint32_t credit_batches = 64;
  std::size_t outbox_soft_limit_bytes = 64 * 1024;
  std::size_t batch_bytes = 32 * 1024;
  const Clock* clock = nullptr;
  // Null: a job without checkpoints; its state is in memory alone.
  const SnapshotServices* services = nullptr;
  // With services: where the tasks start. Outlives the execution's opening.
  const RestorePlan* restore = nullptr;
};

class JobExecution {
 public:
  // `program` and `plan` must outlive it. `listener` hears of every task, from slot threads.
  JobExecution(const JobProgram& program, const graph::ExecutionPlan& plan,
               ExecutionOptions options, TaskListener& listener);
  ~JobExecution();

  // Hands the slots to the executor. Once.
  void start(Executor& executor);

  // ---- orders ----
  void open_tasks();
  void run_tasks();
  void add_splits(graph::VertexId source, std::uint32_t task, std::vector<Split> splits);
  // What the task may use of the source's rate limit; 1 until it is told.
  void set_share_of_rate(graph::VertexId source, std::uint32_t task, double share);
  void no_more_splits(graph::VertexId source);
  void open_gate(graph::GateId gate);
  void stop_sources();
  void order_checkpoint(const CheckpointOrder& order);
  void abort_checkpoint(CheckpointId id);
  // It is complete: it stands in the job's record.
  void checkpoint_completed(CheckpointId id);
  void order_sink(graph::VertexId sink, std::uint32_t task, OwnershipRound round,
                  const OwnerOrder& order);
  // Ends every task at once.
  void cancel();
  // Lets the slots finish: all tasks are over.
  void leave();

  const std::deque<TaskMetrics>& metrics() const { return metrics_; }
  // The sum of all channels' credit: what may be in flight between tasks.
  std::size_t credit_bytes() const { return credit_bytes_; }
  std::vector<TaskId> task_ids() const;
  std::uint32_t task_count() const { return static_cast<std::uint32_t>(metrics_.size()); }

 private:
  void build_channels();
  void build_task(const graph::Stage& stage, std::uint32_t task);
  void add_services(const graph::Stage& stage, Task::Parts& parts, Slot& slot,
                    const std::shared_ptr<CheckpointId>& newest);
  std::unique_ptr<StagedSink> make_sink(graph::VertexId vertex, const Task::Parts& parts,
                                        const std::shared_ptr<const CheckpointId>& newest);
  std::function<std::string()> blob_prefix_of(std::shared_ptr<const CheckpointId> newest) const;
  // What the vertex's task had told when the snapshot was taken; defaults at a first start.
  OperatorTime time_of(graph::VertexId vertex, std::uint32_t task) const;
  bool was_finished(graph::StageId stage, std::uint32_t task) const;
  std::size_t memory_of_task(const graph::Stage& stage) const;
  std::vector<TaskGate> gates_of(const graph::Stage& stage,
                                 const std::vector<graph::ExchangeId>& input_exchanges) const;
  void for_task(graph::StageId stage, std::uint32_t task, const std::function<void(Task&)>& order);
  void for_tasks(graph::StageId stage, const std::function<void(Task&)>& order);
  void post_all(const std::function<void(Slot&)>& order);
  void say_all(const std::function<void(Task&)>& word);
  Channel* channel(graph::ExchangeId exchange, std::uint32_t from, std::uint32_t to);

  const JobProgram& program_;
  const graph::ExecutionPlan& plan_;
  const ExecutionOptions options_;
  TaskListener& listener_;
  // Batches return to their slot's pool when dropped, so slots outlive channels and links;
  // ~JobExecution clears the tasks first.
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::unique_ptr<SlotLink>> links_;
  std::vector<std::vector<std::unique_ptr<Channel>>>
      channels_;  // by exchange, from * to_parallelism + to
  std::map<std::uint32_t, std::shared_ptr<SinkConnector>> connectors_;  // by vertex
  std::deque<TaskMetrics> metrics_;
  std::size_t credit_bytes_ = 0;
};

}  // namespace tributary
