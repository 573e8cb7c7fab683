// runtime/cluster/local_job.h
// A whole cluster for one job inside this process: the JobMaster's actions are carried out on a
// JobExecution, and what happens there is fed back. `tributary run` and JobTest both run jobs
// through it.
//
// Thread: step() by the executor (it is one more runnable beside the slots); on_report(),
// request_stop() and cancel() from any thread; outcome() after over(). Sinks are closed only once
// the executor has joined.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "checkpoint/metadata_store.h"
#include "runtime/cluster/job_master.h"
#include "runtime/exec/job_execution.h"

namespace tributary {

class LocalJob final : public Runnable, public TaskListener {
 public:
  struct Options {
    ExecutionOptions execution;
    MetadataStore* metadata = nullptr;
    std::string metadata_key;  // of the job's record
    std::string uid;           // 16 random bytes
  };
  // `program` and `plan` must outlive it.
  LocalJob(const JobProgram& program, const graph::ExecutionPlan& plan, Options options);
  ~LocalJob() override;

  // Spawns the slots and this control loop, and submits the job.
  void start(Executor& executor);

  void request_stop();
  void cancel();
  bool over() const { return over_.load(std::memory_order_acquire); }

  struct Outcome {
    cluster::JobPhase phase = cluster::JOB_PHASE_UNSPECIFIED;
    std::optional<Error> error;
  };
  // Once over().
  const Outcome& outcome() const { return outcome_; }
  cluster::JobPhase phase() const { return phase_.load(std::memory_order_relaxed); }

  JobExecution& execution() { return *execution_; }

  // Runnable
  StepResult step() override;
  // TaskListener
  void on_report(TaskReport report) override;

 private:
  void post(JobEvent event);
  void handle(const JobEvent& event);
  void perform(const JobAction& action);
  void list(graph::VertexId source);
  bool run_listings(Timestamp now, std::int64_t& deadline);

  const JobProgram& program_;
  const graph::ExecutionPlan& plan_;
  const Options options_;
  std::unique_ptr<JobExecution> execution_;
  JobMaster master_;
  std::vector<std::unique_ptr<SplitLister>> listers_;  // by vertex
  std::vector<ListSplits> listings_;                   // ordered, not yet made
  MetadataVersion metadata_version_ = kNoRecord;
  std::atomic<Waker*> waker_{nullptr};  // null before start()

  std::mutex mutex_;
  std::vector<JobEvent> arrived_;  // guarded by mutex_
  std::atomic<bool> has_arrived_{false};
  std::atomic<bool> over_{false};
  std::atomic<cluster::JobPhase> phase_{cluster::JOB_PHASE_UNSPECIFIED};
  Outcome outcome_;
};

}  // namespace tributary
