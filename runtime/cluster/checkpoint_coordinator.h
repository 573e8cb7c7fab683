// runtime/cluster/checkpoint_coordinator.h
// Decides everything about the checkpoints of one job: when one begins, when it is complete, which
// may be used, which go. A state machine without I/O: step(event, now) -> actions.
//
// Invariants: one checkpoint pends at a time; ids are never used twice; what depends on a persisted
// fact is ordered only in answer to RecordPersisted, and PersistRecord is the last action of its
// step (rules 29, 65). Rules 1, 3, 4, 9, 10, 15, 20, 28, 29, 37, 43, 64.
//
// Wiring. It shares the job's record with JobMaster: the driver writes both parts in one
// compare-and-set, with the leader's term, and answers both. A new leader first writes the record
// with its own term, then makes the coordinator from the part that it found, then steps Started.
// Before tasks are made: RestoreWanted -> RestoreFrom, read that manifest and its blobs,
// AttemptStarted once all tasks run; if reading fails: CheckpointDamaged, and RestoreFrom comes
// again or JobUnrecoverable. next_tick() says when step(Tick) is due. Blocking actions
// (WriteManifest, DeleteCheckpoint, SweepOrphans, WriteSavepoint) go to the I/O pool, their answers
// come back as events. A job ends in FINISHED or STOPPED at StopDone, not before.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/cluster/checkpoint_events.h"
#include "runtime/cluster/pending_checkpoint.h"

namespace tributary {

// Each switch removes one guard. For tests that show that the guard is needed; production has none.
struct CheckpointHazards {
  bool notify_before_commit = false;
  bool reuse_ids = false;
  bool count_other_checkpoints = false;
  bool delete_before_condemning = false;
  bool forget_pins = false;
  bool keep_quiet_after_election = false;
  bool restore_while_committing = false;
  bool fall_back_beyond_marks = false;
  bool stop_before_published = false;
  bool complete_without_finished = false;
  bool write_after_refusal = false;
  bool sweep_running_attempt = false;
};

class CheckpointCoordinator {
 public:
  struct Settings {
    std::string uid;           // 16 bytes
    std::string graph_digest;  // 16 bytes
    std::string graph;         // the serialized JobGraph
    std::uint32_t key_groups = 1024;
    std::string engine_version;
    std::uint64_t term = 1;
    Duration interval = seconds(10);
    Duration time_out{};  // zero: max(60 s, 6 intervals)
    std::uint32_t retained = 2;
    // A sink holds its output until checkpoints complete.
    bool stages_output = true;
    Duration savepoint_publish_wait = seconds(60);
    Duration sweep_interval = seconds(24 * 3600);
    CheckpointHazards hazards{};
  };
  struct Health {
    CheckpointId completed;  // the newest
    CheckpointId pending;
    std::uint64_t failures = 0;  // since the last one that went well
    std::optional<Error> last_failure;
    // Checkpoints fail or do not come, or what is complete is not published (rule 20).
    std::optional<Timestamp> output_held_since;
  };

  // `found` as the record holds it; for a new job the result of decide_start() (job_start.h).
  CheckpointCoordinator(Settings settings, cluster::CheckpointRecord found);

  std::vector<CheckpointAction> step(const CheckpointEvent& event, Timestamp now);
  // When step(Tick) is due; max() if never.
  Timestamp next_tick() const;
  Health health(Timestamp now) const;
  const cluster::CheckpointRecord& record() const { return record_; }

 private:
  using Actions = std::vector<CheckpointAction>;
  struct Savepoint {
    checkpoint_event::SavepointRequested request;
    std::uint64_t from_id = 0;                // which checkpoint will do: this one or a later one
    bool of_last = false;                     // only the one that a stop ends with
    cluster::CompletedCheckpoint checkpoint;  // id 0: waits for one
    Timestamp publish_until{};
    bool writing = false;
  };
  struct Attempt {
    std::uint32_t number = 0;
    std::vector<TaskId> tasks;
    ManifestFrame frame;
    bool input_ended = false;
    // What an answer "unchanged" refers to.
    CheckpointId base;
    PendingCheckpoint::Snapshots snapshots;
    std::string frame_bytes;
  };

  void on(const checkpoint_event::Started&, Timestamp, Actions&);
  void on(const checkpoint_event::Tick&, Timestamp, Actions&);
  void on(const checkpoint_event::RecordPersisted&, Timestamp, Actions&);
  void on(const checkpoint_event::PersistFailed&, Timestamp, Actions&);
  void on(const checkpoint_event::AttemptStarted&, Timestamp, Actions&);
  void on(const checkpoint_event::FrameChanged&, Timestamp, Actions&);
  void on(const checkpoint_event::AttemptEnded&, Timestamp, Actions&);
  void on(const checkpoint_event::TaskAcked&, Timestamp, Actions&);
  void on(const checkpoint_event::TaskDeclined&, Timestamp, Actions&);
  void on(const checkpoint_event::ManifestWritten&, Timestamp, Actions&);
  void on(const checkpoint_event::ManifestFailed&, Timestamp, Actions&);
  void on(const checkpoint_event::CheckpointWanted&, Timestamp, Actions&);
  void on(const checkpoint_event::Published&, Timestamp, Actions&);
  void on(const checkpoint_event::CheckpointDeleted&, Timestamp, Actions&);
  void on(const checkpoint_event::DeletionFailed&, Timestamp, Actions&);
  void on(const checkpoint_event::SavepointRequested&, Timestamp, Actions&);
  void on(const checkpoint_event::SavepointWritten&, Timestamp, Actions&);
  void on(const checkpoint_event::SavepointFailed&, Timestamp, Actions&);
  void on(const checkpoint_event::StopRequested&, Timestamp, Actions&);
  void on(const checkpoint_event::AllTasksFinished&, Timestamp, Actions&);
  void on(const checkpoint_event::RestoreWanted&, Timestamp, Actions&);
  void on(const checkpoint_event::CheckpointDamaged&, Timestamp, Actions&);
  void on(const checkpoint_event::MarksRead&, Timestamp, Actions&);

  // ---- checkpoint_coordinator.cc: one checkpoint ----
  void write_if_changed(Actions&);
  void trigger_if_due(Timestamp now, Actions&);
  void collected(Timestamp now, Actions&);
  checkpoint::Manifest manifest_of_pending(Timestamp now) const;
  void completed(Timestamp now, Actions&);
  void went_well(Timestamp now, Actions&);  // complete, or nothing had changed
  void abort(Error error, Timestamp now, Actions&);
  void notify_completed(Timestamp now, Actions&);
  bool expects(const TaskId& task, CheckpointId id) const;
  std::string frame_bytes() const;
  Duration time_out() const;
  // ---- checkpoint_requests.cc: savepoints, stops ----
  void requests_after_success(const PendingCheckpoint::Plan& plan, Timestamp now, Actions&);
  void requests_after_failure(const PendingCheckpoint::Plan& plan, const Error& error, Actions&);
  void advance_savepoint(Timestamp now, Actions&);
  void advance_stop(Actions&);
  void end_savepoint(std::optional<Error> error, Actions&);
  // ---- checkpoint_retention.cc: which stay, which go, which may be used ----
  void condemn(CheckpointId id, Actions&);
  void condemn_old(Actions&);
  void order_deletions(Timestamp now, Actions&);
  void sweep_if_due(Timestamp now, Actions&);
  bool pinned(CheckpointId id) const;
  std::vector<cluster::CompletedCheckpoint> kept() const;
  void answer_restore(Actions&);

  // The newest that is complete for certain.
  CheckpointId newest() const;
  const cluster::CompletedCheckpoint* find(CheckpointId id) const;
  bool is_out(CheckpointId id) const;

  const Settings settings_;
  cluster::CheckpointRecord record_;     // as it shall be
  cluster::CheckpointRecord written_;    // the write under way
  cluster::CheckpointRecord committed_;  // as it is: what may be acted on
  bool changed_ = false;                 // record_ since the last write began
  bool write_under_way_ = false;
  bool deposed_ = false;

  std::optional<Attempt> attempt_;
  std::uint64_t next_id_ = 1;
  std::optional<PendingCheckpoint> pending_;
  std::string pending_frame_;  // frame_bytes() when its manifest was made
  bool wanted_ = false;        // a checkpoint as soon as can be
  Timestamp next_trigger_ = Timestamp::max();
  Timestamp next_notice_ = Timestamp::max();
  std::uint64_t published_ = 0;
  std::map<std::uint64_t, Timestamp> held_;  // complete and not out: id -> when it was complete

  std::uint64_t failures_ = 0;
  std::optional<Error> last_failure_;
  Timestamp last_went_well_{};

  std::optional<Savepoint> savepoint_;
  bool stop_told_ = false;

  std::set<std::uint64_t> deleting_;  // ordered and not answered
  Timestamp next_deletion_ = Timestamp::max();
  bool restore_wanted_ = false;
  std::optional<checkpoint_event::CheckpointDamaged> damaged_;
};

}  // namespace tributary
