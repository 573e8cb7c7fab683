#include "runtime/cluster/checkpoint_coordinator.h"

#include <algorithm>
#include <utility>

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {
// How many ids one write reserves: an idle job writes its record once in so many intervals.
constexpr std::uint64_t kIdsReserved = 64;
}  // namespace

CheckpointCoordinator::CheckpointCoordinator(Settings settings, cluster::CheckpointRecord found)
    : settings_(std::move(settings)), record_(std::move(found)), committed_(record_) {
  TRIBUTARY_CHECK(settings_.retained >= 1 && settings_.interval > Duration{});
  // Whoever wrote the record may have given any id below (rules 3, 68).
  next_id_ = std::max<std::uint64_t>(1, record_.ids_below());
  if (const cluster::CompletedCheckpoint* last = find(newest()))
    held_.emplace(last->id(), Timestamp{last->completed_micros()});
  if (settings_.hazards.reuse_ids) next_id_ = newest().value + 1;
}

std::vector<CheckpointAction> CheckpointCoordinator::step(const CheckpointEvent& event,
                                                          Timestamp now) {
  Actions actions;
  if (deposed_) return actions;
  std::visit([&](const auto& one) { on(one, now, actions); }, event);
  if (deposed_) return actions;
  trigger_if_due(now, actions);
  write_if_changed(actions);
  return actions;
}

// ---- the record ----

void CheckpointCoordinator::write_if_changed(Actions& actions) {
  if (!changed_ || write_under_way_) return;
  changed_ = false;
  write_under_way_ = true;
  written_ = record_;
  actions.emplace_back(act::PersistRecord{written_});
}

void CheckpointCoordinator::on(const happened::RecordPersisted&, Timestamp now, Actions& actions) {
  if (!std::exchange(write_under_way_, false)) return;
  committed_ = written_;
  if (pending_ && pending_->phase() == PendingCheckpoint::Phase::kCommitting &&
      find(pending_->plan().id) != nullptr)
    completed(now, actions);
  order_deletions(now, actions);
  advance_stop(actions);
  answer_restore(actions);
}

void CheckpointCoordinator::on(const happened::PersistFailed&, Timestamp now, Actions& actions) {
  if (settings_.hazards.write_after_refusal) return on(happened::RecordPersisted{}, now, actions);
  deposed_ = true;
}

CheckpointId CheckpointCoordinator::newest() const {
  const auto& completed = committed_.completed();
  return completed.empty() ? CheckpointId{} : CheckpointId{completed[completed.size() - 1].id()};
}

const cluster::CompletedCheckpoint* CheckpointCoordinator::find(CheckpointId id) const {
  const auto found =
      std::ranges::find(committed_.completed(), id.value, &cluster::CompletedCheckpoint::id);
  return found == committed_.completed().end() ? nullptr : &*found;
}

// ---- the attempt ----

void CheckpointCoordinator::on(const happened::AttemptStarted& started, Timestamp now,
                               Actions& actions) {
  attempt_ = Attempt{.number = started.attempt, .tasks = started.tasks, .frame = started.frame};
  // The answer to an attempt that is gone is of no use; a write under way is settled first.
  if (pending_ && pending_->phase() != PendingCheckpoint::Phase::kCommitting) pending_.reset();
  next_trigger_ = now + settings_.interval;
  const cluster::CompletedCheckpoint* last = find(newest());
  last_went_well_ = last == nullptr ? now : Timestamp{last->completed_micros()};
  wanted_ = wanted_ || savepoint_ || committed_.stop() != cluster::GO_ON;
  // Its word may have been lost with the attempt or the leader before (rule 10).
  if (!settings_.hazards.keep_quiet_after_election) notify_completed(now, actions);
  advance_stop(actions);
}

void CheckpointCoordinator::on(const happened::FrameChanged& changed, Timestamp, Actions&) {
  if (attempt_) attempt_->frame = changed.frame;
}

void CheckpointCoordinator::on(const happened::AttemptEnded& ended, Timestamp now,
                               Actions& actions) {
  if (!attempt_ || attempt_->number != ended.attempt) return;
  if (pending_ && pending_->phase() != PendingCheckpoint::Phase::kCommitting)
    abort(Error(ErrorCode::S418, fmt::format("attempt {} of the job ended", ended.attempt)), now,
          actions);
  attempt_.reset();
}

void CheckpointCoordinator::on(const happened::Started&, Timestamp, Actions&) {
  // What another leader condemned is condemned again, and deleted after that is written (rule 28).
  for (cluster::CondemnedCheckpoint& condemned : *record_.mutable_condemned()) {
    condemned.set_term(settings_.term);
    changed_ = true;
  }
}

// ---- trigger ----

std::string CheckpointCoordinator::frame_bytes() const {
  checkpoint::Manifest manifest;
  const ManifestFrame& frame = attempt_->frame;
  manifest.set_routing_version(frame.routing_version);
  for (const auto& source : frame.sources) *manifest.add_sources() = source;
  for (const auto& gate : frame.gates) *manifest.add_gates() = gate;
  for (const auto& sink : frame.sinks) *manifest.add_sinks() = sink;
  return manifest.SerializeAsString();
}

void CheckpointCoordinator::trigger_if_due(Timestamp now, Actions& actions) {
  if (!attempt_ || pending_ || restore_wanted_) return;
  if (record_.last() != 0) return;                  // nothing comes after it
  if (record_.stop() != committed_.stop()) return;  // restartable first
  if (!wanted_ && now < next_trigger_) return;
  if (next_id_ >= committed_.ids_below() && !settings_.hazards.reuse_ids) {
    if (next_id_ < record_.ids_below()) return;  // is being written
    record_.set_ids_below(next_id_ + kIdsReserved);
    changed_ = true;
    return;
  }
  wanted_ = false;
  next_trigger_ = now + settings_.interval;
  std::vector<TaskId> tasks = attempt_->tasks;
  if (settings_.hazards.complete_without_finished)
    std::erase_if(tasks, [&](const TaskId& task) {
      const auto found = attempt_->snapshots.find({task.stage, task.task});
      return found != attempt_->snapshots.end() && found->second.finished();
    });
  pending_.emplace(PendingCheckpoint::Plan{.id = {next_id_++},
                                           .base = newest(),
                                           .attempt = attempt_->number,
                                           .stop = attempt_->input_ended ? cluster::END_OF_INPUT
                                                                         : record_.stop(),
                                           .triggered_at = now,
                                           .gates = attempt_->frame.gates,
                                           .routing_version = attempt_->frame.routing_version,
                                           .routing = attempt_->frame.routing},
                   tasks);
  const PendingCheckpoint::Plan& plan = pending_->plan();
  actions.emplace_back(act::TriggerCheckpoint{
      .attempt = plan.attempt,
      .id = plan.id,
      .base = plan.base,
      .stop = plan.stop,
      .unchanged_allowed = plan.base.value != 0 && attempt_->base == plan.base});
}

void CheckpointCoordinator::on(const happened::CheckpointWanted& wanted, Timestamp, Actions&) {
  if (!attempt_ || (pending_ && pending_->plan().id > wanted.seen)) return;
  wanted_ = true;
}

void CheckpointCoordinator::on(const happened::AllTasksFinished&, Timestamp, Actions&) {
  if (!attempt_) return;
  attempt_->input_ended = true;
  wanted_ = true;
}

// ---- collect, write, commit ----

bool CheckpointCoordinator::expects(const TaskId& task, CheckpointId id) const {
  if (!pending_ || pending_->phase() != PendingCheckpoint::Phase::kCollecting) return false;
  const PendingCheckpoint::Plan& plan = pending_->plan();
  return plan.attempt == task.attempt &&
         (plan.id == id || settings_.hazards.count_other_checkpoints);
}

void CheckpointCoordinator::on(const happened::TaskAcked& ack, Timestamp now, Actions& actions) {
  if (!expects(ack.task, ack.id)) return;
  pending_->add(ack);
  if (pending_->all_answered()) collected(now, actions);
}

void CheckpointCoordinator::on(const happened::TaskDeclined& declined, Timestamp now,
                               Actions& actions) {
  if (expects(declined.task, declined.id)) abort(declined.error, now, actions);
}

void CheckpointCoordinator::collected(Timestamp now, Actions& actions) {
  const PendingCheckpoint::Plan& plan = pending_->plan();
  const bool same_base = attempt_->base == plan.base;
  if (pending_->all_unchanged() && same_base && plan.base.value != 0 &&
      attempt_->frame_bytes == frame_bytes()) {
    // Nothing to write: the base is what this checkpoint would be.
    if (plan.stop != cluster::GO_ON) {
      record_.set_stop(plan.stop);
      record_.set_last(plan.base.value);
      changed_ = true;
    }
    return went_well(now, actions);
  }
  const Status joined =
      pending_->join(same_base ? attempt_->snapshots : PendingCheckpoint::Snapshots{});
  if (!joined) return abort(joined.error(), now, actions);
  pending_->set_phase(PendingCheckpoint::Phase::kWriting);
  pending_frame_ = frame_bytes();
  actions.emplace_back(act::WriteManifest{manifest_of_pending(now)});
}

checkpoint::Manifest CheckpointCoordinator::manifest_of_pending(Timestamp now) const {
  const PendingCheckpoint::Plan& plan = pending_->plan();
  checkpoint::Manifest manifest;
  manifest.set_kind(checkpoint::CHECKPOINT);
  manifest.set_uid(settings_.uid);
  *manifest.mutable_lineages() = record_.lineages();
  manifest.set_checkpoint(plan.id.value);
  manifest.set_term(settings_.term);
  manifest.set_attempt(plan.attempt);
  manifest.set_created_micros(now.micros);
  manifest.set_engine_version(settings_.engine_version);
  manifest.set_graph_digest(settings_.graph_digest);
  manifest.set_graph(settings_.graph);
  manifest.set_key_groups(settings_.key_groups);
  manifest.set_routing_version(plan.routing_version);
  for (const auto& stage : plan.routing) *manifest.add_routing() = stage;
  for (const auto& gate : plan.gates) *manifest.add_gates() = gate;
  // The table of now holds every split that a task may have been at, at its barrier.
  for (const auto& source : attempt_->frame.sources) *manifest.add_sources() = source;
  for (const auto& sink : attempt_->frame.sinks) *manifest.add_sinks() = sink;
  for (const auto& [key, snapshot] : pending_->snapshots()) *manifest.add_tasks() = snapshot;
  return manifest;
}

void CheckpointCoordinator::on(const happened::ManifestWritten& written, Timestamp now,
                               Actions& actions) {
  if (!pending_ || pending_->plan().id != written.id ||
      pending_->phase() != PendingCheckpoint::Phase::kWriting)
    return;  // given up meanwhile: the record does not name it, so it does not exist
  const PendingCheckpoint::Plan& plan = pending_->plan();
  cluster::CompletedCheckpoint& completed = *record_.add_completed();
  completed.set_id(plan.id.value);
  *completed.mutable_manifest() = written.manifest;
  const auto& lineages = record_.lineages().lineages();
  if (!lineages.empty()) {
    completed.set_lineage_high(lineages[lineages.size() - 1].id_high());
    completed.set_lineage_low(lineages[lineages.size() - 1].id_low());
  }
  completed.set_completed_micros(now.micros);
  if (plan.stop != cluster::GO_ON) {
    record_.set_stop(plan.stop);
    record_.set_last(plan.id.value);
  }
  pending_->set_phase(PendingCheckpoint::Phase::kCommitting);
  changed_ = true;
  if (settings_.hazards.notify_before_commit)
    actions.emplace_back(act::NotifyCompleted{plan.attempt, plan.id});
}

void CheckpointCoordinator::on(const happened::ManifestFailed& failed, Timestamp now,
                               Actions& actions) {
  if (pending_ && pending_->plan().id == failed.id &&
      pending_->phase() == PendingCheckpoint::Phase::kWriting)
    abort(failed.error, now, actions);
}

// The record names it: it is complete, whatever happens now (rule 1).
void CheckpointCoordinator::completed(Timestamp now, Actions& actions) {
  const PendingCheckpoint::Plan& plan = pending_->plan();
  if (attempt_ && attempt_->number == plan.attempt) {
    attempt_->base = plan.id;
    attempt_->snapshots = pending_->snapshots();
    attempt_->frame_bytes = pending_frame_;
  }
  held_.emplace(plan.id.value, now);
  notify_completed(now, actions);
  went_well(now, actions);
  condemn_old(actions);
}

void CheckpointCoordinator::went_well(Timestamp now, Actions& actions) {
  const PendingCheckpoint::Plan plan = pending_->plan();
  pending_.reset();
  failures_ = 0;
  last_failure_.reset();
  last_went_well_ = now;
  requests_after_success(plan, now, actions);
}

// The job goes on: a checkpoint that fails restarts nobody.
void CheckpointCoordinator::abort(Error error, Timestamp, Actions& actions) {
  const PendingCheckpoint::Plan plan = pending_->plan();
  pending_.reset();
  actions.emplace_back(act::AbortCheckpoint{plan.attempt, plan.id});
  ++failures_;
  requests_after_failure(plan, error, actions);
  last_failure_ = std::move(error);
}

void CheckpointCoordinator::notify_completed(Timestamp now, Actions& actions) {
  if (!attempt_ || newest().value == 0) return;
  actions.emplace_back(act::NotifyCompleted{attempt_->number, newest()});
  next_notice_ = now + settings_.interval;
}

// ---- time ----

Duration CheckpointCoordinator::time_out() const {
  if (settings_.time_out > Duration{}) return settings_.time_out;
  return std::max(seconds(60), settings_.interval * 6);
}

void CheckpointCoordinator::on(const happened::Tick&, Timestamp now, Actions& actions) {
  if (pending_ && pending_->phase() != PendingCheckpoint::Phase::kCommitting &&
      now >= pending_->plan().triggered_at + time_out()) {
    const bool collecting = pending_->phase() == PendingCheckpoint::Phase::kCollecting;
    abort(Error(ErrorCode::S418,
                fmt::format("checkpoint {} was not complete in time: {}", pending_->plan().id.value,
                            collecting ? pending_->missing() : "its manifest was not written")),
          now, actions);
  }
  if (attempt_ && now >= next_notice_ && !is_out(newest())) notify_completed(now, actions);
  advance_savepoint(now, actions);
  if (now >= next_deletion_) order_deletions(now, actions);
  sweep_if_due(now, actions);
}

Timestamp CheckpointCoordinator::next_tick() const {
  Timestamp next = next_deletion_;
  if (pending_ && pending_->phase() != PendingCheckpoint::Phase::kCommitting)
    next = std::min(next, pending_->plan().triggered_at + time_out());
  // While the record is being written, the answer brings the next step.
  if (attempt_ && !pending_ && !write_under_way_ && !restore_wanted_ && record_.last() == 0)
    next = std::min(next, next_trigger_);
  if (attempt_ && !is_out(newest())) next = std::min(next, next_notice_);
  if (savepoint_ && savepoint_->checkpoint.id() != 0 && !savepoint_->writing)
    next = std::min(next, savepoint_->publish_until);
  return next;
}

CheckpointCoordinator::Health CheckpointCoordinator::health(Timestamp now) const {
  Health health{.completed = newest(), .failures = failures_, .last_failure = last_failure_};
  if (pending_) health.pending = pending_->plan().id;
  if (!settings_.stages_output || !attempt_) return health;
  const Duration late = settings_.interval * 3;
  if (failures_ > 0 || now > last_went_well_ + late) health.output_held_since = last_went_well_;
  if (!held_.empty() && now > held_.begin()->second + late)
    health.output_held_since =
        std::min(health.output_held_since.value_or(now), held_.begin()->second);
  return health;
}

}  // namespace tributary
