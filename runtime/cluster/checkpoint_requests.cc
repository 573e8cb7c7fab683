// What users ask of a running job: savepoints, and its end (rules 4 and 15).
#include <utility>

#include "runtime/cluster/checkpoint_coordinator.h"

namespace tributary {

namespace act = checkpoint_action;
namespace happened = checkpoint_event;

namespace {

Error refused(std::string_view why) { return {ErrorCode::S419, std::string(why)}; }

}  // namespace

bool CheckpointCoordinator::is_out(CheckpointId id) const {
  return !settings_.stages_output || published_ >= id.value;
}

void CheckpointCoordinator::on(const happened::Published& published, Timestamp now,
                               Actions& actions) {
  published_ = std::max(published_, published.epoch);
  held_.erase(held_.begin(), held_.upper_bound(published_));
  advance_savepoint(now, actions);
  advance_stop(actions);
}

// ---- savepoints ----

void CheckpointCoordinator::on(const happened::SavepointRequested& request, Timestamp now,
                               Actions& actions) {
  const auto refuse = [&](std::string_view why) {
    actions.emplace_back(act::SavepointDone{request.request, refused(why)});
  };
  if (savepoint_) return refuse("another savepoint is being made");
  if (!attempt_) return refuse("the job is not running");
  if (record_.stop() != cluster::GO_ON) return refuse("the job is being stopped");
  // One that pends already may hold less than what the asker has seen.
  savepoint_ = Savepoint{.request = request, .from_id = next_id_};
  wanted_ = true;
  advance_savepoint(now, actions);
}

void CheckpointCoordinator::requests_after_success(const PendingCheckpoint::Plan& plan,
                                                   Timestamp now, Actions& actions) {
  // Nothing comes after the end of input, so nobody has seen more than its checkpoint holds.
  const bool holds_enough =
      savepoint_ && (plan.id.value >= savepoint_->from_id || plan.stop == cluster::END_OF_INPUT);
  if (holds_enough && savepoint_->checkpoint.id() == 0 &&
      (!savepoint_->of_last || plan.stop != cluster::GO_ON)) {
    savepoint_->checkpoint = *find(newest());
    savepoint_->publish_until = now + settings_.savepoint_publish_wait;
  }
  advance_savepoint(now, actions);
  advance_stop(actions);
}

void CheckpointCoordinator::advance_savepoint(Timestamp now, Actions& actions) {
  if (!savepoint_ || savepoint_->checkpoint.id() == 0 || savepoint_->writing) return;
  const bool out = is_out({savepoint_->checkpoint.id()});
  if (!out && now < savepoint_->publish_until) return;
  savepoint_->writing = true;
  actions.emplace_back(act::WriteSavepoint{.request = savepoint_->request.request,
                                           .path = savepoint_->request.path,
                                           .checkpoint = savepoint_->checkpoint,
                                           .carries_staged = !out});
}

void CheckpointCoordinator::end_savepoint(std::optional<Error> error, Actions& actions) {
  actions.emplace_back(act::SavepointDone{savepoint_->request.request, std::move(error)});
  savepoint_.reset();
  condemn_old(actions);  // its checkpoint was pinned
}

void CheckpointCoordinator::on(const happened::SavepointWritten& written, Timestamp,
                               Actions& actions) {
  if (!savepoint_ || savepoint_->request.request != written.request) return;
  end_savepoint(std::nullopt, actions);
  advance_stop(actions);
}

void CheckpointCoordinator::on(const happened::SavepointFailed& failed, Timestamp,
                               Actions& actions) {
  if (!savepoint_ || savepoint_->request.request != failed.request) return;
  end_savepoint(failed.error, actions);
  advance_stop(actions);
}

// ---- the end ----

void CheckpointCoordinator::on(const happened::StopRequested& request, Timestamp,
                               Actions& actions) {
  const auto refuse = [&](std::string_view why) {
    if (request.savepoint)
      actions.emplace_back(act::SavepointDone{request.savepoint->request, refused(why)});
    actions.emplace_back(act::StopDone{request.mode, refused(why)});
  };
  TRIBUTARY_CHECK(request.mode == cluster::STOP || request.mode == cluster::DRAIN);
  if (!attempt_) return refuse("the job is not running");
  if (record_.stop() != cluster::GO_ON || attempt_->input_ended)
    return refuse("the job is being stopped");
  if (request.savepoint && savepoint_) return refuse("another savepoint is being made");
  if (request.savepoint)
    savepoint_ = Savepoint{.request = *request.savepoint, .from_id = next_id_, .of_last = true};
  record_.set_stop(request.mode);
  changed_ = true;
  wanted_ = true;
}

void CheckpointCoordinator::requests_after_failure(const PendingCheckpoint::Plan& plan,
                                                   const Error& error, Actions& actions) {
  // Event time has been at its end: there is no way back, it is tried again.
  const bool stop_failed = plan.stop == cluster::STOP;
  if (savepoint_ && savepoint_->checkpoint.id() == 0 && plan.id.value >= savepoint_->from_id &&
      (!savepoint_->of_last || stop_failed))
    end_savepoint(error, actions);
  if (!stop_failed) return;
  record_.set_stop(cluster::GO_ON);
  changed_ = true;
  actions.emplace_back(act::StopDone{cluster::STOP, error});
}

// Over only when all that was staged is out; until then the job can be restarted at exactly its
// last checkpoint.
void CheckpointCoordinator::advance_stop(Actions& actions) {
  const CheckpointId last{committed_.last()};
  if (last.value == 0 || !attempt_ || stop_told_ || savepoint_) return;
  if (!is_out(last) && !settings_.hazards.stop_before_published) return;
  stop_told_ = true;
  actions.emplace_back(act::StopDone{committed_.stop(), std::nullopt});
}

}  // namespace tributary
