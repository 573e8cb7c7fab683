// Rule 32: what a restore makes of event time and of tasks that had finished.
#include "runtime/cluster/restored_progress.h"

#include <gmock/gmock.h>

#include "runtime/exec/input_status.h"
#include "tests/runtime/cluster/restore_world.h"

namespace tributary::testing_restore {
namespace {

using graph::VertexId;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

OperatorTime at(std::int64_t watermark) { return {.watermark = {watermark}}; }
OperatorTime idle(std::int64_t watermark, bool for_good = false) {
  return {.watermark = {watermark}, .idle = true, .has_no_event_time = for_good};
}
OperatorTime ended(std::int64_t watermark, bool drained = true) {
  return {.watermark = {watermark}, .ended = true, .drained = drained};
}
OperatorTime merged(std::vector<OperatorTime> times) { return merge_times(times); }

// charges -> (rebalance) clean -> (key) totals -> out: three stages, the last one of two operators.
struct Line : Job {
  const std::uint32_t charges = source("charges");
  const std::uint32_t clean = process("clean");
  const std::uint32_t totals = process("totals");
  const std::uint32_t out = sink("out");
  Line() {
    rebalanced(charges, clean);
    keyed(clean, totals);
    chained(totals, out);
  }
};

std::vector<bool> finished(const RestoredJob& job, const graph::JobGraph& graph,
                           std::uint32_t slots, std::uint32_t vertex) {
  return job.plan.stages[plan_of(graph, slots).stage_of(VertexId{vertex}).id.index()].finished;
}

void finish(checkpoint::Manifest& manifest, std::uint32_t task, bool is_finished = true) {
  for (const char* name : {"charges", "clean", "totals", "out"}) {
    task_of(manifest, name, task).set_finished(is_finished);
    time_of(manifest, name, task).set_ended(is_finished);
    time_of(manifest, name, task).set_drained(is_finished);
  }
}

TEST(MergeTimes, Rule32_TheLeastOfThoseThatAreNeitherIdleNorReadToTheirEnd) {
  EXPECT_EQ(merged({at(5), at(3)}), at(3));
  EXPECT_EQ(merged({at(5), idle(3)}), at(5));
  EXPECT_EQ(merged({at(5), ended(3)}), at(5));
  EXPECT_EQ(merged({at(5), ended(3, false)}), at(3));
}

TEST(MergeTimes, IdleIfNobodyElseIsThere) {
  EXPECT_EQ(merged({idle(5), idle(3)}), idle(3));
  EXPECT_EQ(merged({idle(5), ended(3)}), idle(5));
  EXPECT_EQ(merged({idle(5, true), ended(3)}), idle(5, true));
  EXPECT_EQ(merged({idle(5, true), idle(7)}), idle(5));
}

TEST(MergeTimes, EndedIfAllHave) {
  EXPECT_EQ(merged({ended(5), ended(3)}), ended(3));
  EXPECT_EQ(merged({ended(5), ended(3, false)}), ended(3, false));
}

// Every pair of times that two inputs can have, told to InputStatus in some order.
TEST(MergeTimes, AgreesWithWhatInputStatusSays) {
  const std::vector<OperatorTime> all = {at(5),         at(3),    idle(5),  idle(3),
                                         idle(4, true), ended(5), ended(3), ended(2, false)};
  for (const OperatorTime& a : all) {
    for (const OperatorTime& b : all) {
      InputStatus status(2);
      bool is_idle = false;
      InputStatus::Change last;
      const auto tell = [&](std::uint32_t input, const ControlEvent& event) {
        const InputStatus::Change change = status.on_event(input, event);
        if (change.became_idle) is_idle = true;
        if (change.became_active) is_idle = false;
        if (change.ended) last = change;
      };
      for (std::uint32_t input = 0; input < 2; ++input) {
        const OperatorTime& time = input == 0 ? a : b;
        tell(input, ControlEvent::at_watermark(time.watermark));
        if (time.idle)
          tell(input, {.kind = ControlKind::kIdle, .has_no_event_time = time.has_no_event_time});
        if (time.ended) tell(input, ControlEvent::end(time.drained));
      }
      const OperatorTime time = merged({a, b});
      EXPECT_EQ(time.ended, last.ended);
      EXPECT_EQ(time.drained, last.drained);
      if (!time.ended) {
        EXPECT_EQ(time.idle, is_idle);
      }
      // Never after what those behind could have been told.
      if (!time.ended && !time.idle) {
        EXPECT_LE(time.watermark, status.watermark());
      }
    }
  }
}

TEST(RestoredProgress, Rule32_EachTaskHasTheTimeThatItHad) {
  Line job;
  auto manifest = checkpoint_of(job.graph(), 2);
  time_of(manifest, "clean", 1).set_idle(true);
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->plan.vertices[job.charges].times, ElementsAre(at(100), at(101)));
  EXPECT_THAT(restored->plan.vertices[job.clean].times, ElementsAre(at(100), idle(101)));
}

TEST(RestoredProgress, Rule32_TasksOfAnotherParallelismHaveTheTimesMerged) {
  Line job;
  auto manifest = checkpoint_of(job.graph(), 2);
  time_of(manifest, "clean", 0).set_idle(true);
  const auto restored = match(manifest, job.graph(), 3);
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(restored->plan.vertices[job.charges].times, ElementsAre(at(100), at(100), at(100)));
  EXPECT_THAT(restored->plan.vertices[job.clean].times, Each(at(101)));
}

TEST(RestoredProgress, Rule32_ANewOperatorHasTheTimeOfItsInputsAndANewSourceTheLeast) {
  Line before;
  auto manifest = checkpoint_of(before.graph(), 2);
  time_of(manifest, "charges", 1).set_idle(true);
  Job job;
  const auto charges = job.source("charges");
  const auto audit = job.map("audit");  // chained to its source: task by task
  const auto refunds = job.source("refunds");
  const auto clean = job.process("clean");
  const auto check = job.map("check");  // by key: from all tasks of clean
  const auto totals = job.process("totals");
  const auto out = job.sink("out");
  job.chained(charges, audit);
  job.rebalanced(audit, clean);
  job.rebalanced(refunds, clean);
  job.keyed(clean, check);
  job.chained(check, totals);
  job.chained(totals, out);
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  const auto& vertices = restored->plan.vertices;
  EXPECT_THAT(vertices[audit].times, ElementsAre(at(100), idle(101)));
  EXPECT_THAT(vertices[refunds].times, ElementsAre(OperatorTime{}, OperatorTime{}));
  EXPECT_THAT(vertices[check].times, ElementsAre(at(100), at(100)));
  EXPECT_THAT(vertices[totals].times, ElementsAre(at(100), at(101)));
}

TEST(RestoredProgress, FinishedTasksOfTheSameParallelismStaySo) {
  Line job;
  auto manifest = checkpoint_of(job.graph(), 2);
  task_of(manifest, "charges", 1).set_finished(true);
  time_of(manifest, "charges", 1).set_ended(true);
  time_of(manifest, "charges", 1).set_drained(true);
  auto restored = match(manifest, job.graph(), 2);
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.charges), ElementsAre(false, true));
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.clean), ElementsAre(false, false));
  EXPECT_THAT(restored->plan.vertices[job.charges].times, ElementsAre(at(100), ended(101)));
  finish(manifest, 0);
  finish(manifest, 1);
  restored = match(manifest, job.graph(), 2);
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.out), ElementsAre(true, true));
}

TEST(RestoredProgress, OfAnotherParallelismOnlyIfAllHadFinished) {
  Line job;
  auto manifest = checkpoint_of(job.graph(), 2);
  finish(manifest, 0);
  finish(manifest, 1);
  auto restored = match(manifest, job.graph(), 3);
  EXPECT_THAT(finished(*restored, job.graph(), 3, job.out), Each(true));
  EXPECT_THAT(restored->plan.vertices[job.clean].times, Each(ended(100)));
  finish(manifest, 1, false);
  restored = match(manifest, job.graph(), 3);
  EXPECT_THAT(finished(*restored, job.graph(), 3, job.charges), Each(false));
  EXPECT_THAT(restored->plan.vertices[job.charges].times, Each(at(101)));
}

TEST(RestoredProgress, AFinishedStageWithANewOperatorGoesOnAndSoDoThoseBehindIt) {
  Line before;
  auto manifest = checkpoint_of(before.graph(), 2);
  finish(manifest, 0);
  finish(manifest, 1);
  Job job;
  const auto charges = job.source("charges");
  const auto clean = job.process("clean");
  const auto check = job.map("check");
  const auto totals = job.process("totals");
  const auto out = job.sink("out");
  job.rebalanced(charges, clean);
  job.chained(clean, check);
  job.keyed(check, totals);
  job.chained(totals, out);
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(finished(*restored, job.graph(), 2, charges), Each(true));
  EXPECT_THAT(finished(*restored, job.graph(), 2, clean), Each(false));
  EXPECT_THAT(finished(*restored, job.graph(), 2, out), Each(false));
  // What goes on has not ended: those behind it must hear so again.
  for (const auto vertex : {clean, check, totals, out})
    EXPECT_THAT(restored->plan.vertices[vertex].times, Each(Field(&OperatorTime::ended, false)));
  EXPECT_THAT(restored->plan.vertices[charges].times, Each(Field(&OperatorTime::ended, true)));
}

TEST(RestoredProgress, AFinishedTaskThatANewSourceFeedsGoesOn) {
  Line before;
  auto manifest = checkpoint_of(before.graph(), 2);
  finish(manifest, 0);
  finish(manifest, 1);
  Line job;
  job.rebalanced(job.source("refunds"), job.clean);
  const auto restored = match(manifest, job.graph(), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.charges), Each(true));
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.clean), Each(false));
  EXPECT_THAT(finished(*restored, job.graph(), 2, job.out), Each(false));
}

}  // namespace
}  // namespace tributary::testing_restore
