#include "runtime/graph/planner.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/graph/graph_builder.h"

namespace tributary::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ExecutionPlan made(const JobGraph& graph, std::uint32_t slots = 4) {
  auto result = plan(graph, {.slots = slots});
  if (!result) {
    for (const Error& error : result.error()) ADD_FAILURE() << error.to_string();
    return {};
  }
  return *std::move(result);
}

std::vector<std::string> reasons(const JobGraph& graph, const PlanOptions& options) {
  std::vector<std::string> texts;
  const auto result = plan(graph, options);
  if (!result)
    for (const Error& error : result.error())
      texts.push_back(std::string(error_page(error.code()).code) + " " + error.what());
  return texts;
}

std::vector<std::string> labels(const ExecutionPlan& plan) {
  std::vector<std::string> texts;
  for (const Stage& stage : plan.stages) texts.push_back(stage.label);
  return texts;
}

TEST(Planner, FusesWhatIsChainedAndCutsAtExchanges) {
  const ExecutionPlan plan = made(spend_by_team());
  EXPECT_THAT(labels(plan),
              ElementsAre("rules", "charges", "attribute -> unmatched", "hourly -> hourly-out"));
  EXPECT_THAT(plan.chained_edges, ElementsAre(EdgeId{3}, EdgeId{4}));
  ASSERT_EQ(plan.exchanges.size(), 3U);
  EXPECT_EQ(plan.exchanges[0].kind, KEYED);
  EXPECT_EQ(plan.exchanges[0].key, "account");
  EXPECT_EQ(plan.exchanges[0].channel_count, 16U);
  EXPECT_EQ(plan.exchanges[1].kind, BROADCAST);
  EXPECT_EQ(plan.exchanges[1].to_input, 1U);
  EXPECT_EQ(plan.exchanges[1].channel_count, 4U);
  EXPECT_TRUE(plan.stages[0].is_source);
  EXPECT_FALSE(plan.stages[2].is_source);
  EXPECT_EQ(plan.stages[2].routing.task_count(), 4U);
  EXPECT_EQ(plan.stages[2].routing.group_count(), 1024U);
  EXPECT_EQ(plan.stage_of({5}).id, StageId{2});
}

TEST(Planner, GivesASourceThatOnlyFeedsBroadcastsOneTask) {
  GraphBuilder job;
  const auto rules = job.source("rules");
  const auto parse = job.map("parse");
  const auto in = job.source("in");
  const auto join = job.map("join");
  job.edge(rules, parse);
  job.edge(parse, join, BROADCAST, 1);
  job.edge(in, join);
  job.edge(join, job.sink("out"));
  const ExecutionPlan plan = made(job.graph);
  EXPECT_THAT(labels(plan), ElementsAre("rules -> parse", "in", "join -> out"));
  EXPECT_EQ(plan.stages[0].parallelism, 1U);
  EXPECT_EQ(plan.stages[1].parallelism, 4U);
}

TEST(Planner, RefusesABroadcastByMoreThanOneTaskEvenIfThereIsOneSlot) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto rules = job.map("rules");
  const auto join = job.map("join");
  job.edge(in, rules, KEYED);
  job.edge(in, join);
  job.edge(rules, join, BROADCAST, 1);
  job.edge(join, job.sink("out"));
  const auto text =
      "G307 \"rules\" (job.cc:11) is broadcast, but has the job's parallelism; a broadcast has one "
      "sender, so that all "
      "receivers see the same order";
  EXPECT_THAT(reasons(job.graph, {.slots = 4}), ElementsAre(text));
  EXPECT_THAT(reasons(job.graph, {.slots = 1}), ElementsAre(text));
  job.vertex(rules).set_parallelism(1);
  EXPECT_THAT(reasons(job.graph, {.slots = 4}), IsEmpty());
}

TEST(Planner, DoesNotFuseADiamondIntoACycle) {
  // a chains to b and to d; b reaches c by key; c chains to d. If d joined a's stage, that stage
  // would feed itself.
  GraphBuilder job;
  const auto a = job.source("a");
  const auto b = job.map("b");
  const auto c = job.map("c");
  const auto d = job.map("d");
  job.edge(a, b);
  job.edge(b, c, KEYED);
  job.edge(a, d, CHAIN, 0);
  job.edge(c, d, CHAIN, 1);
  job.edge(d, job.sink("out"));
  const ExecutionPlan plan = made(job.graph);
  EXPECT_THAT(labels(plan), ElementsAre("a -> b", "c", "d -> out"));
  EXPECT_EQ(plan.exchanges[1].kind, FORWARD);
  EXPECT_EQ(plan.exchanges[2].kind, FORWARD);
}

TEST(Planner, FusesADiamondWithinOneStage) {
  GraphBuilder job;
  const auto a = job.source("a");
  const auto left = job.map("left");
  const auto right = job.map("right");
  const auto both = job.map("both");
  job.edge(a, left);
  job.edge(a, right);
  job.edge(left, both, CHAIN, 0);
  job.edge(right, both, CHAIN, 1);
  job.edge(both, job.sink("out"));
  const ExecutionPlan plan = made(job.graph);
  EXPECT_THAT(labels(plan), ElementsAre("a -> left -> right -> both -> out"));
  EXPECT_THAT(plan.exchanges, IsEmpty());
}

TEST(Planner, ForwardsBetweenStagesOfDifferentWidth) {
  GraphBuilder job;
  const auto in = job.source("in", 2);
  const auto wide = job.map("wide", 4);
  const auto out = job.sink("out", 1);
  job.edge(in, wide);
  job.edge(wide, out);
  const ExecutionPlan plan = made(job.graph);
  ASSERT_EQ(plan.exchanges.size(), 2U);
  EXPECT_EQ(plan.exchanges[0].channel_count, 2U);
  EXPECT_TRUE(plan.exchanges[0].connects(1, 1));
  EXPECT_FALSE(plan.exchanges[0].connects(1, 3));
  EXPECT_EQ(plan.exchanges[1].channel_count, 4U);
  EXPECT_TRUE(plan.exchanges[1].connects(3, 0));
}

TEST(Planner, PutsFullStagesOnTheirSlotsAndSpreadsNarrowOnes) {
  GraphBuilder job;
  std::vector<int> load(8);
  for (int i = 0; i < 64; ++i) {
    const auto in = job.source("in" + std::to_string(i));
    job.edge(in, job.sink("out" + std::to_string(i), 1));
  }
  const ExecutionPlan plan = made(job.graph, 8);
  for (const Stage& stage : plan.stages) {
    ASSERT_EQ(stage.slots.size(), stage.parallelism);
    if (stage.parallelism == 8) {
      for (std::uint32_t task = 0; task < 8; ++task) EXPECT_EQ(stage.slots[task], SlotIndex{task});
    } else {
      ++load[stage.slots[0].index()];
    }
  }
  for (const int tasks : load) EXPECT_LT(tasks, 24);
}

TEST(Planner, ReportsParallelismOutOfRangeTogetherWithTheRest) {
  GraphBuilder job;
  const auto in = job.source("in", 9);
  job.edge(in, job.sink("out"));
  job.source("unread");
  job.graph.set_key_groups(2);
  EXPECT_THAT(
      reasons(job.graph, {.slots = 4, .parallelism = 6}),
      ElementsAre(
          "G304 the stream of source \"unread\" (job.cc:12) is not used; end it with .sink(...)",
          "G309 the job wants parallelism 6, but may use 4 slots",
          "G309 the job wants parallelism 6, but has 2 key groups: a task without a group has no "
          "work",
          "G309 \"in\" (job.cc:10) wants parallelism 9, but the job has 6 slots"));
}

TEST(Planner, IsTheSameEachTime) {
  const ExecutionPlan a = made(spend_by_team());
  const ExecutionPlan b = made(spend_by_team());
  EXPECT_EQ(labels(a), labels(b));
  for (std::size_t i = 0; i < a.stages.size(); ++i) EXPECT_EQ(a.stages[i].slots, b.stages[i].slots);
}

// The invariants of plan.h, on random graphs.
TEST(Planner, KeepsItsInvariantsOnRandomGraphs) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    GraphBuilder job;
    const std::uint32_t sources = 1 + random() % 3;
    const std::uint32_t count = sources + random() % 10;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t parallelism = random() % 3;
      i < sources ? job.source("v" + std::to_string(i), parallelism)
                  : job.map("v" + std::to_string(i), parallelism);
    }
    const auto end = job.sink("end");
    for (std::uint32_t i = sources; i < count; ++i)
      for (std::uint32_t input = 0, inputs = 1 + random() % 3; input < inputs; ++input)
        job.edge(random() % i, i, random() % 3 != 0 ? CHAIN : KEYED, input);
    for (std::uint32_t i = 0; i < count; ++i) job.edge(i, end, CHAIN, i);
    const ExecutionPlan plan = made(job.graph, 2);
    std::vector<int> seen(count + 1);
    for (const Stage& stage : plan.stages) {
      for (const VertexId vertex : stage.vertices) ++seen[vertex.index()];
      for (const ExchangeId input : stage.inputs) {
        ASSERT_LT(plan.exchanges[input.index()].from, stage.id) << seed;
        ASSERT_EQ(plan.exchanges[input.index()].to_vertex, stage.vertices.front()) << seed;
        ASSERT_NE(plan.exchanges[input.index()].kind, CHAIN);
      }
    }
    for (const int times : seen) ASSERT_EQ(times, 1) << seed;
    ASSERT_EQ(plan.exchanges.size() + plan.chained_edges.size(),
              static_cast<std::size_t>(job.graph.edges_size()));
  }
}

TEST(Gates, MeetWhereTheHeldSourceWouldArrive) {
  const ExecutionPlan plan = made(spend_by_team());
  ASSERT_EQ(plan.gates.size(), 1U);
  const Gate& gate = plan.gates[0];
  EXPECT_EQ(gate.gated_source, VertexId{1});
  EXPECT_EQ(gate.gating_source, VertexId{0});
  EXPECT_EQ(gate.gated, StageId{1});
  EXPECT_EQ(gate.gating, StageId{0});
  EXPECT_THAT(gate.passing, IsEmpty());
  ASSERT_EQ(gate.joints.size(), 1U);
  EXPECT_EQ(gate.joints[0].stage, StageId{2});
  EXPECT_THAT(gate.joints[0].exchanges, ElementsAre(ExchangeId{1}));
}

TEST(Gates, PassThroughTheStagesBetweenAndStopAtTheFirstJoint) {
  GraphBuilder job;
  const auto rules = job.source("rules");
  const auto in = job.source("in");
  const auto parse = job.map("parse");
  const auto first = job.map("first");
  const auto second = job.map("second");
  const auto log = job.sink("log");
  job.vertex(in).set_gated_by("rules");
  job.edge(rules, parse, KEYED);      // 0
  job.edge(parse, first, KEYED, 1);   // 1
  job.edge(rules, first, KEYED, 2);   // 2
  job.edge(in, first, KEYED);         // 3
  job.edge(first, second, KEYED);     // 4
  job.edge(parse, log, REBALANCE);    // 5
  job.edge(second, job.sink("out"));  // 6, chained
  const ExecutionPlan plan = made(job.graph);
  ASSERT_EQ(plan.gates.size(), 1U);
  const Gate& gate = plan.gates[0];
  EXPECT_THAT(gate.passing, ElementsAre(plan.stage_of({parse}).id, plan.stage_of({log}).id));
  ASSERT_EQ(gate.joints.size(), 1U);
  EXPECT_EQ(gate.joints[0].stage, plan.stage_of({first}).id);
  EXPECT_THAT(gate.joints[0].exchanges, ElementsAre(ExchangeId{1}, ExchangeId{2}));
}

TEST(Gates, WithoutAMeetingPointWaitForThePassingStages) {
  GraphBuilder job;
  const auto rules = job.source("rules");
  const auto in = job.source("in");
  const auto keep = job.map("keep");
  job.vertex(in).set_gated_by("rules");
  job.edge(rules, keep, KEYED);
  job.edge(keep, job.sink("kept"));
  job.edge(in, job.sink("out"));
  const ExecutionPlan plan = made(job.graph);
  ASSERT_EQ(plan.gates.size(), 1U);
  EXPECT_THAT(plan.gates[0].passing, ElementsAre(plan.stage_of({keep}).id));
  EXPECT_THAT(plan.gates[0].joints, IsEmpty());
}

TEST(Gates, MayFollowOneAnother) {
  GraphBuilder job;
  const auto out = job.sink("out");
  for (const auto* name : {"a", "b", "c"}) job.edge(job.source(name), out, REBALANCE);
  job.vertex(2).set_gated_by("a");
  job.vertex(3).set_gated_by("b");
  const ExecutionPlan plan = made(job.graph);
  ASSERT_EQ(plan.gates.size(), 2U);
  EXPECT_EQ(plan.gates[1].gating_source, VertexId{2});
  EXPECT_THAT(plan.gates[1].joints[0].exchanges, ElementsAre(ExchangeId{1}));
}

TEST(Planner, RefusesMoreChannelsThanTheJobMayHaveInFlight) {
  GraphBuilder job;
  const auto in = job.source("in");
  const auto sum = job.map("sum");
  job.edge(in, sum, KEYED);
  job.edge(sum, job.sink("out"));
  // 64 x 64 channels of 4 KiB are 16 MiB.
  const PlanOptions enough{.slots = 64, .network_budget_bytes = 16 << 20};
  EXPECT_THAT(reasons(job.graph, enough), IsEmpty());
  EXPECT_THAT(
      reasons(job.graph, {.slots = 64, .network_budget_bytes = (16 << 20) - 1}),
      ElementsAre(
          "G319 4096 channels between tasks want at least 16 MiB in flight, and the job may "
          "have 15 MiB; the most are from \"in\" (job.cc:10) to \"sum\" (job.cc:11): 64 "
          "times 64 tasks"));
  EXPECT_THAT(reasons(job.graph, {.slots = 257}), ElementsAre(testing::StartsWith("G319")));
  EXPECT_THAT(reasons(job.graph, {.slots = 256}), IsEmpty());
}

}  // namespace
}  // namespace tributary::graph
