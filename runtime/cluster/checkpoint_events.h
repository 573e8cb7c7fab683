// runtime/cluster/checkpoint_events.h
// What the checkpoint coordinator hears and what it orders. Plain data.
//
// Whoever drives it (the coordinator of a cluster, LocalJob) turns acts of the world into events
// and carries actions out in order; checkpoint_coordinator.h says how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/timestamp.h"
#include "checkpoint/checkpoint_id.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/cluster/job_record.pb.h"
#include "runtime/exec/task_report.h"

namespace tributary {

// What the tasks' snapshots do not say. Given whole whenever it changes.
struct ManifestFrame {
  std::uint64_t routing_version = 1;
  std::vector<checkpoint::StageRouting> routing;
  std::vector<checkpoint::SplitTable> sources;
  std::vector<checkpoint::GateSnapshot> gates;
  std::vector<checkpoint::SinkRecord> sinks;
};

// How far the output of one writer number is out, as its mark says, read after fencing (rule 2).
struct PublishedMark {
  std::string sink;
  std::uint32_t number = 0;
  std::uint64_t epoch = 0;
};

// ---- what happened ----
namespace checkpoint_event {
// First of all, once.
struct Started {};
struct Tick {};
struct RecordPersisted {};
// Refused or unknown: another leader may have written. Nothing is ordered any more; the driver
// reads the record again and makes a new coordinator, or gives up the job.
struct PersistFailed {};
// All tasks run, from what RestoreFrom said; `tasks` are all of them.
struct AttemptStarted {
  std::uint32_t attempt = 0;
  std::vector<TaskId> tasks;
  ManifestFrame frame;
};
struct FrameChanged {
  ManifestFrame frame;
};
// It failed or was ended; its words count no more.
struct AttemptEnded {
  std::uint32_t attempt = 0;
};
// A task has stored what it was at the barrier, durably. Finished tasks answer too (rule 15).
struct TaskAcked {
  TaskId task;
  CheckpointId id;
  // As its snapshot in the base, where the trigger allowed this answer; `snapshot` is not used.
  bool unchanged = false;
  checkpoint::TaskSnapshot snapshot;
};
struct TaskDeclined {
  TaskId task;
  CheckpointId id;
  Error error;
};
struct ManifestWritten {
  CheckpointId id;
  checkpoint::ManifestRef manifest;
};
struct ManifestFailed {
  CheckpointId id;
  Error error;
};
// A writer's staged output since barrier `seen` has reached its soft cap (rule 9).
struct CheckpointWanted {
  CheckpointId seen;
};
// Every writer number of every sink has published all epochs up to this one, what it inherited too.
struct Published {
  std::uint64_t epoch = 0;
};
struct CheckpointDeleted {
  CheckpointId id;
};
struct DeletionFailed {
  CheckpointId id;
  Error error;
};
struct SavepointRequested {
  std::uint64_t request = 0;  // the asker's number for the answer
  std::string path;
};
struct SavepointWritten {
  std::uint64_t request = 0;
};
struct SavepointFailed {
  std::uint64_t request = 0;
  Error error;
};
struct StopRequested {
  cluster::StopMode mode = cluster::STOP;  // STOP or DRAIN
  // Also a savepoint of the last checkpoint.
  std::optional<SavepointRequested> savepoint;
};
// No task has anything more to read or emit: the last checkpoint follows. Said again after an
// AttemptStarted for which it holds already (an adopted attempt).
struct AllTasksFinished {};
// The job is about to be (re)started: which checkpoint from?
struct RestoreWanted {};
// A manifest or blob of it cannot be read.
struct CheckpointDamaged {
  CheckpointId id;
  Error error;
};
// All writers of all sinks are fenced and these are their marks of this job's current lineage.
struct MarksRead {
  std::vector<PublishedMark> marks;
};
}  // namespace checkpoint_event

using CheckpointEvent =
    std::variant<checkpoint_event::Started, checkpoint_event::Tick,
                 checkpoint_event::RecordPersisted, checkpoint_event::PersistFailed,
                 checkpoint_event::AttemptStarted, checkpoint_event::FrameChanged,
                 checkpoint_event::AttemptEnded, checkpoint_event::TaskAcked,
                 checkpoint_event::TaskDeclined, checkpoint_event::ManifestWritten,
                 checkpoint_event::ManifestFailed, checkpoint_event::CheckpointWanted,
                 checkpoint_event::Published, checkpoint_event::CheckpointDeleted,
                 checkpoint_event::DeletionFailed, checkpoint_event::SavepointRequested,
                 checkpoint_event::SavepointWritten, checkpoint_event::SavepointFailed,
                 checkpoint_event::StopRequested, checkpoint_event::AllTasksFinished,
                 checkpoint_event::RestoreWanted, checkpoint_event::CheckpointDamaged,
                 checkpoint_event::MarksRead>;

// ---- what to do ----
namespace checkpoint_action {
// The last action of its step.
struct PersistRecord {
  cluster::CheckpointRecord record;
};
// To every task of the attempt (BarrierAligner::on_trigger): those without open inputs begin.
struct TriggerCheckpoint {
  std::uint32_t attempt = 0;
  CheckpointId id;
  CheckpointId base;  // whose blobs the tasks may name besides new ones (rule 28); 0: none
  // STOP: no record after the barrier until completed or aborted. DRAIN: event time to its end,
  // then the same. END_OF_INPUT: as a usual one.
  cluster::StopMode stop = cluster::GO_ON;
  // Tasks may answer "unchanged": the coordinator has what they said for `base`.
  bool unchanged_allowed = false;
};
// To every task; after a STOP barrier they go on. What is stored of it stays in their chains
// (rule 26).
struct AbortCheckpoint {
  std::uint32_t attempt = 0;
  CheckpointId id;
};
// ManifestStore::write(); answer ManifestWritten or ManifestFailed.
struct WriteManifest {
  checkpoint::Manifest manifest;
};
// To every task: publish all staged epochs <= id that are not out (rule 10).
struct NotifyCompleted {
  std::uint32_t attempt = 0;
  CheckpointId id;
};
// delete_condemned() with the manifests of `kept`, then ManifestStore::remove(); answer
// CheckpointDeleted or DeletionFailed.
struct DeleteCheckpoint {
  cluster::CompletedCheckpoint condemned;
  std::vector<cluster::CompletedCheckpoint> kept;
};
// sweep_orphans() and sweep_manifests() with the manifests of `kept`. No answer: it comes again in
// a day.
struct SweepOrphans {
  std::uint32_t attempt = 0;  // the running one
  CheckpointId below;         // the oldest that is retained: manifests
  std::vector<cluster::CompletedCheckpoint> kept;
};
// Copy the checkpoint into `path`; its manifest becomes one of kind SAVEPOINT. Answer
// SavepointWritten or SavepointFailed.
struct WriteSavepoint {
  std::uint64_t request = 0;
  std::string path;
  cluster::CompletedCheckpoint checkpoint;
  bool carries_staged = false;
};
struct SavepointDone {
  std::uint64_t request = 0;
  std::optional<Error> error;
};
// Without an error: the last checkpoint is complete and published, tasks may go. With one: the job
// goes on as if nobody had asked.
struct StopDone {
  cluster::StopMode mode = cluster::STOP;
  std::optional<Error> error;
};
// Answer to RestoreWanted; none: from nothing.
struct RestoreFrom {
  std::optional<cluster::CompletedCheckpoint> checkpoint;
  // It is the one that a stop ended with: the tasks publish what it holds and read nothing.
  bool only_publish = false;
};
// Fence all writer numbers of all sinks, read their marks, answer MarksRead.
struct ReadMarks {};
// No checkpoint may be used: the job is FAILED and nothing is touched.
struct JobUnrecoverable {
  Error error;
};
}  // namespace checkpoint_action

using CheckpointAction =
    std::variant<checkpoint_action::PersistRecord, checkpoint_action::TriggerCheckpoint,
                 checkpoint_action::AbortCheckpoint, checkpoint_action::WriteManifest,
                 checkpoint_action::NotifyCompleted, checkpoint_action::DeleteCheckpoint,
                 checkpoint_action::SweepOrphans, checkpoint_action::WriteSavepoint,
                 checkpoint_action::SavepointDone, checkpoint_action::StopDone,
                 checkpoint_action::RestoreFrom, checkpoint_action::ReadMarks,
                 checkpoint_action::JobUnrecoverable>;

}  // namespace tributary
