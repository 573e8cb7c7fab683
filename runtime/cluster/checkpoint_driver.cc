#include "runtime/cluster/checkpoint_driver.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "checkpoint/manifest/blob_deletion.h"
#include "checkpoint/manifest/checkpoint_copy.h"

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {
constexpr std::int64_t kSinkTickNanos = 1'000'000'000;

Result<std::vector<checkpoint::Manifest>> read_all(
    ManifestStore& manifests, const std::vector<cluster::CompletedCheckpoint>& checkpoints) {
  std::vector<checkpoint::Manifest> read;
  read.reserve(checkpoints.size());
  for (const cluster::CompletedCheckpoint& one : checkpoints)
    read.push_back(TRY(manifests.read(one.manifest())));
  return read;
}

// What a damaged manifest named are orphans, which a sweep finds.
Status delete_checkpoint(ManifestStore& manifests, BlobStore& blobs,
                         const act::DeleteCheckpoint& order) {
  const auto condemned = manifests.read(order.condemned.manifest());
  if (condemned) {
    const auto kept = TRY(read_all(manifests, order.kept));
    TRY(delete_condemned(blobs, *condemned, kept));
  }
  return manifests.remove(order.condemned.manifest().name());
}

Status sweep(ManifestStore& manifests, BlobStore& blobs, const std::string& uid,
             const act::SweepOrphans& order) {
  const auto manifests_kept = TRY(read_all(manifests, order.kept));
  TRY(sweep_orphans(blobs, uid, order.attempt, manifests_kept));
  std::vector<checkpoint::ManifestRef> kept;
  for (const cluster::CompletedCheckpoint& one : order.kept) kept.push_back(one.manifest());
  TRY(sweep_manifests(manifests, order.below.value, kept));
  return {};
}
}  // namespace

CheckpointDriver::CheckpointDriver(Parts parts)
    : parts_(std::move(parts)), io_(*parts_.io, parts_.wake) {
  const auto& completed = parts_.coordinator->record().completed();
  if (!completed.empty()) told_completed_.value = completed.rbegin()->id();
}

// ---- what comes ----

void CheckpointDriver::attempt_started(std::uint32_t attempt, std::vector<TaskId> tasks) {
  running_ = true;
  for (CheckpointAction& action : std::exchange(parts_.left_over, {})) perform(action);
  tell(happened::AttemptStarted{attempt, std::move(tasks), frame()});
}

void CheckpointDriver::attempt_ended(std::uint32_t attempt) {
  if (!std::exchange(running_, false)) return;
  tell(happened::AttemptEnded{attempt});
}

void CheckpointDriver::on_snapshot(SnapshotReport report) {
  if (report.declined) {
    tell(happened::TaskDeclined{report.task, report.id, *std::move(report.declined)});
    return;
  }
  happened::TaskAcked ack{.task = report.task, .id = report.id, .unchanged = report.unchanged};
  if (report.snapshot != nullptr) ack.snapshot = *report.snapshot;
  tell(ack);
}

void CheckpointDriver::on_sink_report(const SinkReport& report) {
  perform(parts_.sinks.on_report(report.sink, report.task.task, report.round, report.report));
  after_sinks();
}

void CheckpointDriver::savepoint(std::uint64_t request, std::string path) {
  tell(happened::SavepointRequested{request, std::move(path)});
}

void CheckpointDriver::take_last(cluster::StopMode mode,
                                 std::optional<happened::SavepointRequested> savepoint) {
  if (mode == cluster::END_OF_INPUT) return tell(happened::AllTasksFinished{});
  tell(happened::StopRequested{mode, std::move(savepoint)});
}

void CheckpointDriver::checkpoint_now() { tell(happened::CheckpointWanted{triggered_}); }

bool CheckpointDriver::step(Timestamp now, std::int64_t& deadline_nanos) {
  bool progressed = io_.poll();
  const std::int64_t nanos = parts_.clock->monotonic_nanos();
  if (!parts_.sinks.empty() && running_) {
    if (nanos >= next_sink_tick_) {
      next_sink_tick_ = nanos + kSinkTickNanos;
      perform(parts_.sinks.tick());
      after_sinks();
    }
    deadline_nanos = std::min(deadline_nanos, next_sink_tick_);
  }
  Timestamp next = parts_.coordinator->next_tick();
  if (next <= now) {
    tell(happened::Tick{});
    progressed = true;
    next = parts_.coordinator->next_tick();
  }
  if (next != Timestamp::max()) {
    const std::int64_t micros = std::min((next - now).micros, hours(24).micros);
    deadline_nanos = std::min(deadline_nanos, nanos + std::max<std::int64_t>(micros, 0) * 1000);
  }
  return progressed;
}

CheckpointProgress CheckpointDriver::progress(Timestamp now) const {
  const CheckpointCoordinator::Health health = parts_.coordinator->health(now);
  CheckpointProgress progress = progress_;
  progress.newest = health.completed;
  progress.pending = health.pending;
  progress.last_failure = health.last_failure;
  progress.output_held_since = health.output_held_since;
  for (const SinkRound::Blocked& blocked : parts_.sinks.blocked())
    progress.blocked_sinks.push_back(fmt::format(
        "{} (writer {}): {}", blocked.sink, blocked.what.number.value, blocked.what.error.what()));
  return progress;
}

ManifestFrame CheckpointDriver::frame() {
  ManifestFrame frame = parts_.frame();
  frame.sinks = parts_.sinks.records();
  frame_changed_ = false;
  return frame;
}

// ---- what to do ----

void CheckpointDriver::tell(const CheckpointEvent& event) {
  if (frame_changed_ && running_) {
    tell(happened::FrameChanged{frame()});
  }
  std::vector<CheckpointAction> actions = parts_.coordinator->step(event, parts_.clock->now());
  for (CheckpointAction& action : actions) perform(action);
}

void CheckpointDriver::perform(CheckpointAction& action) {
  std::visit([this](auto& one) { carry_out(one); }, action);
}

void CheckpointDriver::perform(const SinkRound::Actions& actions) {
  for (const SinkRound::Action& action : actions) {
    if (const auto* order = std::get_if<SinkRound::ToTask>(&action)) {
      parts_.execution->order_sink(order->vertex, order->task, order->round, order->order);
    } else if (std::holds_alternative<TriggerCheckpoint>(action)) {
      checkpoint_now();
    } else {
      parts_.job_failed(std::get<FailSink>(action).error);
    }
  }
}

// Who has published what decides about savepoints and the end of the job.
void CheckpointDriver::after_sinks() {
  frame_changed_ = true;
  const std::optional<Epoch> published = parts_.sinks.published();
  if (!published || *published <= told_published_) return;
  told_published_ = *published;
  tell(happened::Published{published->value});
}

// The answer is the next step, perhaps before this returns: it is the last action of its own (rule
// 65).
void CheckpointDriver::carry_out(act::PersistRecord& action) {
  const bool commits = action.record.completed_size() > 0 &&
                       action.record.completed().rbegin()->id() > told_completed_.value;
  if (commits) failpoint("coordinator.before_commit");
  const CheckpointId committed{commits ? action.record.completed().rbegin()->id()
                                       : told_completed_.value};
  parts_.persist(action.record, [this, committed](const Status& written) {
    if (!written) {
      tell(happened::PersistFailed{});
      return parts_.job_failed(written.error());
    }
    if (committed > told_completed_) {
      told_completed_ = committed;
      failpoint("coordinator.after_commit");
    }
    tell(happened::RecordPersisted{});
  });
}

void CheckpointDriver::carry_out(act::TriggerCheckpoint& action) {
  failpoint("coordinator.before_trigger");
  triggered_ = action.id;
  triggered_at_ = parts_.clock->now();
  parts_.execution->order_checkpoint(
      {.barrier = {.id = action.id,
                   .hold = action.stop == cluster::STOP || action.stop == cluster::DRAIN},
       .base = action.unchanged_allowed ? action.base : CheckpointId{},
       .drain = action.stop == cluster::DRAIN});
}

void CheckpointDriver::carry_out(act::AbortCheckpoint& action) {
  ++progress_.failed;
  parts_.execution->abort_checkpoint(action.id);
}

void CheckpointDriver::carry_out(act::WriteManifest& action) {
  failpoint("coordinator.all_acked");
  io_.submit(
      [this, &folder = *parts_.folder, manifest = std::move(action.manifest)]() -> TaskIo::Answer {
        const CheckpointId id{manifest.checkpoint()};
        Result<checkpoint::ManifestRef> written = folder.manifests().write(manifest);
        return [this, id, written = std::move(written)] {
          if (written) return tell(happened::ManifestWritten{id, *written});
          tell(happened::ManifestFailed{id, written.error()});
        };
      });
}

void CheckpointDriver::carry_out(act::NotifyCompleted& action) {
  if (action.id == triggered_ && triggered_at_) {
    ++progress_.completed;
    progress_.duration = parts_.clock->now() - *std::exchange(triggered_at_, std::nullopt);
  }
  failpoint("coordinator.before_notify");
  parts_.execution->checkpoint_completed(action.id);
  perform(parts_.sinks.completed({action.id.value}));
  after_sinks();
}

void CheckpointDriver::carry_out(act::DeleteCheckpoint& action) {
  io_.submit([this, &folder = *parts_.folder, order = std::move(action)]() -> TaskIo::Answer {
    const CheckpointId id{order.condemned.id()};
    const Status deleted = delete_checkpoint(folder.manifests(), folder.blobs(), order);
    return [this, id, deleted] {
      if (deleted) return tell(happened::CheckpointDeleted{id});
      tell(happened::DeletionFailed{id, deleted.error()});
    };
  });
}

void CheckpointDriver::carry_out(act::SweepOrphans& action) {
  io_.submit(
      [&folder = *parts_.folder, uid = parts_.uid, order = std::move(action)]() -> TaskIo::Answer {
        // What could not be deleted is found again in a day.
        (void)sweep(folder.manifests(), folder.blobs(), uid, order);
        return {};
      });
}

void CheckpointDriver::carry_out(act::WriteSavepoint& action) {
  io_.submit([this, &folder = *parts_.folder, order = std::move(action)]() -> TaskIo::Answer {
    const auto copy = [&]() -> Status {
      checkpoint::Manifest manifest = TRY(folder.manifests().read(order.checkpoint.manifest()));
      TRY(write_savepoint(folder.files(), folder.random(), order.path, folder.blobs(),
                          std::move(manifest), order.carries_staged));
      return {};
    };
    const Status written = copy();
    return [this, request = order.request, written] {
      if (written) return tell(happened::SavepointWritten{request});
      tell(happened::SavepointFailed{request, written.error()});
    };
  });
}

void CheckpointDriver::carry_out(act::SavepointDone& action) {
  parts_.savepoint_done(action.request, std::move(action.error));
}

void CheckpointDriver::carry_out(act::StopDone& action) {
  if (!action.error) failpoint("job.before_last_word");
  parts_.stop_done(std::move(action.error));
}

// A run of a job restores once, before it (job_opening.h).
void CheckpointDriver::carry_out(act::RestoreFrom&) {
  TRIBUTARY_CHECK(false, "a running job is told to restore");
}
void CheckpointDriver::carry_out(act::ReadMarks&) {
  TRIBUTARY_CHECK(false, "a running job is told to read marks");
}
void CheckpointDriver::carry_out(act::JobUnrecoverable& action) { parts_.job_failed(action.error); }

}  // namespace tributary
