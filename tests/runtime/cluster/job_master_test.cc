#include "runtime/cluster/job_master.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cluster/split_assigner.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

graph::ExecutionPlan two_stages() {
  graph::ExecutionPlan plan;
  plan.slot_count = 2;
  plan.stages = {
      {.id = {0}, .vertices = {{0}}, .parallelism = 2, .slots = {{0}, {1}}, .is_source = true},
      {.id = {1}, .vertices = {{1}}, .parallelism = 2, .slots = {{0}, {1}}}};
  plan.stage_of_vertex = {{0}, {1}};
  return plan;
}

std::vector<std::string> names(const std::vector<JobAction>& actions) {
  static constexpr const char* kNames[] = {"persist", "deploy",  "list", "run",
                                           "assign",  "no more", "gate", "stop",
                                           "last",    "cancel",  "ended"};
  static_assert(std::size(kNames) == std::variant_size_v<JobAction>);
  std::vector<std::string> out;
  for (const JobAction& action : actions) out.emplace_back(kNames[action.index()]);
  return out;
}

class JobMasterTest : public ::testing::Test {
 protected:
  std::vector<std::string> step(const JobEvent& event) {
    last_ = master_.step(event, Timestamp{0});
    return names(last_);
  }
  std::vector<std::string> report(std::uint32_t stage, std::uint32_t task, TaskReportKind kind,
                                  std::optional<Error> error = {}) {
    return step(TaskReport{
        .task = {.attempt = 1, .stage = stage, .task = task}, .kind = kind, .error = error});
  }
  void start_running() {
    step(JobSubmitted{});
    step(RecordPersisted{});
    for (const std::uint32_t stage : {0U, 1U}) {
      for (const std::uint32_t task : {0U, 1U}) report(stage, task, TaskReportKind::kReady);
    }
    step(RecordPersisted{});
    ASSERT_EQ(master_.phase(), cluster::RUN);
  }

  graph::ExecutionPlan plan_ = two_stages();
  JobMaster master_{
      plan_, {{0}}, {.uid = std::string(16, 'u'), .graph_digest = std::string(16, 'd'), .term = 1}};
  std::vector<JobAction> last_;
};

TEST_F(JobMasterTest, DeploysOnlyAfterTheAttemptIsOnRecord) {
  EXPECT_THAT(step(JobSubmitted{}), ElementsAre("persist"));
  EXPECT_EQ(std::get<PersistRecord>(last_[0]).record.attempt(), 1U);
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("deploy", "list"));
}

TEST_F(JobMasterTest, RunsWhenEveryTaskIsReady) {
  step(JobSubmitted{});
  step(RecordPersisted{});
  EXPECT_THAT(report(0, 0, TaskReportKind::kReady), IsEmpty());
  EXPECT_THAT(report(0, 1, TaskReportKind::kReady), IsEmpty());
  EXPECT_THAT(report(1, 0, TaskReportKind::kReady), IsEmpty());
  EXPECT_THAT(report(1, 1, TaskReportKind::kReady), ElementsAre("persist"));
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("run"));
}

// Rule 60: positions are on record before the first record is read.
TEST_F(JobMasterTest, Rule60_AssignsSplitsOnlyAfterTheirPositionsAreOnRecord) {
  start_running();
  EXPECT_THAT(step(SplitsListed{{0}, {{.id = "a", .position = 7}, {.id = "b"}}, {}}),
              ElementsAre("persist"));
  const cluster::JobRecord& record = std::get<PersistRecord>(last_[0]).record;
  ASSERT_EQ(record.sources(0).splits_size(), 2);
  EXPECT_EQ(record.sources(0).splits(0).position(), 7);
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("assign", "assign", "no more"));
}

TEST_F(JobMasterTest, AnUnboundedSourceIsListedAgainAndOnlyNewSplitsAreAssigned) {
  start_running();
  EXPECT_THAT(step(SplitsListed{{0}, {{.id = "a"}}, seconds(1)}), ElementsAre("list", "persist"));
  EXPECT_EQ(std::get<ListSplits>(last_[0]).not_before, Timestamp{1'000'000});
  // Both tasks hear of the first listing; the second has no split, so nothing to catch up with.
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("assign", "assign"));
  EXPECT_THAT(std::get<AssignSplits>(last_[1]).splits, IsEmpty());
  EXPECT_THAT(step(SplitsListed{{0}, {{.id = "a"}}, seconds(1)}), ElementsAre("list"));
  EXPECT_THAT(step(SplitsListed{{0}, {{.id = "a"}, {.id = "b"}}, seconds(1)}),
              ElementsAre("list", "persist"));
  // The second split halves the rate of the task that reads the first.
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("assign", "assign"));
  EXPECT_THAT(std::get<AssignSplits>(last_[0]).splits, IsEmpty());
  EXPECT_EQ(std::get<AssignSplits>(last_[0]).share_of_rate, 0.5);
  EXPECT_EQ(std::get<AssignSplits>(last_[1]).splits[0].id, "b");
}

TEST_F(JobMasterTest, ATasksShareOfTheRateIsItsShareOfTheSplits) {
  start_running();
  step(SplitsListed{{0}, {{.id = "a"}}, seconds(1)});
  step(RecordPersisted{});
  EXPECT_EQ(std::get<AssignSplits>(last_[0]).share_of_rate, 1) << "nobody else reads";
  EXPECT_EQ(std::get<AssignSplits>(last_[1]).share_of_rate, 0);
  step(SplitsListed{{0}, {{.id = "b"}, {.id = "c"}}, seconds(1)});
  step(RecordPersisted{});
  double all = 0;
  for (const JobAction& action : last_) all += std::get<AssignSplits>(action).share_of_rate;
  EXPECT_DOUBLE_EQ(all, 1);
}

TEST_F(JobMasterTest, AListingDuringAWriteWaitsForTheNextWrite) {
  step(JobSubmitted{});
  EXPECT_THAT(step(SplitsListed{{0}, {{.id = "a"}}, {}}), IsEmpty());
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("deploy", "list", "persist"));
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("assign", "no more"));
}

TEST_F(JobMasterTest, FinishesWhenEveryTaskHasFinishedAndSaysSoAfterTheRecord) {
  start_running();
  report(0, 0, TaskReportKind::kFinished);
  report(0, 1, TaskReportKind::kFinished);
  report(1, 0, TaskReportKind::kFinished);
  EXPECT_THAT(report(1, 1, TaskReportKind::kFinished), ElementsAre("persist"));
  EXPECT_FALSE(master_.over());
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("ended"));
  EXPECT_EQ(std::get<JobEnded>(last_[0]).phase, cluster::FINISHED);
  EXPECT_TRUE(master_.over());
}

TEST_F(JobMasterTest, AFailedTaskCancelsTheOthersAndTheErrorIsTheOutcome) {
  start_running();
  EXPECT_THAT(report(1, 0, TaskReportKind::kFailed, Error(ErrorCode::P801, "boom")),
              ElementsAre("cancel", "persist"));
  EXPECT_THAT(report(1, 1, TaskReportKind::kFailed, Error(ErrorCode::P801, "later")), IsEmpty());
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("ended"));
  const JobEnded& ended = std::get<JobEnded>(last_[0]);
  EXPECT_EQ(ended.phase, cluster::FAILED);
  EXPECT_EQ(ended.error->what(), "boom");
}

TEST_F(JobMasterTest, StopReadsNoMoreAndEndsWhenWhatIsInFlightIsOut) {
  start_running();
  EXPECT_THAT(step(StopRequested{}), ElementsAre("stop", "persist"));
  step(RecordPersisted{});
  for (const std::uint32_t stage : {0U, 1U}) {
    for (const std::uint32_t task : {0U, 1U}) report(stage, task, TaskReportKind::kFinished);
  }
  EXPECT_THAT(step(RecordPersisted{}), ElementsAre("ended"));
  EXPECT_EQ(std::get<JobEnded>(last_[0]).phase, cluster::STOPPED);
}

TEST_F(JobMasterTest, ReportsOfAnotherAttemptAreIgnored) {
  start_running();
  EXPECT_THAT(step(TaskReport{.task = {.attempt = 9, .stage = 0, .task = 0},
                              .kind = TaskReportKind::kFailed,
                              .error = Error(ErrorCode::P801, "zombie")}),
              IsEmpty());
  EXPECT_EQ(master_.phase(), cluster::RUN);
}

// Rule 65: nothing follows a Persist in one step, and what depends on it comes in answer to
// Persisted.
TEST_F(JobMasterTest, Rule65_PersistIsTheLastActionOfAStep) {
  const auto check = [&] {
    for (std::size_t i = 0; i + 1 < last_.size(); ++i)
      EXPECT_FALSE(std::holds_alternative<PersistRecord>(last_[i]));
  };
  step(JobSubmitted{}), check();
  step(RecordPersisted{}), check();
  step(SplitsListed{{0}, {{.id = "a"}}, seconds(1)}), check();
  step(RecordPersisted{}), check();
  step(StopRequested{}), check();
}

TEST_F(JobMasterTest, ALostStoreEndsTheJobWithItsError) {
  step(JobSubmitted{});
  EXPECT_THAT(step(PersistFailed{Error(ErrorCode::F102, "disk full")}),
              ElementsAre("cancel", "ended"));
  EXPECT_EQ(std::get<JobEnded>(last_[1]).error->what(), "disk full");
}

TEST_F(JobMasterTest, AGateOpensWhenEveryAwaitedTaskHasSeenTheMarker) {
  plan_.gates = {{.id = {0},
                  .gated_source = {0},
                  .gating_source = {0},
                  .gated = {0},
                  .gating = {0},
                  .passing = {},
                  .joints = {{.stage = {1}, .exchanges = {}}}}};
  JobMaster gated(plan_, {{0}}, {});
  gated.step(JobSubmitted{}, {});
  const auto marker = [&](std::uint32_t stage, std::uint32_t task) {
    return names(gated.step(TaskReport{.task = {.attempt = 1, .stage = stage, .task = task},
                                       .kind = TaskReportKind::kMarker},
                            {}));
  };
  EXPECT_THAT(marker(0, 0), IsEmpty());
  EXPECT_THAT(marker(1, 0), IsEmpty());
  EXPECT_THAT(marker(1, 1), ElementsAre("gate"));
  EXPECT_THAT(marker(1, 1), IsEmpty());
}

// Rule 58: even, sticky, from one listing.
TEST(SplitAssignerTest, Rule58_TasksDifferByAtMostOneSplitAndKeepWhatTheyHave) {
  cluster::SourceSplits table;
  std::vector<Split> listed;
  for (int i = 0; i < 10; ++i) listed.push_back({.id = "part-" + std::to_string(i)});
  assign_splits(table, {listed.begin(), listed.begin() + 7}, 3);
  std::map<std::string, std::uint32_t> before;
  for (const auto& split : table.splits()) before[split.id()] = split.task();
  EXPECT_EQ(assign_splits(table, listed, 3).size(), 3U);
  std::map<std::uint32_t, int> load;
  for (const auto& split : table.splits()) {
    ++load[split.task()];
    if (before.contains(split.id())) {
      EXPECT_EQ(before[split.id()], split.task());
    }
  }
  EXPECT_EQ(load[0] + load[1] + load[2], 10);
  for (const auto& [task, count] : load)
    EXPECT_THAT(count, ::testing::AllOf(::testing::Ge(3), ::testing::Le(4)));
}

// Rule 59: a split is new iff the table has never held it.
TEST(SplitAssignerTest, Rule59_AListingThatRepeatsASplitAddsNothing) {
  cluster::SourceSplits table;
  assign_splits(table, {{.id = "a"}, {.id = "a"}}, 2);
  EXPECT_EQ(table.splits_size(), 1);
  EXPECT_THAT(assign_splits(table, {{.id = "a"}}, 2), IsEmpty());
}

TEST(SplitAssignerTest, HeavySplitsAreSpreadByBytes) {
  cluster::SourceSplits table;
  assign_splits(
      table, {{.id = "a", .weight = 100}, {.id = "b", .weight = 60}, {.id = "c", .weight = 50}}, 2);
  std::map<std::string, std::uint32_t> task;
  for (const auto& split : table.splits()) task[split.id()] = split.task();
  EXPECT_NE(task["a"], task["b"]);
  EXPECT_EQ(task["b"], task["c"]);
}

}  // namespace
}  // namespace tributary
