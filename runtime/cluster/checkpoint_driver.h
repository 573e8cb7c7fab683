// runtime/cluster/checkpoint_driver.h
// Carries out, in one process, what the checkpoint coordinator and the sinks' coordinators decide:
// orders to tasks, manifests and deletions on the I/O pool, the record through its owner.
//
// Owner: LocalJob. Thread: the control plane's. Invariant: nothing is told of checkpoint n before
// the compare-and-set that names it has returned (rules 10, 29).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cluster/checkpoint_coordinator.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/record_writer.h"
#include "runtime/cluster/sink_round.h"
#include "runtime/exec/job_execution.h"

namespace tributary {

// What people see of a job's checkpoints.
struct CheckpointProgress {
  std::uint64_t completed = 0;  // in this run
  CheckpointId newest;
  CheckpointId pending;  // under way; 0: none
  Duration duration{};   // of the newest, from its trigger to its commit
  std::uint64_t failed = 0;
  std::optional<Error> last_failure;  // until one goes well
  std::optional<Timestamp> output_held_since;
  std::vector<std::string> blocked_sinks;
};

class CheckpointDriver {
 public:
  struct Parts {
    std::unique_ptr<CheckpointCoordinator> coordinator;
    std::vector<CheckpointAction> left_over;  // ordered while the job was opened
    JobFolder* folder = nullptr;
    IoPool* io = nullptr;
    std::function<void()> wake;
    const Clock* clock = nullptr;
    JobExecution* execution = nullptr;
    std::string uid;
    SinkRound sinks;
    // Writes the record with this part in it and says so, perhaps at once; an error: it was
    // refused, another leader is there.
    std::function<void(const cluster::CheckpointRecord&, RecordWriter::Done)> persist;
    // What is on record beside the tasks' snapshots; `sinks` of it is filled in here.
    std::function<ManifestFrame()> frame;
    std::function<void(std::optional<Error>)> stop_done;
    std::function<void(const Error&)> job_failed;
    std::function<void(std::uint64_t request, std::optional<Error>)> savepoint_done;
  };
  explicit CheckpointDriver(Parts parts);

  void attempt_started(std::uint32_t attempt, std::vector<TaskId> tasks);
  void attempt_ended(std::uint32_t attempt);
  void frame_changed() { frame_changed_ = true; }
  void on_snapshot(SnapshotReport report);
  void on_sink_report(const SinkReport& report);
  void savepoint(std::uint64_t request, std::string path);
  // END_OF_INPUT: all tasks have finished.
  void take_last(cluster::StopMode mode, std::optional<checkpoint_event::SavepointRequested>);
  void checkpoint_now();

  // What is due at `now`, and what blocking work answered. True if anything was done; lowers
  // `deadline_nanos` to when it wants to be called again.
  bool step(Timestamp now, std::int64_t& deadline_nanos);
  CheckpointProgress progress(Timestamp now) const;

 private:
  ManifestFrame frame();
  void tell(const CheckpointEvent& event);
  void perform(CheckpointAction& action);
  void perform(const SinkRound::Actions& actions);
  void after_sinks();

  void carry_out(checkpoint_action::PersistRecord& action);
  void carry_out(checkpoint_action::TriggerCheckpoint& action);
  void carry_out(checkpoint_action::AbortCheckpoint& action);
  void carry_out(checkpoint_action::WriteManifest& action);
  void carry_out(checkpoint_action::NotifyCompleted& action);
  void carry_out(checkpoint_action::DeleteCheckpoint& action);
  void carry_out(checkpoint_action::SweepOrphans& action);
  void carry_out(checkpoint_action::WriteSavepoint& action);
  void carry_out(checkpoint_action::SavepointDone& action);
  void carry_out(checkpoint_action::StopDone& action);
  void carry_out(checkpoint_action::RestoreFrom& action);
  void carry_out(checkpoint_action::ReadMarks& action);
  void carry_out(checkpoint_action::JobUnrecoverable& action);

  Parts parts_;
  TaskIo io_;
  bool frame_changed_ = true;
  bool running_ = false;
  Epoch told_published_;
  CheckpointId told_completed_;  // the newest that the record names
  std::int64_t next_sink_tick_ = 0;
  std::optional<Timestamp> triggered_at_;
  CheckpointId triggered_;
  CheckpointProgress progress_;
};

}  // namespace tributary
