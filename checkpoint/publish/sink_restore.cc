#include "checkpoint/publish/sink_restore.h"

#include <algorithm>

namespace tributary {
namespace {

Result<InheritedWriter> inherited(const checkpoint::WriterSnapshot& stored, Epoch restored) {
  InheritedWriter writer;
  writer.number = {stored.number()};
  Epoch last;
  for (const checkpoint::StagedUnit& unit : stored.units()) {
    if (unit.epoch() <= last.value || unit.epoch() > restored.value) {
      return fail(ErrorCode::S474, "restoring checkpoint {}: writer {} has epoch {} behind {}",
                  restored.value, stored.number(), unit.epoch(), last.value);
    }
    last = {unit.epoch()};
    writer.units.push_back(unit);
  }
  if (!stored.mark().empty()) writer.confirmed = TRY(decode_mark(stored.mark()));
  writer.mark_position = {stored.mark_position()};
  return writer;
}

}  // namespace

Result<SinkOwnership> plan_sink_owners(const checkpoint::SinkRecord* record,
                                       std::span<const checkpoint::SinkSnapshot> snapshots,
                                       std::uint32_t tasks, Epoch restored,
                                       const PublishHazards& hazards) {
  TRIBUTARY_CHECK(tasks > 0);
  SinkOwnership plan;
  plan.numbers = tasks;
  std::map<WriterNumber, InheritedWriter> writers;
  if (record != nullptr) plan.numbers = std::max(tasks, record->numbers());
  for (const checkpoint::SinkSnapshot& snapshot : snapshots) {
    for (const checkpoint::WriterSnapshot& stored : snapshot.writers()) {
      InheritedWriter writer = TRY(inherited(stored, restored));
      const WriterNumber number = writer.number;
      if (number.value >= plan.numbers || !writers.emplace(number, std::move(writer)).second) {
        return fail(ErrorCode::S474,
                    "restoring checkpoint {}: writer {} of sink {} is there twice, or is not of "
                    "the {} that are on record",
                    restored.value, number.value, snapshot.sink(), plan.numbers);
      }
    }
  }
  if (record != nullptr) {
    plan.marks_id = record->marks_id();
    for (const std::uint64_t point : record->drain_points()) {
      if (point < restored.value) plan.drain_points.push_back({point});
    }
    std::ranges::sort(plan.drain_points);
  }
  plan.drain_points.push_back(restored);
  plan.marks_from = {writers.size() == plan.numbers ? UINT64_MAX : 0};
  plan.tasks.resize(tasks);
  for (std::uint32_t k = 0; k < plan.numbers; ++k) {
    if (hazards.nobody_inherits && k >= tasks) continue;
    InheritedWriter& writer = writers[{k}];
    writer.number = {k};
    plan.marks_from = std::min(plan.marks_from, writer.mark_position);
    plan.tasks[k % tasks].push_back(std::move(writer));
  }
  return plan;
}

bool carries_staged(std::span<const checkpoint::SinkSnapshot> snapshots) {
  return std::ranges::any_of(snapshots, [](const checkpoint::SinkSnapshot& snapshot) {
    return std::ranges::any_of(snapshot.writers(),
                               [](const auto& writer) { return !writer.units().empty(); });
  });
}

Status check_sinks_kept(std::span<const checkpoint::SinkSnapshot> snapshots,
                        std::span<const std::string> sinks) {
  for (const checkpoint::SinkSnapshot& snapshot : snapshots) {
    if (std::ranges::find(sinks, snapshot.sink()) != sinks.end()) continue;
    for (const checkpoint::WriterSnapshot& writer : snapshot.writers()) {
      if (writer.units().empty()) continue;
      return fail(
          ErrorCode::S474,
          "the graph has no sink {}, but output of its writer {} from epoch {} on is staged "
          "and not out",
          snapshot.sink(), writer.number(), writer.units(0).epoch());
    }
  }
  return {};
}

}  // namespace tributary
