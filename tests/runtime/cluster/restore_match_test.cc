// What a restore keeps when the job is the same, has another parallelism, or was edited.
#include "runtime/cluster/restore_match.h"

#include <gmock/gmock.h>

#include "checkpoint/tiered_catalog.h"
#include "tests/runtime/cluster/restore_world.h"

namespace tributary::testing_restore {
namespace {

using checkpoint::StateInCatalog;
using graph::StageId;
using graph::VertexId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Totals {
  std::int32_t n = 0;
  Money billed;
};
TRIBUTARY_RECORD(Totals, n, billed);

// charges =key=> totals -> out, with a value, a map and a list.
struct CostJob : Job {
  const std::uint32_t charges = source("charges");
  const std::uint32_t totals = process("totals");
  const std::uint32_t out = sink("out");
  CostJob() {
    state<Text, Totals>(totals, "by_account");
    state<Text, Totals>(totals, "by_line", "map");
    state<Text, Totals>(totals, "recent", "list");
    keyed(charges, totals);
    chained(totals, out);
  }
};

const RestorePlan::Stage& stage_of(const RestoredJob& job, const graph::JobGraph& graph,
                                   std::uint32_t slots, std::uint32_t vertex) {
  const StageId id = plan_of(graph, slots).stage_of(VertexId{vertex}).id;
  return job.plan.stages[id.index()];
}

std::vector<std::string> catalog_of(const checkpoint::StateSnapshot& state) {
  std::vector<std::string> names;
  for (const StateInCatalog& entry : state.catalog())
    names.push_back(entry.operator_name() + "." + entry.name());
  return names;
}

// The one error of a match that must not succeed.
Error refused(const checkpoint::Manifest& manifest, const graph::JobGraph& graph,
              std::uint32_t slots = 2, const MatchOptions& options = {}) {
  auto job = match(manifest, graph, slots, options);
  EXPECT_FALSE(job.has_value());
  if (job) return {ErrorCode::X901, "not refused"};
  EXPECT_THAT(job.error(), SizeIs(1));
  return job.error().front();
}

TEST(FirstStart, HasEverythingNew) {
  CostJob job;
  const graph::ExecutionPlan plan = plan_of(job.graph(), 2);
  const RestorePlan first = plan_first_start(job.graph(), plan);
  EXPECT_EQ(first.checkpoint, CheckpointId{});
  ASSERT_THAT(first.vertices, SizeIs(3));
  for (const RestorePlan::Vertex& vertex : first.vertices) {
    EXPECT_THAT(vertex.times, ElementsAre(OperatorTime{}, OperatorTime{}));
    EXPECT_THAT(vertex.states, IsEmpty());
  }
  EXPECT_EQ(first.vertices[job.out].sink.numbers, 2U);
  EXPECT_THAT(first.vertices[job.out].sink.tasks, SizeIs(2));
  EXPECT_THAT(first.vertices[job.totals].sink.tasks, IsEmpty());
  ASSERT_THAT(first.stages, SizeIs(plan.stages.size()));
  for (const RestorePlan::Stage& stage : first.stages) {
    EXPECT_THAT(stage.keyed_state, IsEmpty());
    EXPECT_THAT(stage.finished, ElementsAre(false, false));
  }
}

TEST(RestoreMatch, TheSameJobFindsEverything) {
  CostJob job;
  auto manifest = checkpoint_of(job.graph(), 2);
  auto& own = *task_of(manifest, "totals", 1).add_operator_states();
  own.set_operator_("totals");
  own.set_bytes("cursor");
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value()) << restored.error()[0].to_string();

  EXPECT_EQ(restored->plan.checkpoint, CheckpointId{kCheckpoint});
  EXPECT_FALSE(restored->plan.only_publish);
  const auto& states = restored->plan.vertices[job.totals].states;
  ASSERT_THAT(states, SizeIs(2));
  EXPECT_EQ(states[0].bytes(), "");
  EXPECT_EQ(states[1].bytes(), "cursor");
  const auto& keyed = stage_of(*restored, job.graph(), 2, job.totals).keyed_state;
  ASSERT_THAT(keyed, SizeIs(2));
  EXPECT_EQ(keyed[1].SerializeAsString(),
            task_of(manifest, "totals", 1).keyed_state().SerializeAsString());
  EXPECT_THAT(stage_of(*restored, job.graph(), 2, job.charges).keyed_state, IsEmpty());

  ASSERT_THAT(restored->sources, SizeIs(1));
  const ResumedSource& source = restored->sources[0];
  EXPECT_EQ(source.table.source(), job.charges);
  EXPECT_EQ(source.table.generation(), 3U);
  EXPECT_TRUE(source.table.complete());
  ASSERT_EQ(source.table.splits_size(), 4);
  EXPECT_EQ(source.table.splits(3).task(), 1U);
  EXPECT_EQ(source.table.splits(3).position(), 0);
  EXPECT_EQ(source.splits[3].id, "s3");
  EXPECT_EQ(source.splits[3].position, 40);
  EXPECT_EQ(source.splits[3].highest, Timestamp{1003});
  EXPECT_EQ(source.splits[3].detail, "epoch 3");

  EXPECT_EQ(match_text(restored->report), "kept 2, new 0, dropped 0");
}

TEST(RestoreMatch, AVertexIsFoundByItsNameWhereverItStandsInTheGraph) {
  CostJob before;
  Job job;
  const auto out = job.sink("out");
  const auto totals = job.process("totals");
  job.state<Text, Totals>(totals, "by_account");
  job.state<Text, Totals>(totals, "by_line", "map");
  job.state<Text, Totals>(totals, "recent", "list");
  const auto charges = job.source("charges");
  job.keyed(charges, totals);
  job.chained(totals, out);
  const auto restored = match(checkpoint_of(before.graph(), 2), job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(restored->sources[0].table.source(), charges);
  EXPECT_EQ(restored->plan.vertices[out].sink.tasks[1][0].units.size(), 1U);
  EXPECT_THAT(stage_of(*restored, job.graph(), 2, totals).keyed_state, SizeIs(2));
}

TEST(RestoreMatch, AnotherNumberOfKeyGroupsIsRefusedNamingBoth) {
  CostJob job;
  const auto manifest = checkpoint_of(job.graph(), 2);
  job.graph().set_key_groups(128);
  const Error error = refused(manifest, job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S405);
  EXPECT_EQ(error.what(), "checkpoint 7 has 64 key groups, the job has 128");
}

// ---- other parallelism ----

TEST(RestoreMatch, EachTaskOfAnotherParallelismGetsTheStateOfAllOldTasks) {
  CostJob job;
  const auto manifest = checkpoint_of(job.graph(), 2);
  for (const std::uint32_t slots : {1U, 3U}) {
    const auto restored = match(manifest, job.graph(), slots);
    ASSERT_TRUE(restored.has_value());
    EXPECT_THAT(stage_of(*restored, job.graph(), slots, job.totals).keyed_state, SizeIs(2));
    EXPECT_THAT(restored->plan.vertices[job.totals].states, SizeIs(2));
    EXPECT_EQ(match_text(restored->report),
              fmt::format("kept 2, new 0, dropped 0\ncharges: 2 tasks -> {0}\n"
                          "totals: 2 tasks -> {0}",
                          slots));
  }
}

TEST(RestoreMatch, Rule59_SplitsOfAnotherParallelismKeepTheirPositions) {
  CostJob job;
  auto manifest = checkpoint_of(job.graph(), 2);
  // s1 was given to a task that has not begun it.
  task_of(manifest, "charges", 1).mutable_splits()->DeleteSubrange(0, 1);
  const auto restored = match(manifest, job.graph(), 3);
  ASSERT_TRUE(restored.has_value());
  const ResumedSource& source = restored->sources[0];
  std::vector<std::int64_t> positions;
  for (const Split& split : source.splits) positions.push_back(split.position);
  EXPECT_THAT(positions, ElementsAre(10, 0, 30, 40));
  EXPECT_EQ(source.splits[1].highest, Timestamp::min());
  EXPECT_EQ(source.splits[2].highest, Timestamp{1002});
}

TEST(RestoreMatch, Rule58_SplitsAreReassignedByWhatIsLeftToRead) {
  CostJob job;
  auto manifest = checkpoint_of(job.graph(), 1);
  for (int i = 0; i < 3; ++i)
    task_of(manifest, "charges", 0).mutable_splits(i)->set_position(i == 0 ? 0 : 95);
  // What is left: 100, 5, 5, 60.
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  std::vector<std::uint32_t> tasks;
  for (const auto& split : restored->sources[0].table.splits()) tasks.push_back(split.task());
  EXPECT_THAT(tasks, ElementsAre(0, 1, 1, 1));
  EXPECT_EQ(restored->sources[0].table.splits(1).weight(), 100);
}

TEST(RestoreMatch, Rule7_SinksOnFewerTasksInheritTheOtherWriters) {
  CostJob job;
  const auto restored = match(checkpoint_of(job.graph(), 3), job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  const SinkOwnership& sink = restored->plan.vertices[job.out].sink;
  EXPECT_EQ(sink.numbers, 3U);
  ASSERT_THAT(sink.tasks, SizeIs(2));
  ASSERT_THAT(sink.tasks[0], SizeIs(2));
  EXPECT_EQ(sink.tasks[0][1].number, WriterNumber{2});
  EXPECT_THAT(sink.tasks[0][1].units, SizeIs(1));
}

// ---- edited graphs ----

TEST(RestoreMatch, AnOperatorAddedInTheMiddleTakesNothingAway) {
  CostJob before;
  Job job;
  const auto charges = job.source("charges");
  const auto unit_cost = job.process("unit-cost");
  job.state<Text, Totals>(unit_cost, "costs");
  const auto totals = job.process("totals");
  job.state<Text, Totals>(totals, "by_account");
  job.state<Text, Totals>(totals, "by_line", "map");
  job.state<Text, Totals>(totals, "recent", "list");
  const auto out = job.sink("out");
  job.keyed(charges, unit_cost);
  job.keyed(unit_cost, totals);
  job.chained(totals, out);
  const auto restored = match(checkpoint_of(before.graph(), 2), job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report), "kept 2, new 1 (unit-cost), dropped 0");
  EXPECT_THAT(stage_of(*restored, job.graph(), 2, unit_cost).keyed_state, IsEmpty());
  EXPECT_THAT(stage_of(*restored, job.graph(), 2, totals).keyed_state, SizeIs(2));
  EXPECT_THAT(restored->plan.vertices[unit_cost].states, IsEmpty());
}

TEST(RestoreMatch, AnOperatorWithoutStateMayGo) {
  Job before;
  const auto a = before.source("charges");
  const auto b = before.map("clean");
  const auto c = before.sink("out");
  before.chained(a, b);
  before.chained(b, c);
  Job job;
  job.chained(job.source("charges"), job.sink("out"));
  const auto restored = match(checkpoint_of(before.graph(), 2), job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report), "kept 1, new 0, dropped 0");
}

// charges =key=> dedupe -> totals -> out, where dedupe and totals share a stage.
struct DedupeJob : Job {
  const std::uint32_t charges = source("charges");
  const std::uint32_t dedupe = process("dedupe");
  const std::uint32_t totals = process("totals");
  const std::uint32_t out = sink("out");
  explicit DedupeJob(bool one_stage = true) {
    state<Text, Totals>(dedupe, "seen");
    state<Text, Totals>(totals, "by_account");
    keyed(charges, dedupe);
    if (one_stage)
      chained(dedupe, totals);
    else
      rebalanced(dedupe, totals);
    chained(totals, out);
  }
};
// The same without dedupe.
struct PlainJob : Job {
  const std::uint32_t charges = source("charges");
  const std::uint32_t totals = process("totals");
  const std::uint32_t out = sink("out");
  PlainJob() {
    state<Text, Totals>(totals, "by_account");
    keyed(charges, totals);
    chained(totals, out);
  }
};

TEST(RestoreMatch, StateWithoutOperatorIsRefusedUnlessItIsDropped) {
  const auto manifest = checkpoint_of(DedupeJob(false).graph(), 2);
  PlainJob job;
  const Error error = refused(manifest, job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S402);
  EXPECT_EQ(error.what(),
            "state dedupe (3.0 KiB) has no operator in the new graph; say --drop-state dedupe to "
            "delete it");
  const auto restored = match(manifest, job.graph(), 2, {.drop_state = {"dedupe"}});
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report), "kept 2, new 0, dropped 1 (dedupe)");
  // It had a stage of its own: nothing of it is read again.
  for (const auto& state : stage_of(*restored, job.graph(), 2, job.totals).keyed_state)
    EXPECT_THAT(catalog_of(state), ElementsAre("totals.", "totals.by_account"));
}

TEST(RestoreMatch, WhatIsToBeDroppedInVainIsSaid) {
  const auto manifest = checkpoint_of(DedupeJob(false).graph(), 2);
  PlainJob job;
  const auto restored =
      match(manifest, job.graph(), 2, {.drop_state = {"dedupe", "dedup", "totals.by_account"}});
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report),
            "kept 2, new 0, dropped 1 (dedupe)\n"
            "dedup: nothing to drop, the checkpoint has no state of this name\n"
            "totals.by_account: not dropped, the graph has it");
}

TEST(RestoreMatch, ARenamedOperatorIsNewAndItsStateIsNotLostSilently) {
  PlainJob before;
  const auto manifest = checkpoint_of(before.graph(), 2);
  PlainJob job;
  job.vertex(job.totals).set_name("sums");
  EXPECT_EQ(refused(manifest, job.graph()).code(), ErrorCode::S402);
  const auto restored = match(manifest, job.graph(), 2, {.drop_state = {"totals"}});
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report), "kept 1, new 1 (sums), dropped 1 (totals)");
}

TEST(RestoreMatch, OperatorStateAndBroadcastStateAreStateToo) {
  PlainJob before;
  auto manifest = checkpoint_of(before.graph(), 1);
  PlainJob job;
  job.vertex(job.out).set_name("results");
  task_of(manifest, "out", 0).clear_sinks();
  EXPECT_TRUE(match(manifest, job.graph(), 1).has_value());
  auto& own = *task_of(manifest, "out", 0).add_operator_states();
  own.set_operator_("out");
  own.set_bytes("12 bytes ...");
  const Error error = refused(manifest, job.graph(), 1);
  EXPECT_EQ(error.code(), ErrorCode::S402);
  EXPECT_THAT(error.what(), HasSubstr("state out (12 bytes) has no operator"));
  task_of(manifest, "out", 0).clear_operator_states();
  auto& copy = *task_of(manifest, "out", 0).add_broadcast();
  copy.set_operator_("out");
  copy.set_state("rules");
  EXPECT_EQ(refused(manifest, job.graph(), 1).code(), ErrorCode::S402);
}

TEST(RestoreMatch, ASourceThatIsGoneLeavesPositions) {
  PlainJob before;
  const auto manifest = checkpoint_of(before.graph(), 2);
  PlainJob job;
  job.vertex(job.charges).set_name("bills");
  const Error error = refused(manifest, job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S402);
  EXPECT_EQ(error.what(),
            "source charges (4 splits read) has no place in the new graph; say --drop-state "
            "charges to delete it");
  const auto restored = match(manifest, job.graph(), 2, {.drop_state = {"charges"}});
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->sources, IsEmpty());
}

TEST(RestoreMatch, AnotherTypeOfOperatorUnderTheNameDoesNotTakeTheState) {
  PlainJob before;
  const auto manifest = checkpoint_of(before.graph(), 2);
  PlainJob job;
  job.vertex(job.charges).set_operator_type("kafka");
  const Error error = refused(manifest, job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S402);
  EXPECT_THAT(error.what(), HasSubstr("was of a files source, and there is a kafka source of"));
}

TEST(RestoreMatch, StagedOutputOfASinkThatIsGoneIsRefused) {
  PlainJob before;
  const auto manifest = checkpoint_of(before.graph(), 2);
  PlainJob job;
  job.vertex(job.out).set_name("results");
  const Error error = refused(manifest, job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S474);
  EXPECT_THAT(error.what(), HasSubstr("no sink out"));
}

TEST(RestoreMatch, AllReasonsComeAtOnce) {
  DedupeJob before;
  const auto manifest = checkpoint_of(before.graph(), 2);
  PlainJob job;
  job.graph().set_key_groups(32);
  job.vertex(job.out).set_name("results");
  job.vertex(job.totals).mutable_states(0)->set_key_schema(schema_bytes<Totals>());
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_FALSE(restored.has_value());
  std::vector<ErrorCode> codes;
  for (const Error& error : restored.error()) codes.push_back(error.code());
  EXPECT_THAT(codes,
              ElementsAre(ErrorCode::S405, ErrorCode::S402, ErrorCode::S401, ErrorCode::S474));
}

// ---- state that is carried along ----

TEST(RestoreMatch, DroppedStateIsNeverFoundAgainByALaterOperatorOfItsName) {
  DedupeJob before;
  PlainJob job;
  const auto dropped =
      match(checkpoint_of(before.graph(), 2), job.graph(), 2, {.drop_state = {"dedupe"}});
  ASSERT_TRUE(dropped.has_value());
  const auto& kept = stage_of(*dropped, job.graph(), 2, job.totals).keyed_state;
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_THAT(catalog_of(kept[1]), ElementsAre("\x01"
                                               "1/dedupe.",
                                               "\x01"
                                               "2/dedupe.seen",
                                               "totals.", "totals.by_account"));

  // A task that declares the name again gets an id that nobody had (rule 33).
  TieredCatalog catalog;
  for (const auto& state : kept) ASSERT_TRUE(catalog.restore(state.catalog()).has_value());
  const auto seen = catalog.declare(
      "dedupe", StateInCatalog::VALUE,
      {.name = "seen", .key_type = &type_info<Text>(), .value_type = &type_info<Totals>()});
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ((*seen)->state_id(), 5U);

  // The next checkpoint carries it along; a later graph has a dedupe again, then drops it again.
  auto next = checkpoint_of(job.graph(), 2);
  for (const std::uint32_t task : {0U, 1U})
    *task_of(next, "totals", task).mutable_keyed_state()->mutable_catalog() = kept[task].catalog();
  const auto again = match(next, before.graph(), 2);
  ASSERT_TRUE(again.has_value()) << again.error()[0].to_string();
  EXPECT_EQ(match_text(again->report), "kept 2, new 1 (dedupe), dropped 0");
  const auto& carried = stage_of(*again, before.graph(), 2, before.totals).keyed_state;
  EXPECT_EQ(catalog_of(carried[0]), catalog_of(kept[0]));
}

TEST(RestoreMatch, StateThatItsOperatorDeclaresNoMoreIsDroppedByItsFullName) {
  CostJob before;
  const auto manifest = checkpoint_of(before.graph(), 1);
  PlainJob job;
  const auto both = match(manifest, job.graph(), 1, {.drop_state = {"totals"}});
  ASSERT_FALSE(both.has_value());
  ASSERT_THAT(both.error(), SizeIs(2));
  EXPECT_EQ(both.error()[0].what(),
            "state totals.by_line is not declared by its operator any more; say --drop-state "
            "totals.by_line to delete it");
  const auto restored =
      match(manifest, job.graph(), 1, {.drop_state = {"totals.by_line", "totals.recent"}});
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(catalog_of(stage_of(*restored, job.graph(), 1, job.totals).keyed_state[0]),
              ElementsAre("totals.", "totals.by_account",
                          "\x01"
                          "3/totals.by_line",
                          "\x01"
                          "5/totals.recent"));
  EXPECT_EQ(match_text(restored->report),
            "kept 2, new 0, dropped 0\ntotals.by_line: dropped\ntotals.recent: dropped");
}

TEST(RestoreMatch, AStateIsNewOnlyIfItWasNotDeclaredBefore) {
  CostJob job;
  auto manifest = checkpoint_of(job.graph(), 1);
  // Declared, but not used by the job as it was set: it held nothing.
  task_of(manifest, "totals", 0).mutable_keyed_state()->mutable_catalog()->RemoveLast();
  EXPECT_EQ(match_text(match(manifest, job.graph(), 1)->report), "kept 2, new 0, dropped 0");
  job.state<Text, Totals>(job.totals, "peak");
  EXPECT_EQ(match_text(match(manifest, job.graph(), 1)->report),
            "kept 2, new 0, dropped 0\ntotals.peak: new");
}

TEST(RestoreMatch, StatesThatNobodyEverWroteMayGo) {
  DedupeJob before(false);
  auto manifest = checkpoint_of(before.graph(), 2);
  for (const std::uint32_t task : {0U, 1U})
    task_of(manifest, "dedupe", task).mutable_keyed_state()->clear_layers();
  PlainJob job;
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report), "kept 2, new 0, dropped 0");
}

TEST(RestoreMatch, TwoStagesMadeOfOneBothGetItsStateAndFindOnlyTheirOwn) {
  DedupeJob before(true);
  DedupeJob job(false);
  const auto restored = match(checkpoint_of(before.graph(), 2), job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  const auto& first = stage_of(*restored, job.graph(), 2, job.dedupe).keyed_state;
  const auto& second = stage_of(*restored, job.graph(), 2, job.totals).keyed_state;
  ASSERT_THAT(first, SizeIs(2));
  ASSERT_THAT(second, SizeIs(2));
  EXPECT_THAT(catalog_of(first[0]), ElementsAre("dedupe.", "dedupe.seen",
                                                "\x01"
                                                "3/totals.",
                                                "\x01"
                                                "4/totals.by_account"));
  EXPECT_THAT(catalog_of(second[0]), ElementsAre("\x01"
                                                 "1/dedupe.",
                                                 "\x01"
                                                 "2/dedupe.seen",
                                                 "totals.", "totals.by_account"));
}

TEST(RestoreMatch, TwoStagesWithStateDoNotBecomeOne) {
  DedupeJob before(false);
  DedupeJob job(true);
  const Error error = refused(checkpoint_of(before.graph(), 2), job.graph());
  EXPECT_EQ(error.code(), ErrorCode::S406);
  EXPECT_THAT(error.what(), HasSubstr("operators dedupe and totals were in two stages"));
}

// ---- gates ----

TEST(RestoreMatch, Rule44_AnOpenGateStaysOpenForTheSourceThatItWaitedFor) {
  const auto gated = [](const std::string& gate) {
    Job job;
    const auto out = job.sink("out");
    for (const char* name : {"rules", "prices", "charges"}) job.rebalanced(job.source(name), out);
    job.vertex(3).set_gated_by(gate);
    return job.graph();
  };
  auto manifest = checkpoint_of(gated("rules"), 2);
  EXPECT_THAT(match(manifest, gated("rules"), 2)->open_gates, ElementsAre(graph::GateId{0}));
  EXPECT_THAT(match(manifest, gated("prices"), 2)->open_gates, IsEmpty());
  auto other_rules = gated("rules");
  other_rules.mutable_vertices(1)->set_operator_type("kafka");
  EXPECT_THAT(match(manifest, other_rules, 2, {.drop_state = {"rules"}})->open_gates, IsEmpty());
  manifest.mutable_gates(0)->set_open(false);
  EXPECT_THAT(match(manifest, gated("rules"), 2)->open_gates, IsEmpty());
}

}  // namespace
}  // namespace tributary::testing_restore
