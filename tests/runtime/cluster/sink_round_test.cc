#include "runtime/cluster/sink_round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Hash128 kUid{7, 7};
constexpr Hash128 kLineage{1, 1};
constexpr OwnershipRound kRound{4, 1};
constexpr graph::VertexId kLines{3};
constexpr graph::VertexId kTotals{5};

// Sinks "lines" with two tasks and "totals" with one.
class SinkRoundTest : public ::testing::Test {
 protected:
  static SinkOwnership ownership(std::uint32_t tasks, const checkpoint::SinkRecord* record,
                                 std::uint64_t restored) {
    return plan_sink_owners(record, {}, tasks, {restored}).value();
  }
  static SinkRound round(std::uint64_t restored = 0,
                         const checkpoint::SinkRecord* lines = nullptr) {
    return {kRound,
            {restored},
            kLineage,
            {{kLines, "lines", ownership(2, lines, restored)},
             {kTotals, "totals", ownership(1, nullptr, restored)}}};
  }
  static std::vector<SinkRound::ToTask> orders(const SinkRound::Actions& actions) {
    std::vector<SinkRound::ToTask> all;
    for (const auto& action : actions) {
      if (const auto* order = std::get_if<SinkRound::ToTask>(&action)) all.push_back(*order);
    }
    return all;
  }
  static void fence_and_read(SinkRound& of, graph::VertexId vertex, std::uint32_t tasks,
                             const Marks& marks = {}, const std::string& log = "log") {
    for (std::uint32_t task = 0; task < tasks; ++task)
      of.on_report(vertex, task, kRound, AllFenced{});
    of.on_report(vertex, 0, kRound, MarksFound{{marks, {}, log}});
  }
  static FoundMark mark(Hash128 lineage, std::uint64_t epoch) {
    return {{.uid = kUid,
             .lineage = lineage,
             .sequence = 1,
             .epoch = {epoch},
             .progress = {{lineage, {epoch}, true}}},
            {}};
  }
};

TEST_F(SinkRoundTest, OrdersGoToTheTaskThatSpokeAndToNoOtherSink) {
  SinkRound sinks = round();
  const auto actions = sinks.on_report(kLines, 1, kRound, AskLease{17});
  const auto to = orders(actions);
  ASSERT_THAT(to, SizeIs(1));
  EXPECT_EQ(to[0].vertex, kLines);
  EXPECT_EQ(to[0].task, 1U);
  EXPECT_EQ(to[0].round, kRound);
  EXPECT_TRUE(std::get<LeaseAnswer>(to[0].order).granted);
  EXPECT_THAT(sinks.on_report(graph::VertexId{4}, 0, kRound, AskLease{17}), IsEmpty());
}

TEST_F(SinkRoundTest, Rule11_WhoAsksInAnotherRoundHearsThatHeIsAZombie) {
  SinkRound sinks = round();
  const OwnershipRound old{3, 1};
  const auto to = orders(sinks.on_report(kLines, 0, old, AskLease{17}));
  ASSERT_THAT(to, SizeIs(1));
  EXPECT_EQ(to[0].round, old);
  EXPECT_FALSE(std::get<LeaseAnswer>(to[0].order).granted);
}

TEST_F(SinkRoundTest, Rule2_MarksOfASinkAreReadWhenAllItsTasksHaveFenced) {
  SinkRound sinks = round();
  EXPECT_THAT(sinks.on_report(kLines, 1, kRound, AllFenced{}), IsEmpty());
  const auto to = orders(sinks.on_report(kLines, 0, kRound, AllFenced{}));
  ASSERT_THAT(to, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<ReadMarks>(to[0].order));
}

TEST_F(SinkRoundTest, Rule15_PublishedIsTheLeastOfAllTasksOfAllSinks) {
  SinkRound sinks = round();
  fence_and_read(sinks, kLines, 2);
  fence_and_read(sinks, kTotals, 1);
  EXPECT_EQ(orders(sinks.completed({3})).size(), 3U);
  EXPECT_EQ(sinks.published(), std::nullopt);
  sinks.on_report(kLines, 0, kRound, PublishedThrough{{3}});
  sinks.on_report(kLines, 1, kRound, PublishedThrough{{2}});
  EXPECT_EQ(sinks.published(), std::nullopt) << "totals has not spoken";
  sinks.on_report(kTotals, 0, kRound, PublishedThrough{{3}});
  EXPECT_EQ(sinks.published(), Epoch{2});
  sinks.on_report(kLines, 1, OwnershipRound{3, 1}, PublishedThrough{{9}});
  EXPECT_EQ(sinks.published(), Epoch{2}) << "a zombie's word counts for nothing";
  sinks.on_report(kLines, 1, kRound, PublishedThrough{{3}});
  EXPECT_EQ(sinks.published(), Epoch{3});
  EXPECT_EQ(SinkRound(kRound, {}, kLineage, {}).published(), std::nullopt);
}

TEST_F(SinkRoundTest, Rule10_OrdersAreSaidAgain) {
  SinkRound sinks = round();
  EXPECT_THAT(sinks.tick(), IsEmpty());
  fence_and_read(sinks, kLines, 2);
  sinks.completed({3});
  const auto to = orders(sinks.tick());
  ASSERT_THAT(to, SizeIs(2));
  EXPECT_EQ(std::get<PublishOrder>(to[0].order).completed, Epoch{3});
}

TEST_F(SinkRoundTest, Rule8_NothingNewIsOrderedBeforeWhatIsInheritedIsOut) {
  checkpoint::SinkRecord record;
  record.set_sink("lines");
  record.set_numbers(3);
  record.add_drain_points(5);
  record.set_marks_id("log");
  SinkRound sinks = round(7, &record);
  fence_and_read(sinks, kLines, 2);
  sinks.completed({8});
  const auto gate = [&] { return std::get<PublishOrder>(orders(sinks.tick())[0].order).gate; };
  EXPECT_EQ(gate(), Epoch{5});
  sinks.on_report(kLines, 0, kRound, PublishedThrough{{5}});
  sinks.on_report(kLines, 1, kRound, PublishedThrough{{5}});
  EXPECT_EQ(gate(), Epoch{7});
  const auto records = sinks.records();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].sink(), "lines");
  EXPECT_EQ(records[0].numbers(), 3U);
  EXPECT_THAT(records[0].drain_points(), ElementsAre(7U));
  EXPECT_EQ(records[0].marks_id(), "log");
  sinks.on_report(kLines, 0, kRound, PublishedThrough{{7}});
  sinks.on_report(kLines, 1, kRound, PublishedThrough{{7}});
  EXPECT_EQ(gate(), kEveryEpoch);
}

TEST_F(SinkRoundTest, Rule16_MarksOfAnotherPlaceThanTheRecordsFailTheSink) {
  checkpoint::SinkRecord record;
  record.set_sink("lines");
  record.set_numbers(2);
  record.set_marks_id("topic-1");
  SinkRound sinks = round(7, &record);
  sinks.on_report(kLines, 0, kRound, AllFenced{});
  sinks.on_report(kLines, 1, kRound, AllFenced{});
  const auto actions = sinks.on_report(kLines, 0, kRound, MarksFound{{{}, {}, "topic-2"}});
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_EQ(std::get<FailSink>(actions[0]).error.code(), ErrorCode::S476);
}

TEST_F(SinkRoundTest, AFailureNamesItsSink) {
  SinkRound sinks = round();
  const auto actions = sinks.on_report(
      kTotals, 0, kRound, SinkFailed{Error(ErrorCode::S475, "committed up to 3 of 5")});
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_THAT(std::get<FailSink>(actions[0]).error.what(),
              AllOf(HasSubstr("sink totals"), HasSubstr("3 of 5")));
}

TEST_F(SinkRoundTest, Rule9_ASoftCapAsksForACheckpoint) {
  SinkRound sinks = round();
  const auto actions = sinks.on_report(kLines, 0, kRound, AskCheckpoint{});
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<TriggerCheckpoint>(actions[0]));
}

TEST_F(SinkRoundTest, Rule14_WhatIsBlockedIsListedUntilItIsMended) {
  SinkRound sinks = round();
  sinks.on_report(kLines, 1, kRound,
                  SinkBlocked{{1}, {5}, Error(ErrorCode::S478, "another file is there")});
  ASSERT_THAT(sinks.blocked(), SizeIs(1));
  EXPECT_EQ(sinks.blocked()[0].sink, "lines");
  EXPECT_EQ(sinks.blocked()[0].what.epoch, Epoch{5});
  EXPECT_EQ(orders(sinks.retry_blocked()).size(), 3U);
  sinks.on_report(kLines, 1, kRound, SinkUnblocked{{1}});
  EXPECT_THAT(sinks.blocked(), IsEmpty());
}

TEST_F(SinkRoundTest, Rule1_MarksOfTheLineageAreThereWhenAllSinksWereRead) {
  SinkRound sinks = round();
  fence_and_read(sinks, kLines, 2, {{{0}, mark(kLineage, 3)}, {{1}, mark({9, 9}, 8)}});
  EXPECT_EQ(sinks.marks(), std::nullopt);
  fence_and_read(sinks, kTotals, 1, {{{0}, mark(kLineage, 4)}});
  const auto marks = sinks.marks();
  ASSERT_TRUE(marks);
  ASSERT_THAT(*marks, SizeIs(2));
  EXPECT_EQ((*marks)[0].sink, "lines");
  EXPECT_EQ((*marks)[0].number, 0U);
  EXPECT_EQ((*marks)[0].epoch, 3U);
  EXPECT_EQ((*marks)[1].sink, "totals");
  EXPECT_EQ((*marks)[1].epoch, 4U);
}

}  // namespace
}  // namespace tributary
