#include "checkpoint/publish/sink_coordinator.h"

#include <algorithm>
#include <utility>

namespace tributary {

SinkCoordinator::SinkCoordinator(Settings settings)
    : settings_(std::move(settings)),
      owners_(settings_.tasks),
      points_(settings_.drain_points.begin(), settings_.drain_points.end()),
      completed_(settings_.restored) {
  TRIBUTARY_CHECK(
      std::ranges::is_sorted(points_) && !points_.empty() && points_.back() == settings_.restored,
      "the last drain point is what the round starts from");
  if (settings_.hazards.only_the_last_drain_point) points_ = {settings_.restored};
}

std::vector<SinkAction> SinkCoordinator::step(const SinkEvent& event) {
  Actions actions;
  std::visit([&](const auto& what) { on(what, actions); }, event);
  return actions;
}

Epoch SinkCoordinator::gate() const { return points_.empty() ? kEveryEpoch : points_.front(); }

void SinkCoordinator::order_all(Actions& actions) const {
  if (!marks_) return;
  for (std::uint32_t task = 0; task < settings_.tasks; ++task)
    actions.emplace_back(ToOwner{task, settings_.round, PublishOrder{completed_, gate()}});
}

void SinkCoordinator::on(const OwnerSaid& said, Actions& actions) {
  if (said.round != settings_.round) {
    // A zombie that asks may hear that it is one; nothing else that it says counts.
    if (const auto* ask = std::get_if<AskLease>(&said.report); ask != nullptr)
      actions.emplace_back(ToOwner{said.task, said.round, LeaseAnswer{ask->asked_nanos, false}});
    return;
  }
  if (said.task >= settings_.tasks) return;
  std::visit([&](const auto& report) { on_report(said.task, report, actions); }, said.report);
}

void SinkCoordinator::on(const EpochCompleted& completed, Actions& actions) {
  completed_ = std::max(completed_, completed.epoch);
  order_all(actions);
}

void SinkCoordinator::on(const SinkTick&, Actions& actions) {
  if (!marks_ && reader_)
    actions.emplace_back(ToOwner{*reader_, settings_.round, ReadMarks{settings_.marks_from}});
  order_all(actions);
}

void SinkCoordinator::on(const RetryBlocked& retry, Actions& actions) {
  for (std::uint32_t task = 0; task < settings_.tasks; ++task)
    actions.emplace_back(ToOwner{task, settings_.round, retry});
}

void SinkCoordinator::on(const SkipEpoch& skip, Actions& actions) {
  actions.emplace_back(ToOwner{skip.number.value % settings_.tasks, settings_.round, skip});
}

void SinkCoordinator::on_report(std::uint32_t task, const AskLease& ask, Actions& actions) {
  actions.emplace_back(ToOwner{task, settings_.round, LeaseAnswer{ask.asked_nanos, true}});
}

bool SinkCoordinator::may_read_marks() const {
  return settings_.hazards.marks_before_all_fenced || std::ranges::all_of(owners_, &Owner::fenced);
}

void SinkCoordinator::on_report(std::uint32_t task, const AllFenced&, Actions& actions) {
  owners_[task].fenced = true;
  if (marks_) {
    actions.emplace_back(ToOwner{task, settings_.round, MarksKnown{*marks_}});
    actions.emplace_back(ToOwner{task, settings_.round, PublishOrder{completed_, gate()}});
    return;
  }
  if (!may_read_marks() || reader_) return;
  reader_ = task;
  actions.emplace_back(ToOwner{task, settings_.round, ReadMarks{settings_.marks_from}});
}

void SinkCoordinator::on_report(std::uint32_t, const MarksFound& found, Actions& actions) {
  if (marks_ || !may_read_marks()) return;
  if (!settings_.marks_id.empty() && found.read.log != settings_.marks_id) {
    actions.emplace_back(FailSink{
        Error(ErrorCode::S476, fmt::format("sink {}: marks are looked for in {}, but were written "
                                           "to {}",
                                           settings_.sink, found.read.log, settings_.marks_id))});
    return;
  }
  marks_ = found.read;
  for (std::uint32_t task = 0; task < settings_.tasks; ++task)
    actions.emplace_back(ToOwner{task, settings_.round, MarksKnown{*marks_}});
  order_all(actions);
}

void SinkCoordinator::on_report(std::uint32_t task, const PublishedThrough& report,
                                Actions& actions) {
  Owner& owner = owners_[task];
  owner.through = std::max(owner.through.value_or(Epoch{}), report.epoch);
  const std::size_t before = points_.size();
  while (!points_.empty() && published(points_.front())) points_.pop_front();
  if (points_.size() != before) order_all(actions);
}

void SinkCoordinator::on_report(std::uint32_t, const SinkBlocked& blocked, Actions&) {
  blocked_.insert_or_assign(blocked.number, blocked);
}

void SinkCoordinator::on_report(std::uint32_t, const SinkUnblocked& unblocked, Actions&) {
  blocked_.erase(unblocked.number);
}

void SinkCoordinator::on_report(std::uint32_t, const AskCheckpoint&, Actions& actions) {
  actions.emplace_back(TriggerCheckpoint{});
}

void SinkCoordinator::on_report(std::uint32_t, const SinkFailed& failed, Actions& actions) {
  actions.emplace_back(FailSink{failed.error});
}

bool SinkCoordinator::published(Epoch epoch) const {
  const auto through = published_through();
  return through && *through >= epoch;
}

std::optional<Epoch> SinkCoordinator::published_through() const {
  Epoch least = kEveryEpoch;
  for (const Owner& owner : owners_) {
    if (!owner.through) return std::nullopt;
    least = std::min(least, *owner.through);
  }
  return least;
}

checkpoint::SinkRecord SinkCoordinator::record() const {
  checkpoint::SinkRecord record;
  record.set_sink(settings_.sink);
  record.set_numbers(settings_.numbers);
  for (const Epoch point : points_) record.add_drain_points(point.value);
  record.set_marks_id(marks_ ? marks_->log : settings_.marks_id);
  return record;
}

}  // namespace tributary
