#include "checkpoint/publish/sink_coordinator.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr OwnershipRound kRound{4, 1};

class SinkCoordinatorTest : public ::testing::Test {
 protected:
  SinkCoordinatorTest() { make({{3}, {8}}); }
  void make(std::vector<Epoch> points, std::string marks_id = "") {
    coordinator_.emplace(SinkCoordinator::Settings{.sink = "out",
                                                   .round = kRound,
                                                   .tasks = 2,
                                                   .numbers = 3,
                                                   .restored = points.back(),
                                                   .drain_points = std::move(points),
                                                   .marks_from = {17},
                                                   .marks_id = std::move(marks_id),
                                                   .hazards = {}});
  }
  void says(std::uint32_t task, OwnerReport report, OwnershipRound round = kRound) {
    actions_ = coordinator_->step(OwnerSaid{task, round, std::move(report)});
  }
  void know_marks() {
    says(0, AllFenced{});
    says(1, AllFenced{});
    says(1, MarksFound{{{}, {20}, "log"}});
  }
  template <typename T>
  std::vector<std::pair<std::uint32_t, T>> orders() const {
    std::vector<std::pair<std::uint32_t, T>> found;
    for (const SinkAction& action : actions_) {
      const ToOwner* order = std::get_if<ToOwner>(&action);
      if (order != nullptr && std::holds_alternative<T>(order->order))
        found.emplace_back(order->task, std::get<T>(order->order));
    }
    return found;
  }
  std::optional<Epoch> gate() const {
    const auto found = orders<PublishOrder>();
    if (found.empty()) return std::nullopt;
    return found.back().second.gate;
  }

  std::optional<SinkCoordinator> coordinator_;
  std::vector<SinkAction> actions_;
};

TEST_F(SinkCoordinatorTest, Rule2_OneReaderReadsTheMarksWhenAllHaveFencedAndNotBefore) {
  says(0, AllFenced{});
  says(0, AllFenced{});
  EXPECT_TRUE(orders<ReadMarks>().empty());
  says(1, AllFenced{});
  const auto read = orders<ReadMarks>();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].second.from.value, 17U);
  says(0, AllFenced{});
  EXPECT_TRUE(orders<ReadMarks>().empty()) << "one reader";
  actions_ = coordinator_->step(SinkTick{});
  EXPECT_EQ(orders<ReadMarks>().size(), 1U) << "the order may have been lost";
  says(1, MarksFound{{{}, {20}, "log"}});
  EXPECT_EQ(orders<MarksKnown>().size(), 2U);
}

TEST_F(SinkCoordinatorTest, Rule2_NobodyIsToldToPublishBeforeTheMarksAreKnown) {
  actions_ = coordinator_->step(EpochCompleted{{9}});
  EXPECT_TRUE(orders<PublishOrder>().empty());
  know_marks();
  EXPECT_EQ(orders<PublishOrder>().size(), 2U);
}

TEST_F(SinkCoordinatorTest, Rule8_NothingNewerIsPublishedBeforeEveryOwnerHasDrained) {
  know_marks();
  EXPECT_EQ(gate(), Epoch{3});
  says(0, PublishedThrough{{3}});
  EXPECT_FALSE(gate());
  actions_ = coordinator_->step(EpochCompleted{{12}});
  EXPECT_EQ(gate(), Epoch{3}) << "completed, and behind the gate";
  says(1, PublishedThrough{{3}});
  EXPECT_EQ(gate(), Epoch{8});
  says(1, PublishedThrough{{8}});
  says(0, PublishedThrough{{8}});
  EXPECT_EQ(gate(), kEveryEpoch);
}

TEST_F(SinkCoordinatorTest, Rule8_WhatIsNotDrainedIsOnRecordForTheNextRound) {
  know_marks();
  EXPECT_EQ(coordinator_->record().drain_points_size(), 2);
  says(0, PublishedThrough{{3}});
  says(1, PublishedThrough{{3}});
  ASSERT_EQ(coordinator_->record().drain_points_size(), 1);
  EXPECT_EQ(coordinator_->record().drain_points(0), 8U);
  EXPECT_EQ(coordinator_->record().numbers(), 3U);
  EXPECT_EQ(coordinator_->record().marks_id(), "log");
}

TEST_F(SinkCoordinatorTest, Rule10_CompletedIsSaidAgainAtEveryTick) {
  know_marks();
  (void)coordinator_->step(EpochCompleted{{12}});
  actions_ = coordinator_->step(SinkTick{});
  ASSERT_EQ(orders<PublishOrder>().size(), 2U);
  EXPECT_EQ(orders<PublishOrder>()[1].second.completed, Epoch{12});
}

TEST_F(SinkCoordinatorTest, Rule11_GivesALeaseToTheCurrentRoundOnly) {
  says(0, AskLease{5});
  ASSERT_EQ(orders<LeaseAnswer>().size(), 1U);
  EXPECT_TRUE(orders<LeaseAnswer>()[0].second.granted);
  EXPECT_EQ(orders<LeaseAnswer>()[0].second.asked_nanos, 5);
  says(0, AskLease{5}, {3, 1});
  ASSERT_EQ(orders<LeaseAnswer>().size(), 1U);
  EXPECT_FALSE(orders<LeaseAnswer>()[0].second.granted);
  EXPECT_EQ(std::get<ToOwner>(actions_[0]).round, (OwnershipRound{3, 1}));
}

TEST_F(SinkCoordinatorTest, Rule11_AZombiesReportsDoNotCount) {
  says(0, AllFenced{});
  says(1, AllFenced{}, {3, 1});
  EXPECT_TRUE(orders<ReadMarks>().empty());
  know_marks();
  says(0, PublishedThrough{{3}});
  says(1, PublishedThrough{{3}}, {3, 1});
  EXPECT_FALSE(coordinator_->published({3}));
}

TEST_F(SinkCoordinatorTest, Rule14_WhatIsBlockedIsKnownAndVerbsReachItsOwner) {
  know_marks();
  says(0, SinkBlocked{{2}, {5}, Error(ErrorCode::S478, "no rights")});
  ASSERT_EQ(coordinator_->blocked().size(), 1U);
  actions_ = coordinator_->step(RetryBlocked{});
  EXPECT_EQ(orders<RetryBlocked>().size(), 2U);
  actions_ = coordinator_->step(SkipEpoch{{2}, {5}});
  ASSERT_EQ(orders<SkipEpoch>().size(), 1U);
  EXPECT_EQ(orders<SkipEpoch>()[0].first, 0U) << "2 mod 2";
  says(0, SinkUnblocked{{2}});
  EXPECT_TRUE(coordinator_->blocked().empty());
}

TEST_F(SinkCoordinatorTest, Rule15_AnEpochIsPublishedWhenEveryWriterSaysSo) {
  know_marks();
  says(0, PublishedThrough{{9}});
  EXPECT_FALSE(coordinator_->published({8}));
  says(1, PublishedThrough{{8}});
  EXPECT_TRUE(coordinator_->published({8}));
  EXPECT_FALSE(coordinator_->published({9}));
}

TEST_F(SinkCoordinatorTest, Rule16_AnotherLogOfMarksFailsTheJob) {
  make({{8}}, "the one of old");
  know_marks();
  ASSERT_EQ(actions_.size(), 1U);
  EXPECT_EQ(std::get<FailSink>(actions_[0]).error.code(), ErrorCode::S476);
  EXPECT_FALSE(coordinator_->marks());
}

TEST_F(SinkCoordinatorTest, Rule9_AFullEpochAsksForACheckpoint) {
  says(1, AskCheckpoint{});
  ASSERT_EQ(actions_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<TriggerCheckpoint>(actions_[0]));
}

}  // namespace
}  // namespace tributary
