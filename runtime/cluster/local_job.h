// runtime/cluster/local_job.h
// A whole cluster for one job inside this process: the JobMaster's actions are carried out on a
// JobExecution, and what happens there is fed back; beside it the checkpoints' driver, with which
// it shares the job's record. `tributary run` and JobTest both run jobs through it.
//
// Thread: step() by the executor (it is one more runnable beside the slots); listeners' calls and
// requests from any thread; outcome() after over(). Sinks are closed only once the executor has
// joined.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "checkpoint/metadata_store.h"
#include "runtime/cluster/checkpoint_driver.h"
#include "runtime/cluster/job_master.h"
#include "runtime/cluster/job_opening.h"
#include "runtime/cluster/record_writer.h"
#include "runtime/exec/job_execution.h"

namespace tributary {

class LocalJob final : public Runnable, public TaskListener {
 public:
  struct Options {
    ExecutionOptions execution;
    // A job with checkpoints; its record goes on.
    std::shared_ptr<OpenedJob> opened;
    // One without, whose record begins here.
    MetadataStore* metadata = nullptr;
    std::string uid;  // 16 random bytes
  };
  // `program` and `plan` must outlive it.
  LocalJob(const JobProgram& program, const graph::ExecutionPlan& plan, Options options);
  ~LocalJob() override;

  // Spawns the slots and this control loop, and submits the job.
  void start(Executor& executor);

  void request_stop(bool drain = false, std::string savepoint = {});
  void cancel();
  // A copy of the next checkpoint in a folder of its own; the answer is in savepoints().
  void request_savepoint(std::string path);
  // A checkpoint as soon as can be.
  void request_checkpoint();
  bool over() const { return over_.load(std::memory_order_acquire); }

  struct Outcome {
    cluster::JobPhase phase = cluster::JOB_PHASE_UNSPECIFIED;
    std::optional<Error> error;
  };
  // Once over().
  const Outcome& outcome() const { return outcome_; }
  cluster::JobPhase phase() const { return phase_.load(std::memory_order_relaxed); }

  JobExecution& execution() { return *execution_; }

  // Any thread.
  CheckpointProgress checkpoints() const;
  struct SavepointOutcome {
    std::string path;
    std::optional<Error> error;
  };
  // Since the last call, and refusals of stops (with an empty path).
  std::vector<SavepointOutcome> take_outcomes();

  // Runnable
  StepResult step() override;
  // TaskListener
  void on_report(TaskReport report) override;
  void on_snapshot(SnapshotReport report) override;
  void on_sink_report(SinkReport report) override;

 private:
  struct WakeUp {};  // work of the pool has ended
  struct SavepointWanted {
    std::string path;
  };
  struct CheckpointWanted {};
  struct StopWanted {
    bool drain = false;
    std::string savepoint;
  };
  using Arrival = std::variant<JobEvent, SnapshotReport, SinkReport, WakeUp, SavepointWanted,
                               CheckpointWanted, StopWanted>;
  void post(Arrival arrival);
  // What its teller does without, or tells again.
  void hear(Arrival arrival);
  void take(Arrival& arrival);
  void make_driver();
  ManifestFrame frame() const;
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
  cluster::JobRecord record_;                          // with both machines' parts
  RecordWriter writer_;
  std::optional<std::string> stop_savepoint_;
  std::uint64_t savepoint_requests_ = 0;
  std::map<std::uint64_t, std::string> savepoints_;  // under way, by request
  std::atomic<Waker*> waker_{nullptr};               // null before start()

  mutable std::mutex mutex_;
  std::vector<Arrival> arrived_;            // guarded by mutex_
  CheckpointProgress progress_;             // guarded by mutex_
  std::vector<SavepointOutcome> outcomes_;  // guarded by mutex_
  std::atomic<bool> has_arrived_{false};
  std::atomic<bool> over_{false};
  std::atomic<cluster::JobPhase> phase_{cluster::JOB_PHASE_UNSPECIFIED};
  Outcome outcome_;
  std::unique_ptr<CheckpointDriver> driver_;  // last: until it is gone, the pool's work wakes this
};

}  // namespace tributary
