#include "checkpoint/publish/sink_owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/checkpoint/publish/owner_harness.h"

namespace tributary {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SinkOwnerTest, Rule2_NothingIsPublishedBeforeAllAreFencedAndTheMarksAreKnown) {
  OwnerHarness h;
  h.order(PublishOrder{{9}, kEveryEpoch});
  h.stage({1}, {"a"});
  h.fence_all();
  EXPECT_FALSE(h.next_part());
  EXPECT_TRUE(h.take_report<AllFenced>());
  h.order(MarksKnown{});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("a"));
}

TEST(SinkOwnerTest, Rule2_ReadsMarksUpToTheEndThatCountsOpenTransactions) {
  OwnerHarness h;
  h.fence_all();
  h.order(ReadMarks{{4}});
  const auto end = h.take<FindMarkEnd>();
  ASSERT_TRUE(end);
  h.step(MarkEndAnswer{end->call, MarkPosition{10}});
  auto read = h.take<ReadMarksOn>();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->from.value, 4U);
  EXPECT_EQ(read->until.value, 10U);
  // A transaction is open at 7: that is not the end.
  h.step(MarksAnswer{read->call, MarksRead{{}, {7}, "log"}});
  EXPECT_FALSE(h.take_report<MarksFound>());
  h.tick(h.limits.pause_nanos);
  read = h.take<ReadMarksOn>();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->from.value, 7U);
  const Mark mark{.uid = kTestUid, .lineage = kTestLineage, .sequence = 1, .epoch = {2}};
  h.step(MarksAnswer{read->call, MarksRead{{{{0}, {mark, {8}}}}, {10}, "log"}});
  const auto found = h.take_report<MarksFound>();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->read.marks.at({0}).mark, mark);
}

TEST(SinkOwnerTest, Rule2_ATransactionThatStaysOpenFailsTheJobAndIsNeverGuessedAt) {
  OwnerHarness h;
  h.fence_all();
  h.order(ReadMarks{});
  h.step(MarkEndAnswer{h.take<FindMarkEnd>()->call, MarkPosition{10}});
  for (int i = 0; i < 1000; ++i) {
    if (const auto read = h.take<ReadMarksOn>())
      h.step(MarksAnswer{read->call, MarksRead{{}, {7}, "log"}});
    if (h.now - 100 * kNanosPerSecond < h.limits.marks_nanos) {
      EXPECT_FALSE(h.take_report<SinkFailed>());
    }
    h.tick(h.limits.pause_nanos);
  }
  const auto failed = h.take_report<SinkFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error.code(), ErrorCode::S475);
}

TEST(SinkOwnerTest, Rule3_AMarkOfALaterLineageMakesItAZombie) {
  OwnerHarness h;
  const Mark mark{.uid = kTestUid, .lineage = {9, 9}, .sequence = 1};
  h.become_ready({{{0}, {mark, {}}}});
  EXPECT_TRUE(h.take<StandDown>());
  EXPECT_TRUE(h.owner->stood_down());
  h.actions.clear();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  EXPECT_TRUE(h.actions.empty());
}

// The state folder is a copy from before: what it would publish is "covered", and would be lost.
TEST(SinkOwnerTest, Rule3_OutputBeyondTheNewestCheckpointOfTheRecordFailsTheJob) {
  for (const bool whole : {true, false}) {
    OwnerHarness h({5});
    h.stage({6}, {"a"});
    const Mark mark{.uid = kTestUid,
                    .lineage = kTestLineage,
                    .sequence = 9,
                    .epoch = {8},
                    .progress = {{kTestLineage, {8}, whole, whole ? 0U : 3U}}};
    h.become_ready({{{0}, {mark, {}}}});
    const auto failed = h.take_report<SinkFailed>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->error.code(), ErrorCode::S477);
    EXPECT_THAT(failed->error.what(),
                AllOf(HasSubstr("output of checkpoint 8 is out"), HasSubstr("knows is 5"),
                      HasSubstr("Put the newer folder back")));
    h.order(PublishOrder{{6}, kEveryEpoch});
    EXPECT_FALSE(h.next_part());
  }
}

TEST(SinkOwnerTest, Rule3_OutputUpToTheNewestCheckpointOfTheRecordIsItsOwn) {
  for (const std::uint64_t out : {1U, 4U, 5U}) {
    OwnerHarness h({5});
    h.stage({6}, {"a"});
    const Mark mark{.uid = kTestUid,
                    .lineage = kTestLineage,
                    .sequence = 9,
                    .epoch = {out},
                    .progress = {{kTestLineage, {out}, true}}};
    h.become_ready({{{0}, {mark, {}}}});
    EXPECT_FALSE(h.take_report<SinkFailed>());
    h.order(PublishOrder{{6}, kEveryEpoch});
    EXPECT_TRUE(h.next_part());
  }
}

// What it published itself it knows to be complete, whatever it started from.
TEST(SinkOwnerTest, Rule3_AfterAFenceInTheMiddleItsOwnNewerMarkIsNoSurprise) {
  OwnerHarness h({5});
  h.become_ready();
  h.stage({6}, {"a"});
  h.order(PublishOrder{{6}, kEveryEpoch});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  h.failed(*part, PublishFailure::kFatal);
  h.tick(h.limits.pause_nanos);
  const auto fence = h.take<Fence>();
  ASSERT_TRUE(fence);
  h.step(FenceAnswer{{0}, fence->call, {}});
  h.step(MarkEndAnswer{h.take<FindMarkEnd>()->call, MarkPosition{1}});
  h.step(MarksAnswer{h.take<ReadMarksOn>()->call,
                     MarksRead{{{{0}, {part->part.mark, {0}}}}, {1}, "log"}});
  EXPECT_FALSE(h.take_report<SinkFailed>());
  h.order(PublishOrder{{6}, kEveryEpoch});
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{6});
}

TEST(SinkOwnerTest, Rule3_AnEpochOfANewLineageIsNotCoveredByAMarkOfTheOld) {
  LineageHistory history(kTestLineage);
  ASSERT_TRUE(history.branch({2, 2}, kTestLineage, {1}));
  OwnerHarness h({1}, {}, history);
  // The old lineage had published up to 7.
  const Mark old{.uid = kTestUid,
                 .lineage = kTestLineage,
                 .sequence = 5,
                 .epoch = {7},
                 .progress = {{kTestLineage, {7}, true}}};
  h.become_ready({{{0}, {old, {}}}});
  h.order(PublishOrder{{1}, {1}});
  // The start mark: everything inherited is out.
  const auto start = h.next_part();
  ASSERT_TRUE(start);
  EXPECT_TRUE(start->part.records.empty());
  ASSERT_NE(start->part.mark.of({2, 2}), nullptr);
  EXPECT_EQ(*start->part.mark.of({2, 2}), (LineageProgress{{2, 2}, {1}, true}));
  EXPECT_EQ(*start->part.mark.of(kTestLineage), (LineageProgress{kTestLineage, {7}, true}));
  EXPECT_FALSE(h.take_report<PublishedThrough>()) << "not before the start mark is out";
  h.out(*start);
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{1});
  h.stage({3}, {"a"});
  h.order(PublishOrder{{3}, kEveryEpoch});
  EXPECT_TRUE(h.next_part());
}

// The third lineage starts from epoch 3 of the first, which was not out; the newest mark is of the
// second, which had started from epoch 1 and got as far as 9.
TEST(SinkOwnerTest, Rule3_StagedOutputOfASupersededLineageComesOutWhenSomebodyGoesBackToIt) {
  for (const bool lineage_is_looked_at : {true, false}) {
    LineageHistory history(kTestLineage);
    ASSERT_TRUE(history.branch({2, 2}, kTestLineage, {1}));
    ASSERT_TRUE(history.branch({3, 3}, kTestLineage, {3}));
    OwnerHarness first;
    auto unit = first.stored(first.stager, {3}, {"a"});
    OwnerHarness h({3}, {{{0}, {unit}, {}, {}}}, history, {},
                   {.epochs_without_lineage = !lineage_is_looked_at});
    h.blobs = first.blobs;
    const Mark mark{.uid = kTestUid,
                    .lineage = {2, 2},
                    .sequence = 5,
                    .epoch = {9},
                    .progress = {{kTestLineage, {2}, true}, {{2, 2}, {9}, true}}};
    h.become_ready({{{0}, {mark, {}}}});
    h.order(PublishOrder{{3}, {3}});
    const auto part = h.next_part();
    ASSERT_TRUE(part) << "the start mark in any case";
    EXPECT_EQ(part->part.records.size(), lineage_is_looked_at ? 1U : 0U);
  }
}

TEST(SinkOwnerTest, Rule2_TakingTheCommittedEndForTheEndMissesAMarkThatIsThere) {
  OwnerHarness h({}, {}, LineageHistory(kTestLineage), {}, {.committed_end_is_the_end = true});
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  const auto part = h.next_part();
  h.failed(*part, PublishFailure::kFatal);  // it was out
  h.tick(h.limits.pause_nanos);
  const auto fence = h.take<Fence>();
  h.step(FenceAnswer{{0}, fence->call, {}});
  h.step(MarkEndAnswer{h.take<FindMarkEnd>()->call, MarkPosition{10}});
  // Another's open transaction hides it.
  h.step(MarksAnswer{h.take<ReadMarksOn>()->call, MarksRead{{}, {7}, "log"}});
  EXPECT_TRUE(h.next_part()) << "doubled: the planted bug does what it is for";
}

TEST(SinkOwnerTest, Rule6_PartsAreBoundedAndSayWhereTheNextOneBegins) {
  PublishLimits limits;
  limits.part_bytes = 4;
  OwnerHarness h({}, {}, LineageHistory(kTestLineage), limits);
  h.become_ready();
  h.stage({1}, {"aa", "bb", "cc", "dd", "ee"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("aa", "bb"));
  EXPECT_EQ(*part->part.mark.of(kTestLineage), (LineageProgress{kTestLineage, {1}, false, 2}));
  EXPECT_EQ(part->part.mark.sequence, 1U);
  h.out(*part);
  part = h.next_part();
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("cc", "dd"));
  h.out(*part);
  part = h.next_part();
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("ee"));
  EXPECT_EQ(*part->part.mark.of(kTestLineage), (LineageProgress{kTestLineage, {1}, true}));
  EXPECT_EQ(part->part.mark.sequence, 3U);
}

TEST(SinkOwnerTest, Rule6_ARecoveryResumesAtThePart) {
  OwnerHarness first;
  auto unit = first.stored(first.stager, {1}, {"aa", "bb", "cc"});
  OwnerHarness h({1}, {{{0}, {unit}, {}, {}}});
  h.blobs = first.blobs;
  const Mark mark{.uid = kTestUid,
                  .lineage = kTestLineage,
                  .sequence = 4,
                  .epoch = {1},
                  .progress = {{kTestLineage, {1}, false, 2}}};
  h.become_ready({{{0}, {mark, {}}}});
  h.order(PublishOrder{{1}, {1}});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("cc"));
  EXPECT_EQ(part->part.mark.sequence, 5U);
}

TEST(SinkOwnerTest, Rule6_PendingEpochsOfAWriterGoOutTogether) {
  OwnerHarness h;
  h.become_ready();
  for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) h.stage({epoch}, {fmt::format("{}", epoch)});
  h.order(PublishOrder{{5}, kEveryEpoch});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(part->part.mark.epoch, Epoch{5});
}

TEST(SinkOwnerTest, Rule6_APartThatTookLongMakesTheNextOneSmaller) {
  PublishLimits limits;
  limits.part_bytes = 8;
  limits.part_bytes_min = 2;
  OwnerHarness h({}, {}, LineageHistory(kTestLineage), limits);
  h.become_ready();
  h.stage({1}, {"aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  auto part = h.next_part();
  EXPECT_EQ(part->part.records.size(), 4U);
  h.now += 4 * kNanosPerSecond;
  h.out(*part);
  part = h.next_part();
  EXPECT_EQ(part->part.records.size(), 2U);
  h.failed(*part, PublishFailure::kAbortAndResend);
  h.tick(h.limits.pause_nanos);
  part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("ee"));
}

TEST(SinkOwnerTest, Rule7_PublishesWhatItInheritsUnderTheirMarkAndClosesThem) {
  OwnerHarness first;
  EpochStager third({kTestUid, "out", {3}}, kTestLineage, {});
  auto unit = first.stored(third, {2}, {"x"});
  OwnerHarness h({2}, {{{0}, {}, {}, {}}, {{3}, {unit}, {}, {}}});
  h.blobs = first.blobs;
  h.become_ready();
  EXPECT_FALSE(h.take<CloseNumber>());
  h.order(PublishOrder{{2}, {2}});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part.number, WriterNumber{3});
  EXPECT_FALSE(h.take_report<PublishedThrough>());
  h.out(*part);
  EXPECT_EQ(h.take<CloseNumber>()->number, WriterNumber{3});
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{2});
}

TEST(SinkOwnerTest, Rule8_NothingBeyondTheGateIsPublished) {
  OwnerHarness h({2});
  h.become_ready();
  h.stage({3}, {"new"});
  h.order(PublishOrder{{3}, {2}});
  EXPECT_FALSE(h.next_part());
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{2});
  h.order(PublishOrder{{3}, kEveryEpoch});
  EXPECT_TRUE(h.next_part());
}

TEST(SinkOwnerTest, Rule9_OnlyCompleteEpochsThatAreNotOutStopTheInput) {
  PublishLimits limits;
  limits.pending_bytes = 10;
  limits.pending_epochs = 2;
  OwnerHarness h({}, {}, LineageHistory(kTestLineage), limits);
  h.become_ready();
  h.stage({1}, {"more bytes than the limit allows"});
  EXPECT_FALSE(h.owner->input_stopped()) << "not complete: a barrier may stand behind the input";
  h.order(PublishOrder{{1}, kEveryEpoch});
  EXPECT_TRUE(h.owner->input_stopped());
  h.out(*h.next_part());
  EXPECT_FALSE(h.owner->input_stopped());
  for (std::uint64_t epoch = 2; epoch <= 4; ++epoch) h.stage({epoch}, {"a"});
  EXPECT_FALSE(h.owner->input_stopped());
  h.order(PublishOrder{{4}, kEveryEpoch});
  EXPECT_TRUE(h.owner->input_stopped()) << "three epochs";
}

TEST(SinkOwnerTest, Rule10_CompletedMeansEveryEpochUpToItAlsoOfAbortedCheckpoints) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.stage({2}, {"b"});
  h.stage({3}, {"c"});
  h.order(PublishOrder{{2}, kEveryEpoch});  // 1 was aborted
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("a", "b"));
  h.out(*part);
  EXPECT_FALSE(h.next_part());
}

TEST(SinkOwnerTest, Rule10_ASnapshotListsEveryEpochThatIsNotKnownToBeOut) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.stage({2}, {"b"});
  (void)h.take<SnapshotReady>();
  const auto second = h.take<SnapshotReady>();
  ASSERT_EQ(second->epoch, Epoch{2});
  ASSERT_EQ(second->snapshot.writers(0).units_size(), 2);
  h.order(PublishOrder{{1}, kEveryEpoch});
  h.out(*h.next_part());
  h.stage({3}, {});
  const auto third = h.take<SnapshotReady>();
  ASSERT_EQ(third->snapshot.writers(0).units_size(), 1);
  EXPECT_EQ(third->snapshot.writers(0).units(0).epoch(), 2U);
  EXPECT_EQ(decode_mark(third->snapshot.writers(0).mark())->epoch, Epoch{1});
}

TEST(SinkOwnerTest, Rule10_AnOrderThatIsSaidAgainDoesNothingButIsAnswered) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  h.out(*h.next_part());
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{1});
  h.order(PublishOrder{{1}, kEveryEpoch});
  EXPECT_FALSE(h.next_part());
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{1});
}

TEST(SinkOwnerTest, Rule11_FencesOnlyWithALeaseThatIsYoungEnough) {
  OwnerHarness h;
  h.step(Started{});
  EXPECT_FALSE(h.take<Fence>());
  const auto ask = h.take_report<AskLease>();
  ASSERT_TRUE(ask);
  h.now += h.limits.lease_nanos;  // it slept
  h.order(LeaseAnswer{ask->asked_nanos, true});
  EXPECT_FALSE(h.take<Fence>());
  const auto again = h.take_report<AskLease>();
  ASSERT_TRUE(again);
  h.order(LeaseAnswer{again->asked_nanos, true});
  EXPECT_TRUE(h.take<Fence>());
}

TEST(SinkOwnerTest, Rule11_WithoutALeaseItStandsDown) {
  OwnerHarness h;
  h.step(Started{});
  h.order(LeaseAnswer{h.take_report<AskLease>()->asked_nanos, false});
  EXPECT_TRUE(h.take<StandDown>());
  h.tick(kNanosPerSecond);
  EXPECT_TRUE(h.actions.empty());
}

TEST(SinkOwnerTest, Rule11_WhoIsFencedAsksBeforeHeFencesAgain) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  const auto part = h.next_part();
  h.actions.clear();
  h.now += kNanosPerSecond;
  h.failed(*part, PublishFailure::kFenced);
  EXPECT_TRUE(h.actions.empty()) << "whoever fights for a number does not do it without a pause";
  EXPECT_TRUE(h.owner->waits_for_time());
  h.tick(h.limits.pause_nanos);
  EXPECT_FALSE(h.take<Fence>()) << "though the lease is young";
  const auto ask = h.take_report<AskLease>();
  ASSERT_TRUE(ask);
  h.order(LeaseAnswer{ask->asked_nanos - kNanosPerSecond, true});
  EXPECT_FALSE(h.take<Fence>()) << "an answer to a question from before";
  h.order(LeaseAnswer{ask->asked_nanos, true});
  EXPECT_TRUE(h.take<Fence>());
}

// The coordinator of a run that was superseded elsewhere goes on granting its own round leases.
TEST(SinkOwnerTest, Rule11_WhoFindsALaterOwnerWithALeaseInHandStandsDown) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  h.failed(*h.next_part(), PublishFailure::kFenced);
  h.tick(h.limits.pause_nanos);
  h.order(LeaseAnswer{h.take_report<AskLease>()->asked_nanos, true});
  const auto fence = h.take<Fence>();
  ASSERT_TRUE(fence);
  h.actions.clear();
  h.step(FenceAnswer{fence->number, fence->call,
                     std::unexpected(PublishError{PublishFailure::kFenced,
                                                  Error(ErrorCode::F102, "x has a later owner")})});
  const auto down = h.take<StandDown>();
  ASSERT_TRUE(down);
  EXPECT_THAT(down->reason, HasSubstr("x has a later owner. Another run of this job owns"));
  EXPECT_TRUE(h.owner->stood_down());
  EXPECT_FALSE(h.owner->waits_for_time());
  h.tick(1000 * kNanosPerSecond);
  EXPECT_TRUE(h.actions.empty());
}

TEST(SinkOwnerTest, Rule11_AFenceThatFailsOtherwiseIsTriedAgainAfterPauses) {
  for (const PublishFailure failure : {PublishFailure::kRetriable, PublishFailure::kFatal}) {
    OwnerHarness h;
    h.step(Started{});
    h.order(LeaseAnswer{h.take_report<AskLease>()->asked_nanos, true});
    for (int i = 0; i < 5; ++i) {
      const auto fence = h.take<Fence>();
      ASSERT_TRUE(fence) << i;
      h.step(
          FenceAnswer{fence->number, fence->call,
                      std::unexpected(PublishError{failure, Error(ErrorCode::F102, "not now")})});
      EXPECT_FALSE(h.take<Fence>());
      EXPECT_FALSE(h.owner->stood_down());
      h.tick(h.limits.pause_nanos << i);
    }
  }
}

TEST(SinkOwnerTest, Rule11_AfterAnUnknownOutcomeItFencesAndReadsBeforeItSendsAgain) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a", "b"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  const auto part = h.next_part();
  h.actions.clear();
  h.failed(*part, PublishFailure::kFatal);
  EXPECT_FALSE(h.next_part());
  h.tick(h.limits.pause_nanos);
  EXPECT_FALSE(h.next_part());
  const auto fence = h.take<Fence>();
  ASSERT_TRUE(fence);
  h.step(FenceAnswer{{0}, fence->call, {}});
  EXPECT_FALSE(h.next_part());
  h.step(MarkEndAnswer{h.take<FindMarkEnd>()->call, MarkPosition{1}});
  const auto read = h.take<ReadMarksOn>();
  ASSERT_TRUE(read);
  // It was out after all.
  h.step(MarksAnswer{read->call, MarksRead{{{{0}, {part->part.mark, {0}}}}, {1}, "log"}});
  EXPECT_FALSE(h.next_part());
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{1});
}

TEST(SinkOwnerTest, Rule11_OrdersOfAnotherRoundAreNotHeard) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.step(Order{{4, 1}, PublishOrder{{1}, kEveryEpoch}});
  h.step(Order{{2, 1}, PublishOrder{{1}, kEveryEpoch}});
  EXPECT_FALSE(h.next_part());
}

TEST(SinkOwnerTest, Rule14_WhatIsRefusedBlocksTheSinkAndStopsTheInputUntilSomebodyDecides) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  h.failed(*h.next_part(), PublishFailure::kRefused);
  const auto blocked = h.take_report<SinkBlocked>();
  ASSERT_TRUE(blocked);
  EXPECT_EQ(blocked->epoch, Epoch{1});
  EXPECT_TRUE(h.owner->input_stopped());
  h.tick(kNanosPerSecond);
  EXPECT_TRUE(h.take_report<SinkBlocked>()) << "said again, in case it was lost";
  h.tick(1000 * kNanosPerSecond);
  EXPECT_FALSE(h.next_part());
  h.order(RetryBlocked{});
  EXPECT_TRUE(h.take_report<SinkUnblocked>());
  EXPECT_FALSE(h.owner->input_stopped());
  EXPECT_TRUE(h.next_part());
}

TEST(SinkOwnerTest, Rule14_ASkippedEpochGoesToTheDeadLettersOnceAndThenItsMarkGoesOn) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a", "b"});
  h.stage({2}, {"c"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  h.failed(*h.next_part(), PublishFailure::kRefused);
  h.order(SkipEpoch{{0}, {2}});
  h.load();
  EXPECT_FALSE(h.take<DeadLetters>()) << "another epoch than the one that is stuck";
  h.order(SkipEpoch{{0}, {1}});
  h.load();
  const auto letters = h.take<DeadLetters>();
  ASSERT_TRUE(letters);
  EXPECT_THAT(OwnerHarness::values(letters->part), ElementsAre("a", "b"));
  // The mark may go on when the checkpoint with the dead letters is complete, not before.
  h.order(PublishOrder{{2}, kEveryEpoch});
  EXPECT_FALSE(h.next_part());
  h.actions.clear();
  h.stage({3}, {});
  const auto snapshot = h.take<SnapshotReady>();
  ASSERT_EQ(snapshot->snapshot.writers(0).units_size(), 2);
  EXPECT_EQ(snapshot->snapshot.writers(0).units(0).dead_lettered(), 2U);
  h.order(PublishOrder{{3}, kEveryEpoch});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_THAT(OwnerHarness::values(part->part), ElementsAre("c"));
  EXPECT_EQ(*part->part.mark.of(kTestLineage), (LineageProgress{kTestLineage, {2}, true}));
  EXPECT_FALSE(h.take<DeadLetters>());

  // A restore from that checkpoint knows it, too.
  OwnerHarness restored({3}, {{{0},
                               {snapshot->snapshot.writers(0).units().begin(),
                                snapshot->snapshot.writers(0).units().end()},
                               {},
                               {}}});
  restored.blobs = h.blobs;
  restored.become_ready();
  restored.order(PublishOrder{{3}, {3}});
  EXPECT_THAT(OwnerHarness::values(restored.next_part()->part), ElementsAre("c"));
}

TEST(SinkOwnerTest, Rule16_AMarkOlderThanTheConfirmedOneFailsTheJob) {
  const Mark confirmed{.uid = kTestUid, .lineage = kTestLineage, .sequence = 7, .epoch = {2}};
  Mark older = confirmed;
  older.sequence = 6;
  for (const Marks& found : {Marks{}, Marks{{{0}, {older, {}}}}}) {
    OwnerHarness h({2}, {{{0}, {}, confirmed, {}}});
    h.become_ready(found);
    const auto failed = h.take_report<SinkFailed>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->error.code(), ErrorCode::S476);
  }
}

TEST(SinkOwnerTest, Rule19_EmptyEpochsMakeNoTransactionAndNoMark) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {});
  h.stage({2}, {});
  h.order(PublishOrder{{2}, kEveryEpoch});
  EXPECT_FALSE(h.next_part());
  EXPECT_EQ(h.take_report<PublishedThrough>()->epoch, Epoch{2});
  EXPECT_EQ(h.take<SnapshotReady>()->snapshot.writers(0).units_size(), 0);
}

TEST(SinkOwnerTest, Rule22_WhatIsPublishedIsWhatWasStagedWithItsDestination) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"final"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  const auto part = h.next_part();
  ASSERT_TRUE(part);
  EXPECT_EQ(part->part.records[0],
            (StagedRecord{.destination = "topic", .partition = 2, .value = "final"}));
}

TEST(SinkOwnerTest, ADamagedSegmentIsTriedAFewTimesAndThenFailsTheJob) {
  OwnerHarness h;
  h.become_ready();
  h.stage({1}, {"a"});
  h.order(PublishOrder{{1}, kEveryEpoch});
  for (std::uint32_t i = 0; i < h.limits.load_tries; ++i) {
    EXPECT_FALSE(h.take_report<SinkFailed>());
    const auto load = h.take<LoadSegment>();
    ASSERT_TRUE(load);
    h.step(SegmentAnswer{{0}, load->call, std::string("not a segment")});
    h.tick(h.limits.pause_nanos_max);
  }
  const auto failed = h.take_report<SinkFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error.code(), ErrorCode::S473);
}

}  // namespace
}  // namespace tributary
