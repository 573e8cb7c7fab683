#include "runtime/cluster/sink_round.h"

#include <algorithm>
#include <utility>

namespace tributary {

SinkRound::SinkRound(OwnershipRound round, Epoch restored, Hash128 lineage,
                     const std::vector<Sink>& sinks, const PublishHazards& hazards)
    : lineage_(lineage) {
  sinks_.reserve(sinks.size());
  for (const Sink& sink : sinks) {
    const SinkOwnership& ownership = sink.ownership;
    sinks_.push_back({sink.vertex, sink.name,
                      SinkCoordinator({.sink = sink.name,
                                       .round = round,
                                       .tasks = static_cast<std::uint32_t>(ownership.tasks.size()),
                                       .numbers = ownership.numbers,
                                       .restored = restored,
                                       .drain_points = ownership.drain_points,
                                       .marks_from = ownership.marks_from,
                                       .marks_id = ownership.marks_id,
                                       .hazards = hazards})});
  }
}

SinkRound::Actions SinkRound::on_report(graph::VertexId vertex, std::uint32_t task,
                                        OwnershipRound round, const OwnerReport& report) {
  Actions actions;
  const auto found = std::ranges::find(sinks_, vertex, &Member::vertex);
  if (found != sinks_.end()) step(*found, OwnerSaid{task, round, report}, actions);
  return actions;
}

SinkRound::Actions SinkRound::completed(Epoch epoch) { return step_all(EpochCompleted{epoch}); }

SinkRound::Actions SinkRound::tick() { return step_all(SinkTick{}); }

SinkRound::Actions SinkRound::retry_blocked() { return step_all(RetryBlocked{}); }

SinkRound::Actions SinkRound::step_all(const SinkEvent& event) {
  Actions actions;
  for (Member& member : sinks_) step(member, event, actions);
  return actions;
}

void SinkRound::step(Member& member, const SinkEvent& event, Actions& actions) {
  for (SinkAction& action : member.coordinator.step(event)) {
    if (auto* order = std::get_if<ToOwner>(&action)) {
      actions.emplace_back(
          ToTask{member.vertex, order->task, order->round, std::move(order->order)});
    } else if (auto* failed = std::get_if<FailSink>(&action)) {
      actions.emplace_back(
          FailSink{std::move(failed->error).in(fmt::format("sink {}", member.name))});
    } else if (std::ranges::none_of(actions, [](const Action& other) {
                 return std::holds_alternative<TriggerCheckpoint>(other);
               })) {
      actions.emplace_back(TriggerCheckpoint{});
    }
  }
}

std::optional<Epoch> SinkRound::published() const {
  std::optional<Epoch> all;
  for (const Member& member : sinks_) {
    const auto through = member.coordinator.published_through();
    if (!through) return std::nullopt;
    all = std::min(all.value_or(*through), *through);
  }
  return all;
}

std::vector<checkpoint::SinkRecord> SinkRound::records() const {
  std::vector<checkpoint::SinkRecord> records;
  records.reserve(sinks_.size());
  for (const Member& member : sinks_) records.push_back(member.coordinator.record());
  return records;
}

std::vector<SinkRound::Blocked> SinkRound::blocked() const {
  std::vector<Blocked> all;
  for (const Member& member : sinks_) {
    for (const auto& [number, what] : member.coordinator.blocked())
      all.push_back({member.name, what});
  }
  return all;
}

std::optional<std::vector<PublishedMark>> SinkRound::marks() const {
  std::vector<PublishedMark> all;
  for (const Member& member : sinks_) {
    const auto& read = member.coordinator.marks();
    if (!read) return std::nullopt;
    for (const auto& [number, found] : read->marks) {
      const LineageProgress* progress = found.mark.of(lineage_);
      if (progress != nullptr) all.push_back({member.name, number.value, progress->epoch.value});
    }
  }
  return all;
}

}  // namespace tributary
