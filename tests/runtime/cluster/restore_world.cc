#include "tests/runtime/cluster/restore_world.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "checkpoint/manifest/manifest_file.h"
#include "checkpoint/publish/lineage.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace tributary::testing_restore {
namespace {

using checkpoint::StateInCatalog;

constexpr Hash128 kLineage{1, 2};

void add_keyed_state(const graph::Vertex& vertex, const graph::Stage& stage, std::uint32_t task,
                     checkpoint::TaskSnapshot& snapshot) {
  if (vertex.states().empty()) return;
  checkpoint::StateSnapshot& state = *snapshot.mutable_keyed_state();
  const auto groups = stage.routing.groups_of(task);
  state.set_key_group_count(kKeyGroups);
  state.set_group_begin(groups.front().value);
  state.set_group_end(groups.back().value + 1U);
  const auto add = [&](const std::string& name, StateInCatalog::Kind kind) -> StateInCatalog& {
    std::uint32_t next = 1;
    for (const StateInCatalog& entry : state.catalog())
      next = entry.state_id() + (entry.kind() == StateInCatalog::MAP ? 2 : 1);
    StateInCatalog& entry = *state.add_catalog();
    entry.set_operator_name(vertex.name());
    entry.set_name(name);
    entry.set_kind(kind);
    entry.set_state_id(next);
    return entry;
  };
  add("", StateInCatalog::TIMERS);
  for (const graph::State& declared : vertex.states()) {
    if (declared.kind() == "broadcast") {
      checkpoint::BroadcastCopy& copy = *snapshot.add_broadcast();
      copy.set_operator_(vertex.name());
      copy.set_state(declared.name());
      continue;
    }
    StateInCatalog& entry = add(
        declared.name(), declared.kind() == "value" ? StateInCatalog::VALUE : StateInCatalog::MAP);
    if (declared.kind() == "map") {
      entry.set_key_schema(schema_bytes<Text>());
      entry.set_map_key_schema(declared.key_schema());
    } else {
      entry.set_key_schema(declared.key_schema());
    }
    entry.add_value_schemas(declared.value_schema());
  }
  checkpoint::StateLayer& layer = *state.add_layers();
  layer.set_group_begin(state.group_begin());
  layer.set_group_end(state.group_end());
  checkpoint::PieceRef& piece = *layer.add_deltas()->mutable_piece();
  piece.mutable_blob()->set_name(fmt::format("blobs/{}-{}", vertex.name(), task));
  piece.mutable_blob()->set_size(1536);
  piece.set_length(1536);
}

void add_source(const graph::Vertex& vertex, const graph::Stage& stage,
                checkpoint::Manifest& manifest) {
  checkpoint::SplitTable& table = *manifest.add_sources();
  table.set_source(vertex.name());
  table.set_generation(3);
  table.set_complete(true);
  for (std::uint32_t i = 0; i < 4; ++i) {
    checkpoint::SplitEntry& entry = *table.add_splits();
    entry.set_id(fmt::format("s{}", i));
    entry.set_end(100);
    entry.set_weight(100);
    entry.set_task(i % stage.parallelism);
    checkpoint::SplitSnapshot& split = *task_of(manifest, vertex.name(), entry.task()).add_splits();
    split.set_source(vertex.name());
    split.set_id(entry.id());
    split.set_position(10 * (i + 1));
    split.set_end(100);
    split.set_highest_micros(1000 + i);
    split.set_detail(fmt::format("epoch {}", i));
  }
}

}  // namespace

Job::Job() { builder_.graph.set_key_groups(kKeyGroups); }

std::uint32_t Job::source(const std::string& name, std::uint32_t parallelism) {
  const auto id = builder_.source(name, parallelism);
  builder_.vertex(id).set_operator_type("files");
  return id;
}
std::uint32_t Job::process(const std::string& name, std::uint32_t parallelism) {
  const auto id = builder_.map(name, parallelism);
  builder_.vertex(id).set_operator_type("process");
  return id;
}
std::uint32_t Job::map(const std::string& name) {
  const auto id = builder_.map(name);
  builder_.vertex(id).set_operator_type("map");
  return id;
}
std::uint32_t Job::sink(const std::string& name, std::uint32_t parallelism) {
  const auto id = builder_.sink(name, parallelism);
  builder_.vertex(id).set_operator_type("files");
  return id;
}
void Job::keyed(std::uint32_t from, std::uint32_t to) {
  builder_.edge(from, to, graph::KEYED).set_key("account");
}
void Job::chained(std::uint32_t from, std::uint32_t to) { builder_.edge(from, to); }
void Job::rebalanced(std::uint32_t from, std::uint32_t to) {
  builder_.edge(from, to, graph::REBALANCE);
}

graph::ExecutionPlan plan_of(const graph::JobGraph& graph, std::uint32_t slots) {
  auto plan = graph::plan(graph, {.slots = slots});
  EXPECT_TRUE(plan.has_value()) << plan.error()[0].to_string();
  return *plan;
}

checkpoint::Manifest checkpoint_of(const graph::JobGraph& graph, std::uint32_t slots) {
  const graph::ExecutionPlan plan = plan_of(graph, slots);
  checkpoint::Manifest manifest;
  manifest.set_kind(checkpoint::CHECKPOINT);
  manifest.set_uid(std::string(16, 'u'));
  *manifest.mutable_lineages() = LineageHistory(kLineage).encode();
  manifest.set_checkpoint(kCheckpoint);
  manifest.set_graph_digest(std::string(16, 'd'));
  manifest.set_graph(graph::serialize(graph));
  manifest.set_key_groups(kKeyGroups);
  for (const graph::Stage& stage : plan.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task) {
      checkpoint::TaskSnapshot& snapshot = *manifest.add_tasks();
      snapshot.set_task(task);
      snapshot.set_parallelism(stage.parallelism);
      for (const graph::VertexId id : stage.vertices) {
        const graph::Vertex& vertex = graph::vertex_of(graph, id);
        snapshot.add_operators(vertex.name());
        checkpoint::OperatorTime& time = *snapshot.add_times();
        time.set_operator_(vertex.name());
        time.set_watermark_micros(100 + task);
        add_keyed_state(vertex, stage, task, snapshot);
        if (vertex.kind() != graph::SINK) continue;
        checkpoint::SinkSnapshot& sink = *snapshot.add_sinks();
        sink.set_sink(vertex.name());
        checkpoint::WriterSnapshot& writer = *sink.add_writers();
        writer.set_number(task);
        writer.add_units()->set_epoch(kCheckpoint);
      }
    }
  }
  for (const graph::Vertex& vertex : graph.vertices()) {
    const graph::Stage& stage = plan.stage_of(graph::VertexId{vertex.id()});
    if (vertex.kind() == graph::SOURCE) {
      add_source(vertex, stage, manifest);
    } else if (vertex.kind() == graph::SINK) {
      checkpoint::SinkRecord& record = *manifest.add_sinks();
      record.set_sink(vertex.name());
      record.set_numbers(stage.parallelism);
    }
    if (vertex.gated_by().empty()) continue;
    checkpoint::GateSnapshot& gate = *manifest.add_gates();
    gate.set_source(vertex.name());
    gate.set_open(true);
  }
  return manifest;
}

checkpoint::TaskSnapshot& task_of(checkpoint::Manifest& manifest, const std::string& name,
                                  std::uint32_t task) {
  const auto found = std::ranges::find_if(*manifest.mutable_tasks(), [&](const auto& one) {
    return one.task() == task && std::ranges::count(one.operators(), name) > 0;
  });
  TRIBUTARY_CHECK(found != manifest.mutable_tasks()->end(), "task {} of {}", task, name);
  return *found;
}

checkpoint::OperatorTime& time_of(checkpoint::Manifest& manifest, const std::string& name,
                                  std::uint32_t task) {
  auto& times = *task_of(manifest, name, task).mutable_times();
  const auto found =
      std::ranges::find(times, name, [](const auto& time) { return time.operator_(); });
  TRIBUTARY_CHECK(found != times.end(), "no time of {}", name);
  return *found;
}

std::expected<RestoredJob, std::vector<Error>> match(const checkpoint::Manifest& manifest,
                                                     const graph::JobGraph& graph,
                                                     std::uint32_t slots,
                                                     const MatchOptions& options) {
  const Status checked = check_manifest(manifest, "the manifest");
  EXPECT_TRUE(checked.has_value()) << checked.error().what();
  return match_checkpoint(manifest, graph, plan_of(graph, slots), options);
}

}  // namespace tributary::testing_restore
