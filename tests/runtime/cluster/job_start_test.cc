#include "runtime/cluster/job_start.h"

#include <gtest/gtest.h>

#include "checkpoint/publish/lineage.h"

namespace tributary {
namespace {

constexpr Hash128 kFirst{1, 1};
constexpr Hash128 kNewLineage{7, 7};
constexpr Hash128 kNewUid{9, 9};

// A job of lineage kFirst with checkpoints 3 and 5.
class JobStartTest : public ::testing::Test {
 protected:
  JobStartTest() {
    record_.set_uid(std::string(16, 'u'));
    auto& checkpoints = *record_.mutable_checkpoints();
    checkpoints.set_ids_below(65);
    *checkpoints.mutable_lineages() = LineageHistory(kFirst).encode();
    for (const std::uint64_t id : {3, 5}) {
      auto& one = *checkpoints.add_completed();
      one.set_id(id);
      one.set_lineage_high(kFirst.high);
      one.set_lineage_low(kFirst.low);
    }
    manifest_.set_uid(record_.uid());
    *manifest_.mutable_lineages() = checkpoints.lineages();
    manifest_.set_checkpoint(5);
  }
  JobIdentity decide(JobStart start) {
    start.new_uid = kNewUid;
    start.new_lineage = kNewLineage;
    const auto identity = decide_start(start);
    EXPECT_TRUE(identity.has_value());
    return *identity;
  }
  static LineageHistory history(const JobIdentity& identity) {
    return *LineageHistory::decode(identity.checkpoints.lineages());
  }

  cluster::JobRecord record_;
  checkpoint::Manifest manifest_;
};

TEST_F(JobStartTest, Rule3_ANewJobHasAUidAndALineageOfItsOwn) {
  const JobIdentity identity = decide({});
  EXPECT_EQ(identity.uid.size(), 16U);
  EXPECT_NE(identity.uid, record_.uid());
  EXPECT_EQ(history(identity).current().id, kNewLineage);
  EXPECT_EQ(identity.checkpoints.ids_below(), 1U);
}

TEST_F(JobStartTest, Rule3_AJobThatGoesOnFromItsNewestKeepsItsLineage) {
  const JobIdentity identity = decide({.record = &record_});
  EXPECT_EQ(identity.uid, record_.uid());
  EXPECT_FALSE(identity.new_lineage);
  EXPECT_FALSE(identity.from_manifest);
  EXPECT_EQ(identity.checkpoints.completed_size(), 2);
  // A savepoint that is a copy of it is the same point.
  EXPECT_FALSE(decide({.record = &record_, .from = &manifest_}).new_lineage);
}

TEST_F(JobStartTest, Rule3_AnOlderSavepointBeginsALineageThatDescendsFromItsEpoch) {
  manifest_.set_checkpoint(3);
  const JobIdentity identity = decide({.record = &record_, .from = &manifest_});
  EXPECT_EQ(identity.uid, record_.uid());
  EXPECT_TRUE(identity.new_lineage);
  EXPECT_FALSE(identity.drop_staged);
  const LineageHistory after = history(identity);
  EXPECT_EQ(after.current().id, kNewLineage);
  EXPECT_TRUE(after.descends(kNewLineage, kFirst, {3}));
  EXPECT_FALSE(after.descends(kNewLineage, kFirst, {4}));
  // Ids go on: 4 and 5 of the first lineage never come again.
  EXPECT_EQ(identity.checkpoints.ids_below(), 65U);
}

TEST_F(JobStartTest, Rule3_AForkSharesNothingAndDropsStagedOutput) {
  for (const bool fork : {true, false}) {
    const JobIdentity identity =
        decide({.from = &manifest_, .fork = fork, .uid_is_running = !fork});
    EXPECT_NE(identity.uid, manifest_.uid());
    EXPECT_TRUE(identity.drop_staged);
    EXPECT_FALSE(history(identity).knows(kFirst));
  }
}

TEST_F(JobStartTest, Rule3_AfterLostMetadataTheJobKeepsItsUidAndBeginsALineage) {
  const JobIdentity identity = decide({.from = &manifest_});
  EXPECT_EQ(identity.uid, manifest_.uid());
  EXPECT_TRUE(identity.new_lineage);
  EXPECT_FALSE(identity.drop_staged);
  EXPECT_TRUE(history(identity).descends(kNewLineage, kFirst, {5}));
  EXPECT_EQ(identity.checkpoints.ids_below(), 6U);
}

TEST_F(JobStartTest, Rule3_ASavepointOfALineageThatTheJobNeverHadIsRefused) {
  *manifest_.mutable_lineages() = LineageHistory(Hash128{4, 4}).encode();
  EXPECT_EQ(decide_start({.record = &record_, .from = &manifest_, .new_lineage = kNewLineage})
                .error()
                .code(),
            ErrorCode::S471);
}

TEST_F(JobStartTest, Rule3_WhatIsRestoredBecomesACheckpointOfItsOwnWithAnIdThatNobodyHad) {
  for (const bool fork : {false, true}) {
    manifest_.set_kind(checkpoint::SAVEPOINT);
    manifest_.set_checkpoint(3);
    manifest_.add_tasks()->add_sinks()->set_sink("out");
    JobIdentity identity =
        decide({.record = fork ? nullptr : &record_, .from = &manifest_, .fork = fork});
    const std::uint64_t id = identity.checkpoints.ids_below();
    checkpoint::Manifest own = manifest_;
    take_over(identity, 4, 2, own);
    EXPECT_EQ(own.kind(), checkpoint::CHECKPOINT);
    EXPECT_EQ(own.checkpoint(), id);
    EXPECT_GT(identity.checkpoints.ids_below(), id);
    EXPECT_EQ(own.uid(), identity.uid);
    EXPECT_EQ(own.uid() == record_.uid(), !fork);
    EXPECT_EQ(own.tasks(0).sinks().empty(), fork);
  }
}

TEST_F(JobStartTest, ARecordIsNeverGivenUpForAnotherJobs) {
  const auto code_of = [](const JobStart& start) { return decide_start(start).error().code(); };
  EXPECT_EQ(code_of({.record = &record_, .from = &manifest_, .fork = true}), ErrorCode::S419);
  manifest_.set_uid(std::string(16, 'o'));
  EXPECT_EQ(code_of({.record = &record_, .from = &manifest_}), ErrorCode::S419);
}

// The command of a supervisor is the same each time.
TEST_F(JobStartTest, TheSameSavepointAgainIsWhereTheJobIsNow) {
  manifest_.set_checkpoint(3);
  const JobIdentity first = decide({.record = &record_, .from = &manifest_});
  EXPECT_FALSE(first.has_taken_over);
  *record_.mutable_checkpoints() = first.checkpoints;
  const JobIdentity again = decide({.record = &record_, .from = &manifest_});
  EXPECT_TRUE(again.has_taken_over);
  EXPECT_EQ(history(again).current().id, history(first).current().id);
  // Another one, or the first after another one, is a way back.
  const auto back_to = [&](std::uint64_t checkpoint, Hash128 lineage) {
    manifest_.set_checkpoint(checkpoint);
    const auto back =
        decide_start({.record = &record_, .from = &manifest_, .new_lineage = lineage});
    ASSERT_TRUE(back.has_value()) << back.error().what();
    EXPECT_FALSE(back->has_taken_over);
    *record_.mutable_checkpoints() = back->checkpoints;
  };
  back_to(4, {8, 1});
  back_to(3, {8, 2});
}

TEST_F(JobStartTest, ARestoreEndsAnEarlierStop) {
  record_.mutable_checkpoints()->set_stop(cluster::DRAIN);
  record_.mutable_checkpoints()->set_last(5);
  EXPECT_EQ(decide({.record = &record_}).checkpoints.last(), 5U);
  EXPECT_EQ(decide({.record = &record_, .from = &manifest_}).checkpoints.last(), 0U);
}

}  // namespace
}  // namespace tributary
