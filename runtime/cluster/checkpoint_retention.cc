// Which checkpoints stay, which are deleted, and which one may be restored (rules 1 and 28).
#include <algorithm>
#include <utility>

#include "runtime/cluster/checkpoint_coordinator.h"

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {

std::vector<cluster::CompletedCheckpoint> all_of(const cluster::CheckpointRecord& record) {
  return {record.completed().begin(), record.completed().end()};
}

}  // namespace

// ---- deletion: condemned in the record first, deleted after, forgotten last ----

bool CheckpointCoordinator::pinned(CheckpointId id) const {
  if (settings_.hazards.forget_pins) return false;
  return (pending_ && pending_->plan().base == id) ||
         (savepoint_ && savepoint_->checkpoint.id() == id.value);
}

void CheckpointCoordinator::condemn(CheckpointId id, Actions& actions) {
  auto& completed = *record_.mutable_completed();
  const auto found = std::ranges::find(completed, id.value, &cluster::CompletedCheckpoint::id);
  if (found == completed.end()) return;  // it is being written already
  cluster::CondemnedCheckpoint& condemned = *record_.add_condemned();
  *condemned.mutable_checkpoint() = *found;
  condemned.set_term(settings_.term);
  completed.erase(found);
  changed_ = true;
  if (settings_.hazards.delete_before_condemning)
    actions.emplace_back(act::DeleteCheckpoint{condemned.checkpoint(), all_of(record_)});
}

void CheckpointCoordinator::condemn_old(Actions& actions) {
  while (record_.completed_size() > static_cast<int>(settings_.retained)) {
    const CheckpointId oldest{record_.completed(0).id()};
    if (pinned(oldest)) return;
    condemn(oldest, actions);
  }
}

// Those of the record, and those of the one that is being written: neither whether a new one is
// complete nor whether an old one is condemned is known before the answer.
std::vector<cluster::CompletedCheckpoint> CheckpointCoordinator::kept() const {
  std::vector<cluster::CompletedCheckpoint> kept = all_of(committed_);
  for (const cluster::CompletedCheckpoint& one : record_.completed())
    if (find({one.id()}) == nullptr) kept.push_back(one);
  return kept;
}

void CheckpointCoordinator::order_deletions(Timestamp, Actions& actions) {
  next_deletion_ = Timestamp::max();
  for (const cluster::CondemnedCheckpoint& condemned : committed_.condemned()) {
    if (condemned.term() != settings_.term) continue;
    if (!deleting_.insert(condemned.checkpoint().id()).second) continue;
    actions.emplace_back(act::DeleteCheckpoint{condemned.checkpoint(), kept()});
  }
}

void CheckpointCoordinator::on(const happened::CheckpointDeleted& deleted, Timestamp, Actions&) {
  auto& condemned = *record_.mutable_condemned();
  const auto found = std::ranges::find_if(condemned, [&](const cluster::CondemnedCheckpoint& one) {
    return one.checkpoint().id() == deleted.id.value;
  });
  if (found == condemned.end()) return;
  condemned.erase(found);
  changed_ = true;
}

void CheckpointCoordinator::on(const happened::DeletionFailed& failed, Timestamp now, Actions&) {
  deleting_.erase(failed.id.value);
  next_deletion_ = now + settings_.interval;
}

void CheckpointCoordinator::sweep_if_due(Timestamp now, Actions& actions) {
  if (!attempt_ || committed_.completed().empty()) return;
  if (now < Timestamp{record_.swept_micros()} + settings_.sweep_interval) return;
  record_.set_swept_micros(now.micros);
  changed_ = true;
  actions.emplace_back(act::SweepOrphans{
      .attempt = settings_.hazards.sweep_running_attempt ? UINT32_MAX : attempt_->number,
      .below = CheckpointId{committed_.completed(0).id()},
      .kept = all_of(committed_)});
}

// ---- restore ----

void CheckpointCoordinator::on(const happened::RestoreWanted&, Timestamp now, Actions& actions) {
  if (attempt_) on(happened::AttemptEnded{attempt_->number}, now, actions);
  restore_wanted_ = true;
  damaged_.reset();
  answer_restore(actions);
}

void CheckpointCoordinator::answer_restore(Actions& actions) {
  if (!restore_wanted_ || damaged_) return;
  // Whether one that is being written to the record is complete must be known first: if it is, its
  // output may be out before the tasks are back. So must the condemnation of a damaged one.
  if ((changed_ || write_under_way_) && !settings_.hazards.restore_while_committing) return;
  restore_wanted_ = false;
  act::RestoreFrom from;
  if (const cluster::CompletedCheckpoint* checkpoint = find(newest()))
    from.checkpoint = *checkpoint;
  from.only_publish = committed_.last() != 0 && committed_.last() == newest().value;
  actions.emplace_back(std::move(from));
}

void CheckpointCoordinator::on(const happened::CheckpointDamaged& damaged, Timestamp now,
                               Actions& actions) {
  if (damaged.id != newest()) return;
  restore_wanted_ = true;
  damaged_ = damaged;
  if (settings_.stages_output)
    actions.emplace_back(act::ReadMarks{});
  else
    on(happened::MarksRead{}, now, actions);
}

// An older checkpoint may take its place only if nothing of a later epoch is out; then the damaged
// one was never published, and is condemned before anything else.
void CheckpointCoordinator::on(const happened::MarksRead& read, Timestamp, Actions& actions) {
  if (!damaged_) return;
  const happened::CheckpointDamaged damaged = *std::exchange(damaged_, std::nullopt);
  // Not one whose condemnation is being written: it may be gone tomorrow.
  std::uint64_t fallback = 0;
  for (const cluster::CompletedCheckpoint& one : record_.completed())
    if (one.id() < damaged.id.value) fallback = std::max(fallback, one.id());
  for (const PublishedMark& mark : read.marks) {
    if (mark.epoch <= fallback || settings_.hazards.fall_back_beyond_marks) continue;
    restore_wanted_ = false;
    actions.emplace_back(act::JobUnrecoverable{
        Error(ErrorCode::S417,
              fmt::format("checkpoint {} cannot be read ({}), and writer {} of sink {} has "
                          "published epoch {}; the next older checkpoint is {}",
                          damaged.id.value, damaged.error.what(), mark.number, mark.sink,
                          mark.epoch, fallback),
              "repair the store, or begin anew into other outputs: --fresh")});
    return;
  }
  if (savepoint_ && savepoint_->checkpoint.id() == damaged.id.value)
    end_savepoint(damaged.error, actions);
  condemn(damaged.id, actions);
  if (record_.last() != damaged.id.value) return;
  // The end is to be reached again; a stop that somebody asked for is still wanted.
  record_.set_last(0);
  if (record_.stop() == cluster::END_OF_INPUT) record_.set_stop(cluster::GO_ON);
}

}  // namespace tributary
