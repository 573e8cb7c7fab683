// A manifest that passes check_manifest() may still contradict itself or its graph; nothing of it
// may crash a restore.
#include "runtime/cluster/checkpoint_contents.h"

#include <functional>
#include <limits>
#include <utility>

#include <gmock/gmock.h>

#include "checkpoint/manifest/manifest_file.h"
#include "runtime/graph/job_graph.h"
#include "tests/runtime/cluster/restore_world.h"

namespace tributary::testing_restore {
namespace {

using checkpoint::Manifest;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Counter {
  std::int64_t n = 0;
};
TRIBUTARY_RECORD(Counter, n);

struct SmallJob : Job {
  SmallJob() {
    const auto charges = source("charges");
    const auto totals = process("totals");
    state<Text, Counter>(totals, "count");
    const auto out = sink("out");
    keyed(charges, totals);
    chained(totals, out);
  }
};

void edit_graph(Manifest& manifest, const std::function<void(graph::JobGraph&)>& edit) {
  graph::JobGraph graph = *graph::parse_job_graph(manifest.graph());
  edit(graph);
  manifest.set_graph(graph::serialize(graph));
}

checkpoint::StateSnapshot& keyed_of(Manifest& manifest, std::uint32_t task) {
  return *task_of(manifest, "totals", task).mutable_keyed_state();
}

void edit_entry(Manifest& manifest, int entry, const std::string& owner, const std::string& name) {
  for (const auto task : {0U, 1U}) {
    keyed_of(manifest, task).mutable_catalog(entry)->set_operator_name(owner);
    keyed_of(manifest, task).mutable_catalog(entry)->set_name(name);
  }
}

TEST(CheckpointContents, RefusesAManifestThatContradictsItself) {
  const std::vector<std::pair<const char*, std::function<void(Manifest&)>>> wrongs = {
      {"an operator without a name",
       [](Manifest& m) {
         edit_graph(m, [](auto& graph) { graph.mutable_vertices(0)->clear_name(); });
       }},
      {"control characters in a name",
       [](Manifest& m) {
         edit_graph(m, [](auto& graph) {
           graph.mutable_vertices(0)->set_name(
               "\x01"
               "1/x");
         });
       }},
      {"a name twice",
       [](Manifest& m) {
         edit_graph(m, [](auto& graph) { graph.mutable_vertices(0)->set_name("out"); });
       }},
      {"no tasks", [](Manifest& m) { m.clear_tasks(); }},
      {"a task is missing", [](Manifest& m) { m.mutable_tasks()->RemoveLast(); }},
      {"another parallelism", [](Manifest& m) { m.mutable_tasks(0)->set_parallelism(16384); }},
      {"an operator that the graph has not",
       [](Manifest& m) {
         for (const auto task : {0U, 1U}) task_of(m, "totals", task).add_operators("x");
       }},
      {"tasks of one stage with other operators",
       [](Manifest& m) { task_of(m, "totals", 1).set_operators(1, "charges"); }},
      {"an operator in two stages",
       [](Manifest& m) {
         for (const auto task : {0U, 1U}) task_of(m, "totals", task).add_operators("charges");
       }},
      {"an operator twice in a stage",
       [](Manifest& m) {
         for (const auto task : {0U, 1U}) task_of(m, "totals", task).add_operators("totals");
       }},
      {"key groups of two tasks", [](Manifest& m) { keyed_of(m, 1).set_group_begin(5); }},
      {"a state of nobody", [](Manifest& m) { edit_entry(m, 0, "x", ""); }},
      {"a state of another stage's operator", [](Manifest& m) { edit_entry(m, 0, "charges", ""); }},
      {"a state that would upset a terminal",
       [](Manifest& m) { edit_entry(m, 1, "totals", "\x1b[2J"); }},
      {"operator state of nobody",
       [](Manifest& m) { m.mutable_tasks(0)->add_operator_states()->set_operator_("totals"); }},
      {"operator state twice",
       [](Manifest& m) {
         for (int i = 0; i < 2; ++i)
           m.mutable_tasks(0)->add_operator_states()->set_operator_("charges");
       }},
      {"a time of nobody",
       [](Manifest& m) { m.mutable_tasks(0)->add_times()->set_operator_("x"); }},
      {"two times", [](Manifest& m) { m.mutable_tasks(0)->add_times()->set_operator_("charges"); }},
      {"broadcast state of nobody",
       [](Manifest& m) { m.mutable_tasks(0)->add_broadcast()->set_operator_("x"); }},
      {"a split that was not listed",
       [](Manifest& m) { m.mutable_tasks(0)->mutable_splits(0)->set_id("x"); }},
      {"a split of two tasks",
       [](Manifest& m) { *m.mutable_tasks(1)->add_splits() = m.tasks(0).splits(0); }},
      {"a split of the other task",
       [](Manifest& m) { m.mutable_sources(0)->mutable_splits(0)->set_task(1); }},
      {"splits without a table", [](Manifest& m) { m.clear_sources(); }},
      {"splits of what is no source",
       [](Manifest& m) {
         auto& split = *task_of(m, "out", 0).add_splits();
         split.set_source("out");
       }},
      {"a table of what is no source", [](Manifest& m) { m.add_sources()->set_source("out"); }},
      {"two tables", [](Manifest& m) { m.add_sources()->set_source("charges"); }},
      {"a split of a task that was not there",
       [](Manifest& m) {
         auto& split = *m.mutable_sources(0)->add_splits();
         split.set_id("s9");
         split.set_task(2);
       }},
      {"output of what is no sink",
       [](Manifest& m) { m.mutable_tasks(0)->add_sinks()->set_sink("charges"); }},
      {"a sink on record twice", [](Manifest& m) { m.add_sinks()->set_sink("out"); }},
      {"more writers than there can be",
       [](Manifest& m) { m.mutable_sinks(0)->set_numbers(0xffffffff); }},
  };
  SmallJob job;
  ASSERT_TRUE(CheckpointContents::read(checkpoint_of(job.graph(), 2)).has_value());
  for (const auto& [what, make_wrong] : wrongs) {
    Manifest manifest = checkpoint_of(job.graph(), 2);
    make_wrong(manifest);
    const auto restored = match(manifest, job.graph(), 2);
    ASSERT_FALSE(restored.has_value()) << what;
    EXPECT_EQ(restored.error()[0].code(), ErrorCode::S415)
        << what << ": " << restored.error()[0].to_string();
  }
}

TEST(CheckpointContents, RefusesWhatOthersKnowToBeWrong) {
  const std::vector<std::pair<ErrorCode, std::function<void(Manifest&)>>> wrongs = {
      {ErrorCode::G313, [](Manifest& m) { m.set_graph("\xff\xff no graph"); }},
      {ErrorCode::G313, [](Manifest& m) { m.clear_graph(); }},
      {ErrorCode::S431, [](Manifest& m) { keyed_of(m, 0).mutable_catalog(1)->set_state_id(0); }},
      {ErrorCode::S432, [](Manifest& m) { keyed_of(m, 1).mutable_catalog(1)->set_state_id(9); }},
      {ErrorCode::S431,
       [](Manifest& m) {
         for (const auto task : {0U, 1U})
           keyed_of(m, task).mutable_catalog(1)->set_value_schemas(0, "no schema");
       }},
      {ErrorCode::S474,
       [](Manifest& m) {
         task_of(m, "out", 0).mutable_sinks(0)->mutable_writers(0)->set_number(1 << 30);
       }},
      {ErrorCode::S474,
       [](Manifest& m) {
         auto& writer = *task_of(m, "out", 0).mutable_sinks(0)->mutable_writers(0);
         writer.mutable_units(0)->set_epoch(kCheckpoint + 1);
       }},
      {ErrorCode::S472,
       [](Manifest& m) {
         task_of(m, "out", 0).mutable_sinks(0)->mutable_writers(0)->set_mark("no mark");
       }},
  };
  SmallJob job;
  for (const auto& [code, make_wrong] : wrongs) {
    Manifest manifest = checkpoint_of(job.graph(), 2);
    make_wrong(manifest);
    const auto restored = match(manifest, job.graph(), 2);
    ASSERT_FALSE(restored.has_value()) << error_page(code).code;
    EXPECT_EQ(restored.error()[0].code(), code) << restored.error()[0].to_string();
  }
}

TEST(CheckpointContents, AnyNumbersOfSplitsAreTaken) {
  SmallJob job;
  for (const std::int64_t end : {kMost, std::int64_t{-1}}) {
    Manifest manifest = checkpoint_of(job.graph(), 2);
    for (auto& split : *manifest.mutable_sources(0)->mutable_splits()) {
      split.set_weight(kMost);
      split.set_end(end);
    }
    for (const auto task : {0U, 1U})
      for (auto& split : *task_of(manifest, "charges", task).mutable_splits())
        split.set_position(-kMost);
    const auto restored = match(manifest, job.graph(), 3);
    ASSERT_TRUE(restored.has_value());
    for (const auto& split : restored->sources[0].table.splits()) EXPECT_LT(split.task(), 3U);
    EXPECT_EQ(restored->sources[0].splits[0].position, -kMost);
  }
}

}  // namespace
}  // namespace tributary::testing_restore
