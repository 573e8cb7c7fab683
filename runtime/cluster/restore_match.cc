#include "runtime/cluster/restore_match.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "runtime/cluster/checkpoint_contents.h"
#include "runtime/cluster/restored_progress.h"
#include "runtime/cluster/split_assigner.h"
#include "runtime/cluster/state_evolution.h"
#include "runtime/graph/job_graph.h"

namespace tributary {
namespace {

using checkpoint::StateInCatalog;
using graph::VertexId;
using Fate = MatchLine::Fate;

// A split's weight, so that those of all splits of a source can be added.
constexpr std::int64_t kWeightMax = std::int64_t{1} << 42;

const graph::State* find_state(const graph::Vertex& vertex, std::string_view name) {
  const auto found = std::ranges::find(vertex.states(), name, &graph::State::name);
  return found == vertex.states().end() ? nullptr : &*found;
}

// "files source", "process operator".
std::string described(const graph::Vertex& vertex) {
  const std::string_view kind = vertex.kind() == graph::SOURCE ? "source"
                                : vertex.kind() == graph::SINK ? "sink"
                                                               : "operator";
  return fmt::format("{} {}", vertex.operator_type(), kind);
}

// "(2.1 GiB)" behind a name; nothing where it is not known.
std::string size_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  if (bytes == 0) return {};
  std::size_t unit = 0;
  std::uint64_t tenths = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit, bytes /= 1024)
    tenths = bytes % 1024 * 10 / 1024;
  return unit == 0 ? fmt::format(" ({} bytes)", bytes)
                   : fmt::format(" ({}.{} {})", bytes, tenths, kUnits[unit]);
}

std::int64_t left_to_read(const Split& split) {
  if (split.end < 0) return std::clamp<std::int64_t>(split.weight, 0, kWeightMax);
  std::int64_t left = 0;
  if (__builtin_sub_overflow(split.end, split.position, &left)) return kWeightMax;
  return std::clamp<std::int64_t>(left, 0, kWeightMax);
}

class Match {
 public:
  Match(const checkpoint::Manifest& manifest, const CheckpointContents& contents,
        const graph::JobGraph& graph, const graph::ExecutionPlan& plan, const MatchOptions& options)
      : manifest_(manifest), contents_(contents), graph_(graph), plan_(plan), options_(options) {}

  std::expected<RestoredJob, std::vector<Error>> run() {
    if (manifest_.key_groups() != plan_.key_group_count)
      errors_.emplace_back(
          ErrorCode::S405,
          fmt::format("checkpoint {} has {} key groups, the job has {}", manifest_.checkpoint(),
                      manifest_.key_groups(), plan_.key_group_count),
          fmt::format("give the job {} key groups", manifest_.key_groups()));
    job_.plan.checkpoint = {manifest_.checkpoint()};
    job_.plan.vertices.resize(static_cast<std::size_t>(graph_.vertices_size()));
    job_.plan.stages.resize(plan_.stages.size());
    find_operators();
    for (const auto& [name, one] : contents_.operators()) look_for_lost(one);
    for (const graph::Vertex& vertex : graph_.vertices()) match_vertex(vertex);
    for (const graph::Stage& stage : plan_.stages) match_keyed_state(stage);
    restore_progress(known_, graph_, plan_, job_.plan);
    match_sinks();
    match_sources();
    match_gates();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    for (const std::string& name : options_.drop_state) {
      if (!dropped_.contains(name)) report(Fate::kNothingToDrop, name, {}, why_kept(name));
    }
    sort_report(job_.report);
    return std::move(job_);
  }

 private:
  void find_operators() {
    for (const graph::Vertex& vertex : graph_.vertices()) {
      const OldOperator* one = contents_.find(vertex.name());
      const bool is_same = one != nullptr && one->vertex->kind() == vertex.kind() &&
                           one->vertex->operator_type() == vertex.operator_type();
      known_.push_back(is_same ? one : nullptr);
      if (is_same) found_.emplace(one, &vertex);
    }
  }
  // What the operator is now; null if it is gone.
  const graph::Vertex* now(const OldOperator& one) const {
    const auto found = found_.find(&one);
    return found == found_.end() ? nullptr : found->second;
  }
  std::uint32_t parallelism(const graph::Vertex& vertex) const {
    return plan_.stage_of(VertexId{vertex.id()}).parallelism;
  }
  void report(Fate fate, std::string_view name, std::string_view state = {},
              std::string change = {}) {
    job_.report.push_back({fate, std::string(name), std::string(state), std::move(change)});
  }

  static bool keeps(const graph::Vertex& vertex, const StateInCatalog& entry) {
    return entry.kind() == StateInCatalog::TIMERS || find_state(vertex, entry.name()) != nullptr;
  }

  // ---- S402: state without operator ----
  void lost(const std::string& name, std::string_view what, const std::string& why) {
    errors_.emplace_back(ErrorCode::S402,
                         fmt::format("{} {}; say --drop-state {} to delete it", what, why, name));
  }

  void look_for_lost(const OldOperator& one) {
    const std::string& name = one.vertex->name();
    if (const graph::Vertex* vertex = now(one)) {
      std::set<std::string_view> gone;
      for (const StateInCatalog* entry : one.catalog)
        if (one.has_keyed_state() && !keeps(*vertex, *entry)) gone.insert(entry->name());
      for (const std::string_view state : one.broadcast)
        if (find_state(*vertex, state) == nullptr) gone.insert(state);
      for (const std::string_view state : gone) {
        const std::string full = fmt::format("{}.{}", name, state);
        if (options_.drop_state.contains(full)) {
          dropped_.insert(full);
          report(Fate::kDropped, name, state);
        } else {
          lost(full, "state " + full, "is not declared by its operator any more");
        }
      }
      return;
    }
    const bool has_positions = one.table != nullptr && one.table->splits_size() > 0;
    const bool has_state =
        one.has_keyed_state() || one.has_operator_state() || !one.broadcast.empty();
    if (!has_positions && !has_state) return;
    if (options_.drop_state.contains(name)) {
      dropped_.insert(name);
      return report(Fate::kDropped, name);
    }
    const std::string what =
        has_positions ? fmt::format("source {} ({} splits read)", name, one.table->splits_size())
                      : fmt::format("state {}{}", name, size_text(one.state_bytes()));
    const auto same_name = std::ranges::find(graph_.vertices(), name, &graph::Vertex::name);
    lost(name, what,
         same_name == graph_.vertices().end()
             ? fmt::format("has no {} in the new graph", has_positions ? "place" : "operator")
             : fmt::format("was of a {}, and there is a {} of that name now",
                           described(*one.vertex), described(*same_name)));
  }

  // Of a name that --drop-state gave in vain: mistyped, or of what the graph still has.
  std::string why_kept(const std::string& name) const {
    for (const graph::Vertex& vertex : graph_.vertices()) {
      if (vertex.name() == name) return "not dropped, the graph has it";
      for (const graph::State& state : vertex.states())
        if (fmt::format("{}.{}", vertex.name(), state.name()) == name)
          return "not dropped, the graph has it";
    }
    return "nothing to drop, the checkpoint has no state of this name";
  }

  // ---- S401: states as they are declared now; operator state ----
  void match_vertex(const graph::Vertex& vertex) {
    const OldOperator* one = known_[vertex.id()];
    const bool is_source = vertex.kind() == graph::SOURCE;
    if (one == nullptr) {
      if (is_source || vertex.states_size() > 0) report(Fate::kNew, vertex.name());
      return;
    }
    for (const graph::State& state : vertex.states()) match_state(*one, state);
    job_.plan.vertices[vertex.id()].states = one->states;
    if (!is_source && vertex.states().empty() && one->catalog.empty() && !one->has_operator_state())
      return;
    const std::uint32_t tasks = parallelism(vertex);
    report(Fate::kKept, vertex.name(), {},
           tasks == one->parallelism() ? ""
                                       : fmt::format("{} tasks -> {}", one->parallelism(), tasks));
  }

  void match_state(const OldOperator& one, const graph::State& state) {
    const graph::State* was = find_state(*one.vertex, state.name());
    const auto stored = std::ranges::find_if(one.catalog, [&](const StateInCatalog* entry) {
      return entry->kind() != StateInCatalog::TIMERS && entry->name() == state.name();
    });
    const bool is_broadcast = was != nullptr && one.broadcast.contains(state.name());
    const std::string& name = one.vertex->name();
    // One that was declared then and held nothing is as it was.
    if (stored == one.catalog.end() && !is_broadcast)
      return report(was == nullptr ? Fate::kNew : Fate::kKept, name, state.name());
    auto change = stored != one.catalog.end() ? check_state_evolution(**stored, was, state)
                                              : check_broadcast_evolution(*was, state);
    if (change) return report(Fate::kKept, name, state.name(), *std::move(change));
    const Error& error = change.error();
    errors_.emplace_back(error.code(),
                         fmt::format("state {}.{}: {}. Restore refused, nothing changed", name,
                                     state.name(), error.what()),
                         error.fix());
  }

  // ---- keyed state ----
  // Whether `entry`, which is of an old stage, has its operator in `stage` and is declared by it.
  bool goes_to(const graph::Stage& stage, const StateInCatalog& entry) const {
    if (CheckpointContents::was_dropped(entry)) return false;
    const graph::Vertex* vertex = now(*contents_.find(entry.operator_name()));
    return vertex != nullptr && plan_.stage_of(VertexId{vertex->id()}).id == stage.id &&
           keeps(*vertex, entry);
  }

  void match_keyed_state(const graph::Stage& stage) {
    std::vector<std::pair<const OldStage*, const StateInCatalog*>> origins;
    for (const auto& [head, old] : contents_.stages()) {
      const auto first = std::ranges::find_if(
          old.catalog, [&](const StateInCatalog& entry) { return goes_to(stage, entry); });
      if (first != old.catalog.end()) origins.emplace_back(&old, &*first);
    }
    if (origins.empty()) return;
    if (origins.size() > 1) {
      errors_.emplace_back(
          ErrorCode::S406,
          fmt::format("operators {} and {} were in two stages and are in one now ({}), where their "
                      "states cannot be told apart",
                      origins[0].second->operator_name(), origins[1].second->operator_name(),
                      stage.label));
      return;
    }
    for (const checkpoint::TaskSnapshot* task : origins[0].first->tasks) {
      if (!task->has_keyed_state()) continue;
      checkpoint::StateSnapshot& state =
          job_.plan.stages[stage.id.index()].keyed_state.emplace_back(task->keyed_state());
      for (StateInCatalog& entry : *state.mutable_catalog()) {
        if (!CheckpointContents::was_dropped(entry) && !goes_to(stage, entry))
          entry.set_operator_name(CheckpointContents::dropped_name(entry));
      }
    }
  }

  // ---- sinks ----
  void match_sinks() {
    std::vector<std::string> kept;
    for (const graph::Vertex& vertex : graph_.vertices()) {
      if (vertex.kind() != graph::SINK) continue;
      const OldOperator* one = known_[vertex.id()];
      if (one != nullptr) kept.push_back(vertex.name());
      auto owners = plan_sink_owners(
          one == nullptr ? nullptr : one->sink_record,
          one == nullptr ? std::span<const checkpoint::SinkSnapshot>() : one->sinks,
          parallelism(vertex), {manifest_.checkpoint()}, options_.hazards);
      if (owners)
        job_.plan.vertices[vertex.id()].sink = *std::move(owners);
      else
        errors_.push_back(std::move(owners).error());
    }
    for (const auto& [name, one] : contents_.operators()) {
      Status status = check_sinks_kept(one.sinks, kept);
      if (!status) errors_.push_back(std::move(status).error());
    }
  }

  // ---- sources ----
  void match_sources() {
    for (const graph::Vertex& vertex : graph_.vertices()) {
      const OldOperator* one = known_[vertex.id()];
      if (one == nullptr || one->table == nullptr) continue;
      const std::uint32_t tasks = parallelism(vertex);
      ResumedSource& source = job_.sources.emplace_back();
      source.table.set_source(vertex.id());
      source.table.set_generation(one->table->generation());
      source.table.set_complete(one->table->complete());
      for (const checkpoint::SplitEntry& entry : one->table->splits()) {
        cluster::AssignedSplit& split = *source.table.add_splits();
        split.set_id(entry.id());
        split.set_position(entry.position());
        split.set_end(entry.end());
        split.set_weight(std::clamp<std::int64_t>(entry.weight(), 0, kWeightMax));
        split.set_task(entry.task());
        source.splits.push_back(where(*one, split));
      }
      if (tasks != one->parallelism()) reassign(source, tasks);
    }
  }

  static Split where(const OldOperator& one, const cluster::AssignedSplit& listed) {
    Split split{.id = listed.id(),
                .position = listed.position(),
                .end = listed.end(),
                .weight = listed.weight()};
    const auto read = one.splits.find(listed.id());
    if (read == one.splits.end()) return split;
    split.position = read->second.snapshot->position();
    split.highest = {read->second.snapshot->highest_micros()};
    split.detail = read->second.snapshot->detail();
    return split;
  }

  static void reassign(ResumedSource& source, std::uint32_t tasks) {
    std::vector<Split> left = source.splits;
    for (Split& split : left) split.weight = left_to_read(split);
    cluster::SourceSplits assigned;
    assign_splits(assigned, std::move(left), tasks);
    std::map<std::string_view, std::uint32_t> task_of;
    for (const cluster::AssignedSplit& split : assigned.splits())
      task_of.emplace(split.id(), split.task());
    for (cluster::AssignedSplit& split : *source.table.mutable_splits())
      split.set_task(task_of.at(split.id()));
  }

  // ---- gates ----
  void match_gates() {
    for (const graph::Gate& gate : plan_.gates) {
      const graph::Vertex& gated = graph::vertex_of(graph_, gate.gated_source);
      const OldOperator* one = known_[gated.id()];
      // What another source has to say first has not been heard, whatever gate was open.
      if (one == nullptr || one->vertex->gated_by() != gated.gated_by() ||
          known_[gate.gating_source.index()] == nullptr)
        continue;
      const bool is_open = std::ranges::any_of(manifest_.gates(), [&](const auto& stored) {
        return stored.source() == gated.name() && stored.open();
      });
      if (is_open) job_.open_gates.push_back(gate.id);
    }
  }

  const checkpoint::Manifest& manifest_;
  const CheckpointContents& contents_;
  const graph::JobGraph& graph_;
  const graph::ExecutionPlan& plan_;
  const MatchOptions& options_;
  std::vector<const OldOperator*> known_;  // by VertexId; null: new
  std::map<const OldOperator*, const graph::Vertex*> found_;
  std::set<std::string> dropped_;  // names of options_.drop_state that did something
  RestoredJob job_;
  std::vector<Error> errors_;
};

}  // namespace

RestorePlan plan_first_start(const graph::JobGraph& graph, const graph::ExecutionPlan& plan) {
  RestorePlan first;
  first.vertices.resize(static_cast<std::size_t>(graph.vertices_size()));
  for (const graph::Vertex& vertex : graph.vertices()) {
    RestorePlan::Vertex& one = first.vertices[vertex.id()];
    const std::uint32_t tasks = plan.stage_of(VertexId{vertex.id()}).parallelism;
    one.times.resize(tasks);
    if (vertex.kind() != graph::SINK) continue;
    auto owners = plan_sink_owners(nullptr, {}, tasks, Epoch{0});
    TRIBUTARY_CHECK(owners.has_value(), "a new sink: {}", owners.error().what());
    one.sink = *std::move(owners);
  }
  for (const graph::Stage& stage : plan.stages)
    first.stages.push_back({.finished = std::vector<bool>(stage.parallelism, false)});
  return first;
}

std::expected<RestoredJob, std::vector<Error>> match_checkpoint(
    const checkpoint::Manifest& manifest, const graph::JobGraph& graph,
    const graph::ExecutionPlan& plan, const MatchOptions& options) {
  auto contents = CheckpointContents::read(manifest);
  if (!contents) return std::unexpected(std::vector<Error>{std::move(contents).error()});
  return Match(manifest, *contents, graph, plan, options).run();
}

}  // namespace tributary
