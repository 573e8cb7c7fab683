#include "runtime/cluster/checkpoint_contents.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/excerpt.h"
#include "checkpoint/tiered_catalog.h"
#include "runtime/graph/job_graph.h"

namespace tributary {
namespace {

constexpr std::uint32_t kTasksOfAStageMax = 16384;
constexpr char kDroppedMark = '\x01';

bool has_any(const checkpoint::OperatorState& state) {
  return !state.bytes().empty() || state.blobs_size() > 0;
}

std::uint64_t bytes_of(const OldStage& stage) {
  // Tasks that were restored from one old task name its blobs together.
  std::set<std::pair<std::string_view, std::uint64_t>> counted;
  std::uint64_t bytes = 0;
  const auto count = [&](const checkpoint::BlobRef& blob, std::uint64_t offset,
                         std::uint64_t length) {
    if (counted.emplace(blob.name(), offset).second) bytes += length;
  };
  for (const checkpoint::TaskSnapshot* task : stage.tasks) {
    for (const checkpoint::StateLayer& layer : task->keyed_state().layers()) {
      for (const checkpoint::BaseFile& file : layer.base())
        count(file.blob(), 0, file.blob().size());
      for (const checkpoint::DeltaPiece& delta : layer.deltas())
        count(delta.piece().blob(), delta.piece().offset(), delta.piece().length());
    }
  }
  return bytes;
}

}  // namespace

bool OldOperator::has_operator_state() const { return std::ranges::any_of(states, has_any); }

std::uint64_t OldOperator::state_bytes() const {
  std::uint64_t bytes = 0;
  for (const checkpoint::OperatorState& state : states) {
    bytes += state.bytes().size();
    for (const checkpoint::BlobRef& blob : state.blobs()) bytes += blob.size();
  }
  if (!catalog.empty() && catalog.size() == stage->catalog.size()) bytes += stage->keyed_bytes;
  return bytes;
}

std::string CheckpointContents::dropped_name(const checkpoint::StateInCatalog& entry) {
  return fmt::format("{}{}/{}", kDroppedMark, entry.state_id(), entry.operator_name());
}

bool CheckpointContents::was_dropped(const checkpoint::StateInCatalog& entry) {
  return entry.operator_name().starts_with(kDroppedMark);
}

template <typename... Args>
std::unexpected<Error> CheckpointContents::wrong(fmt::format_string<Args...> text,
                                                 Args&&... args) const {
  return fail(ErrorCode::S415, "checkpoint {}: {}", manifest_.checkpoint(),
              fmt::format(text, std::forward<Args>(args)...));
}

const OldOperator* CheckpointContents::find(std::string_view name) const {
  const auto found = operators_.find(name);
  return found == operators_.end() ? nullptr : &found->second;
}

Result<CheckpointContents> CheckpointContents::read(const checkpoint::Manifest& manifest) {
  CheckpointContents contents(manifest);
  TRY(contents.read_graph());
  TRY(contents.read_stages());
  for (const checkpoint::TaskSnapshot& task : manifest.tasks()) TRY(contents.read_task(task));
  TRY(contents.read_sources());
  TRY(contents.read_sinks());
  return contents;
}

Status CheckpointContents::read_graph() {
  auto graph = graph::parse_job_graph(manifest_.graph());
  if (!graph)
    return std::unexpected(std::move(graph).error().in(
        fmt::format("the graph of checkpoint {}", manifest_.checkpoint())));
  graph_ = std::make_unique<graph::JobGraph>(*std::move(graph));
  for (const graph::Vertex& vertex : graph_->vertices()) {
    if (vertex.name().empty() || has_control_characters(vertex.name()))
      return wrong("an operator is named {}", excerpt(vertex.name()));
    if (!operators_.emplace(vertex.name(), OldOperator{.vertex = &vertex}).second)
      return wrong("two operators are named {}", vertex.name());
  }
  return {};
}

Status CheckpointContents::read_stages() {
  for (const checkpoint::TaskSnapshot& task : manifest_.tasks()) {
    if (task.operators().empty()) return wrong("a task has no operators");
    stages_[task.operators(0)].tasks.push_back(&task);
  }
  for (auto& [head, stage] : stages_) {
    const auto& operators = stage.tasks.front()->operators();
    std::ranges::sort(stage.tasks, {}, &checkpoint::TaskSnapshot::task);
    for (std::size_t i = 0; i < stage.tasks.size(); ++i) {
      const checkpoint::TaskSnapshot& task = *stage.tasks[i];
      if (task.task() != i || task.parallelism() != stage.tasks.size() ||
          stage.tasks.size() > kTasksOfAStageMax)
        return wrong("of the {} tasks of {} there are {}, and one is task {}", task.parallelism(),
                     head, stage.tasks.size(), task.task());
      if (!std::ranges::equal(task.operators(), operators))
        return wrong("task {} of {} has other operators than task 0", i, head);
    }
    for (const std::string& name : operators) {
      const auto found = operators_.find(name);
      if (found == operators_.end()) return wrong("its graph has no operator {}", excerpt(name));
      OldOperator& one = found->second;
      if (one.stage != nullptr) return wrong("operator {} is in two stages", name);
      one.stage = &stage;
      one.times.resize(stage.tasks.size());
      one.states.resize(stage.tasks.size());
      for (checkpoint::OperatorState& state : one.states) state.set_operator_(name);
    }
    TRY(read_catalog(head, stage));
    stage.keyed_bytes = bytes_of(stage);
  }
  for (const auto& [name, one] : operators_)
    if (one.stage == nullptr) return wrong("it has no tasks of operator {}", name);
  return {};
}

Status CheckpointContents::read_catalog(std::string_view head, OldStage& stage) {
  TieredCatalog merged;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  for (const checkpoint::TaskSnapshot* task : stage.tasks) {
    if (!task->has_keyed_state()) continue;
    const checkpoint::StateSnapshot& state = task->keyed_state();
    Status restored = merged.restore(state.catalog());
    if (!restored)
      return std::unexpected(std::move(restored).error().in(
          fmt::format("checkpoint {}, stage {}", manifest_.checkpoint(), head)));
    if (state.group_begin() < state.group_end())
      ranges.emplace_back(state.group_begin(), state.group_end());
  }
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].second)
      return wrong("two tasks of {} have key group {}", head, ranges[i].first);
  stage.catalog = merged.entries();
  for (const checkpoint::StateInCatalog& entry : stage.catalog) {
    if (was_dropped(entry)) continue;
    if (has_control_characters(entry.name()))
      return wrong("a state of {} is named {}", head, excerpt(entry.name()));
    OldOperator* owner = TRY(operator_of(*stage.tasks.front(), entry.operator_name()));
    owner->catalog.push_back(&entry);
  }
  return {};
}

Result<OldOperator*> CheckpointContents::operator_of(const checkpoint::TaskSnapshot& task,
                                                     const std::string& name) {
  const auto found = operators_.find(name);
  if (found == operators_.end() || found->second.stage != &stages_.at(task.operators(0)))
    return wrong("task {} of {} speaks of operator {}, which it does not have", task.task(),
                 task.operators(0), excerpt(name));
  return &found->second;
}

Status CheckpointContents::read_task(const checkpoint::TaskSnapshot& task) {
  std::set<std::string_view> with_state;
  for (const checkpoint::OperatorState& state : task.operator_states()) {
    OldOperator* one = TRY(operator_of(task, state.operator_()));
    if (!with_state.insert(state.operator_()).second)
      return wrong("task {} holds state of {} twice", task.task(), state.operator_());
    one->states[task.task()] = state;
  }
  std::set<std::string_view> with_time;
  for (const checkpoint::OperatorTime& time : task.times()) {
    OldOperator* one = TRY(operator_of(task, time.operator_()));
    if (!with_time.insert(time.operator_()).second)
      return wrong("task {} has two times of {}", task.task(), time.operator_());
    one->times[task.task()] = {.watermark = {time.watermark_micros()},
                               .idle = time.idle(),
                               .has_no_event_time = time.idle() && time.has_no_event_time(),
                               .ended = time.ended(),
                               .drained = time.ended() && time.drained()};
  }
  for (const checkpoint::BroadcastCopy& copy : task.broadcast()) {
    OldOperator* one = TRY(operator_of(task, copy.operator_()));
    if (has_control_characters(copy.state()))
      return wrong("a broadcast state of {} is named {}", copy.operator_(), excerpt(copy.state()));
    one->broadcast.insert(copy.state());
  }
  for (const checkpoint::SplitSnapshot& split : task.splits()) {
    OldOperator* one = TRY(operator_of(task, split.source()));
    if (!one->splits.emplace(split.id(), OldSplit{task.task(), &split}).second)
      return wrong("split {} of {} is read twice", excerpt(split.id()), split.source());
  }
  for (const checkpoint::SinkSnapshot& sink : task.sinks()) {
    OldOperator* one = TRY(operator_of(task, sink.sink()));
    if (one->vertex->kind() != graph::SINK) return wrong("{} is no sink", sink.sink());
    one->sinks.push_back(sink);
  }
  return {};
}

Status CheckpointContents::read_sources() {
  for (const checkpoint::SplitTable& table : manifest_.sources()) {
    const auto found = operators_.find(table.source());
    if (found == operators_.end() || found->second.vertex->kind() != graph::SOURCE)
      return wrong("its graph has no source {}", excerpt(table.source()));
    OldOperator& source = found->second;
    if (source.table != nullptr) return wrong("source {} has two tables", table.source());
    source.table = &table;
    for (const checkpoint::SplitEntry& split : table.splits())
      if (split.task() >= source.parallelism())
        return wrong("split {} of {} is read by task {} of {}", excerpt(split.id()), table.source(),
                     split.task(), source.parallelism());
  }
  for (const auto& [name, source] : operators_) {
    if (source.splits.empty()) continue;
    std::size_t listed = 0;
    if (source.table != nullptr)
      listed = static_cast<std::size_t>(
          std::ranges::count_if(source.table->splits(), [&](const checkpoint::SplitEntry& split) {
            const auto found = source.splits.find(split.id());
            return found != source.splits.end() && found->second.task == split.task();
          }));
    if (listed != source.splits.size())
      return wrong("tasks of {} read splits that were not listed or are another task's", name);
  }
  return {};
}

Status CheckpointContents::read_sinks() {
  std::set<std::string_view> seen;
  for (const checkpoint::SinkRecord& record : manifest_.sinks()) {
    if (!seen.insert(record.sink()).second)
      return wrong("sink {} is on record twice", excerpt(record.sink()));
    if (record.numbers() > kTasksOfAStageMax)
      return wrong("sink {} has {} writers", excerpt(record.sink()), record.numbers());
    const auto found = operators_.find(record.sink());
    if (found != operators_.end()) found->second.sink_record = &record;
  }
  return {};
}

}  // namespace tributary
