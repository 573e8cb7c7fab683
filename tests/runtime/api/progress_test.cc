#include "runtime/api/progress.h"

#include <gtest/gtest.h>

#include "runtime/api/progress_text.h"
#include "tests/runtime/api/small_plan.h"

namespace tributary {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(JobProgress, TakesRatesAndRatiosFromDifferences) {
  const graph::ExecutionPlan plan = testing::chain_of({"read", "count"});
  JobSample before{
      .nanos = 10 * kSecond,
      .tasks = {{.stage = 0, .records_in = 100, .busy_nanos = 5 * kSecond}, {.stage = 1}}};
  JobSample after = before;
  after.nanos = 12 * kSecond;
  after.tasks[0].records_in = 300;
  after.tasks[0].busy_nanos += kSecond / 2;
  after.tasks[0].backpressured_nanos = kSecond;
  after.tasks[0].idle_nanos = kSecond / 2;
  const JobProgress progress = progress_between(before, after, 2 * kSecond, plan);
  EXPECT_DOUBLE_EQ(progress.elapsed_s, 10);
  EXPECT_DOUBLE_EQ(progress.rate, 100);
  EXPECT_EQ(progress.records_in, 300);
  EXPECT_DOUBLE_EQ(progress.stages[0].busy_ratio, 0.25);
  EXPECT_DOUBLE_EQ(progress.stages[0].backpressured_ratio, 0.5);
  EXPECT_DOUBLE_EQ(progress.stages[0].idle_ratio, 0.25);
}

TEST(JobProgress, CountsFromZeroAtItsFirstLook) {
  const graph::ExecutionPlan plan = testing::chain_of({"read"});
  const JobSample after{.nanos = kSecond,
                        .tasks = {{.stage = 0, .records_in = 50, .busy_nanos = kSecond}}};
  const JobProgress progress = progress_between({.nanos = 0, .tasks = {}}, after, 0, plan);
  EXPECT_DOUBLE_EQ(progress.rate, 50);
  EXPECT_DOUBLE_EQ(progress.stages[0].busy_ratio, 1);
}

TEST(JobProgress, TellsHowLongTheBacklogWillLast) {
  const graph::ExecutionPlan plan = testing::chain_of({"read"});
  const JobSample before{.nanos = 0, .tasks = {{.stage = 0, .backlog = 500}}};
  const JobSample after{.nanos = 2 * kSecond, .tasks = {{.stage = 0, .backlog = 300}}};
  const JobProgress progress = progress_between(before, after, 0, plan);
  EXPECT_EQ(progress.backlog, 300);
  EXPECT_DOUBLE_EQ(*progress.remaining_s, 3);
}

TEST(JobProgress, AddsNoBacklogsOfDifferentUnits) {
  const graph::ExecutionPlan plan = testing::chain_of({"read"});
  JobSample sample{.nanos = kSecond,
                   .tasks = {{.stage = 0, .backlog = 500, .backlog_unit = "bytes"},
                             {.stage = 0, .task = 1, .backlog = 5, .backlog_unit = "bytes"}}};
  const JobProgress same = progress_between({}, sample, 0, plan);
  EXPECT_EQ(same.backlog, 505);
  EXPECT_EQ(same.backlog_unit, "bytes");
  graph::ExecutionPlan two = plan;
  two.stages.push_back(two.stages[0]);
  two.stages[1].id = graph::StageId{1};
  sample.tasks[1] = {.stage = 1, .backlog = 5, .backlog_unit = "records"};
  const JobProgress mixed = progress_between({}, sample, 0, two);
  EXPECT_FALSE(mixed.backlog.has_value());
  EXPECT_EQ(mixed.stages[0].backlog_unit, "bytes");
  EXPECT_EQ(mixed.stages[1].backlog, 5);
}

TEST(JobProgress, KnowsNoBacklogThatNoSourceKnows) {
  const graph::ExecutionPlan plan = testing::chain_of({"read"});
  const JobProgress progress =
      progress_between({}, {.nanos = kSecond, .tasks = {{.stage = 0}}}, 0, plan);
  EXPECT_FALSE(progress.backlog.has_value());
  EXPECT_FALSE(progress.remaining_s.has_value());
}

TEST(JobProgress, TakesTheLowestWatermarkOfRunningTasks) {
  const graph::ExecutionPlan plan = testing::chain_of({"read"});
  JobSample after{.nanos = kSecond,
                  .tasks = {{.stage = 0, .task = 0, .watermark = Timestamp{9}},
                            {.stage = 0, .task = 1, .watermark = Timestamp{5}},
                            {.stage = 0, .task = 2, .watermark = Timestamp{1}, .finished = true}}};
  EXPECT_EQ(progress_between({}, after, 0, plan).watermark, Timestamp{5});
  after.tasks[1].watermark = Timestamp::min();
  EXPECT_EQ(progress_between({}, after, 0, plan).watermark, std::nullopt);
}

TEST(JobProgress, TakesTheWatermarkOfTheLastStages) {
  const graph::ExecutionPlan plan = testing::chain_of({"read", "count"});
  const JobSample after{
      .nanos = kSecond,
      .tasks = {{.stage = 0, .watermark = Timestamp{9}}, {.stage = 1, .watermark = Timestamp{5}}}};
  EXPECT_EQ(progress_between({}, after, 0, plan).watermark, Timestamp{5});
}

StageProgress stage(std::uint32_t id, double busy, double backpressured) {
  return {.stage = id,
          .tasks = 1,
          .busy_ratio = busy,
          .backpressured_ratio = backpressured,
          .busiest_ratio = busy};
}

TEST(Bottleneck, IsTheBusyStageBehindTheOnesThatWait) {
  const graph::ExecutionPlan plan = testing::chain_of({"a", "b", "c", "d"});
  const auto found = find_bottleneck(
      {stage(0, 0.1, 0.9), stage(1, 0.3, 0.6), stage(2, 0.98, 0), stage(3, 0.2, 0)}, plan);
  EXPECT_EQ(found, (Bottleneck{0, 2}));
}

TEST(Bottleneck, IsTheBusiestOfSeveralBranches) {
  graph::ExecutionPlan plan = testing::chain_of({"a", "b", "c"});
  testing::connect(plan, 0, 2);
  plan.stages[1].outputs.clear();
  const auto found =
      find_bottleneck({stage(0, 0.1, 0.8), stage(1, 0.6, 0), stage(2, 0.9, 0)}, plan);
  EXPECT_EQ(found, (Bottleneck{0, 2}));
}

TEST(Bottleneck, IsAStageThatIsNeverIdleWhenNobodyWaits) {
  const graph::ExecutionPlan plan = testing::chain_of({"a", "b"});
  EXPECT_EQ(find_bottleneck({stage(0, 0.97, 0.01), stage(1, 0.4, 0)}, plan), (Bottleneck{0, 0}));
}

TEST(Bottleneck, IsNobodyInAJobThatKeepsUp) {
  const graph::ExecutionPlan plan = testing::chain_of({"a", "b"});
  EXPECT_FALSE(find_bottleneck({stage(0, 0.3, 0.05), stage(1, 0.4, 0)}, plan).has_value());
}

TEST(Bottleneck, IsFoundThoughOnlyOneOfItsTasksIsBusy) {
  const graph::ExecutionPlan plan = testing::chain_of({"a", "b", "c"});
  StageProgress hot = stage(1, 0.25, 0);
  hot.tasks = 4;
  hot.busiest_ratio = 1;
  hot.busiest_task = 3;
  hot.name = "b";
  JobProgress progress;
  progress.stages = {stage(0, 0.1, 0.9), hot, stage(2, 0.6, 0)};
  progress.stages[0].name = "a";
  progress.bottleneck = find_bottleneck(progress.stages, plan);
  EXPECT_EQ(bottleneck_text(progress),
            "backpressured: a waits for b, which is busy 100 % of the time in task 3 alone");
}

TEST(Bottleneck, IsNotAStageThatHasEnded) {
  const graph::ExecutionPlan plan = testing::chain_of({"a", "b"});
  StageProgress ended = stage(0, 0.1, 0.9);
  ended.finished_tasks = 1;
  EXPECT_FALSE(find_bottleneck({ended, stage(1, 0.4, 0)}, plan).has_value());
}

}  // namespace
}  // namespace tributary
