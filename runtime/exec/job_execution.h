// runtime/exec/job_execution.h
// One attempt of a job in this process: its slots, the tasks on them (task_building.h), the
// channels and rings between them from the plan and the program; carries the control plane's orders
// to the slots.
//
// Owner: the task process (under `run`: the local cluster). Thread: built and destroyed by one
// thread while no slot steps; orders may come from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "runtime/exec/execution_options.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/slot.h"
#include "runtime/exec/task_metrics.h"
#include "runtime/exec/task_report.h"
#include "runtime/graph/plan.h"

namespace tributary {

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
  void for_task(graph::StageId stage, std::uint32_t task, const std::function<void(Task&)>& order);
  void for_all_tasks(const std::function<void(Task&)>& order);
  void for_tasks(graph::StageId stage, const std::function<void(Task&)>& order);
  void post_all(const std::function<void(Slot&)>& order);
  void say_all(const std::function<void(Task&)>& word);
  void say(const std::function<void()>& deliver);
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
  std::deque<TaskMetrics> metrics_;
  std::size_t credit_bytes_ = 0;
};

}  // namespace tributary
