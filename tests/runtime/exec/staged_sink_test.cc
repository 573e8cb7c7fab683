#include "runtime/exec/staged_sink.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/exec/sink_world.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SinkWorld;

// A destination that keeps what it is given, with its marks, whoever wrote it.
class KeepingConnector final : public SinkConnector {
 public:
  PublishResult<void> fence(WriterNumber number, OwnershipRound round) override {
    ++fences;
    OwnershipRound& owner = owners[number];
    if (owner.place() > round.place()) return failed(PublishFailure::kFenced);
    owner = round;
    return {};
  }
  PublishResult<MarkPosition> mark_end() override { return MarkPosition{}; }
  PublishResult<MarksRead> published(MarkPosition, MarkPosition) override {
    return MarksRead{marks, {}, "marks"};
  }
  PublishResult<MarkPosition> publish(const Part& part) override {
    if (owners[part.number] != part.round) return failed(PublishFailure::kFenced);
    if (failure) return failed(*failure);
    for (const StagedRecord& record : part.records) out.emplace_back(record.value.value_or("-"));
    marks[part.number] = {part.mark, {}};
    if (loses_answers) return failed(PublishFailure::kFatal);
    return MarkPosition{};
  }
  void close(WriterNumber) override {}

  std::vector<std::string> out;
  std::map<WriterNumber, OwnershipRound> owners;
  Marks marks;
  std::optional<PublishFailure> failure;
  bool loses_answers = false;
  int fences = 0;  // tried

 private:
  static std::unexpected<PublishError> failed(PublishFailure failure) {
    return std::unexpected(PublishError{failure, Error(ErrorCode::S478, "no rights")});
  }
};

class StagedSinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<SinkWorld::Attempt> start(const PublishLimits& limits = {}) {
    auto attempt = world.start(connector, limits);
    attempt->settle();
    return attempt;
  }
  static void add(SinkWorld::Attempt& to, std::string_view value) {
    ASSERT_TRUE(to.sink.add({.destination = "topic", .value = value}));
  }
  static void epoch(SinkWorld::Attempt& of, std::uint64_t number, std::string_view value) {
    add(of, value);
    of.sink.on_barrier({number});
    of.sink.close_epoch({number});
    of.settle();
  }
  // Every file below the blobs' folder fails to be written.
  void fail_blobs(int error_number) {
    world.blob_files.inject_error("blobs/staged", FileOperation::kSync, error_number);
  }
  static std::size_t units(const checkpoint::SinkSnapshot& snapshot) {
    return static_cast<std::size_t>(snapshot.writers(0).units_size());
  }

  SinkWorld world;
  std::shared_ptr<KeepingConnector> connector = std::make_shared<KeepingConnector>();
};

TEST_F(StagedSinkTest, PublishesAnEpochWhenItsCheckpointIsCompleteAndNotBefore) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  attempt->tick(kNanosPerSecond);
  EXPECT_THAT(connector->out, IsEmpty());
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("one"));
  EXPECT_EQ(attempt->sink.published_through(), Epoch{1});
  EXPECT_EQ(attempt->sink.pending().epochs, 0U);
}

TEST_F(StagedSinkTest, WhatIsAddedSinceTheLastCloseBelongsToTheEpochThatIsClosedNext) {
  auto attempt = start();
  attempt->sink.on_barrier({1});
  add(*attempt, "of 1, though its barrier has passed");
  attempt->sink.on_barrier({2});
  attempt->sink.close_epoch({1});
  add(*attempt, "of 2");
  attempt->sink.close_epoch({2});
  add(*attempt, "of 3");
  attempt->settle();
  ASSERT_TRUE(attempt->complete(2));
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("of 1, though its barrier has passed", "of 2"));
}

TEST_F(StagedSinkTest, TheSnapshotWaitsForTheEpochToBeClosedAndStored) {
  auto attempt = start();
  add(*attempt, "one");
  attempt->sink.on_barrier({1});
  attempt->settle();
  EXPECT_FALSE(attempt->sink.take_snapshot({1}));
  attempt->sink.close_epoch({1});
  EXPECT_FALSE(attempt->sink.take_snapshot({1})) << "not stored yet";
  attempt->settle();
  const auto snapshot = attempt->sink.take_snapshot({1});
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(units(*snapshot), 1U);
  EXPECT_FALSE(attempt->sink.take_snapshot({1})) << "once";
}

TEST_F(StagedSinkTest, Rule10_ASnapshotHoldsTheEpochsOfAbortedCheckpoints) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  epoch(*attempt, 2, "two");
  EXPECT_FALSE(attempt->sink.take_snapshot({1})) << "given up";
  ASSERT_TRUE(attempt->complete(2));
  EXPECT_EQ(units(*world.snapshot), 2U);
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("one", "two"));
}

TEST_F(StagedSinkTest, AfterACrashWhatIsStagedIsPublishedOnce) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  ASSERT_TRUE(attempt->complete(1));
  epoch(*attempt, 2, "lost with the attempt");
  // Out, but nobody heard of it.
  connector->loses_answers = true;
  attempt->settle();
  ASSERT_THAT(connector->out, ElementsAre("one"));
  attempt.reset();
  connector->loses_answers = false;
  auto next = start();
  EXPECT_EQ(next->sink.published_through(), Epoch{1});
  epoch(*next, 3, "three");
  ASSERT_TRUE(next->complete(3));
  next->settle();
  EXPECT_THAT(connector->out, ElementsAre("one", "three"));
}

TEST_F(StagedSinkTest, AnUnknownOutcomeIsLookedUpAndNotRepeated) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  connector->loses_answers = true;
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  ASSERT_NE(attempt->sink.held(), nullptr);
  connector->loses_answers = false;
  for (int i = 0; i < 5; ++i) attempt->tick(kNanosPerSecond);
  EXPECT_THAT(connector->out, ElementsAre("one"));
  EXPECT_EQ(attempt->sink.published_through(), Epoch{1});
  EXPECT_EQ(attempt->sink.held(), nullptr) << "the mark says that it is out";
}

TEST_F(StagedSinkTest, WhatCannotBeStoredIsHeldAndStoredAgainAfterAPause) {
  auto attempt = start();
  fail_blobs(ENOSPC);
  epoch(*attempt, 1, "one");
  EXPECT_FALSE(attempt->sink.take_snapshot({1}));
  ASSERT_NE(attempt->sink.held(), nullptr);
  EXPECT_THAT(attempt->sink.held()->what(), HasSubstr("No space left"));
  EXPECT_FALSE(attempt->sink.failure());
  EXPECT_FALSE(attempt->sink.input_stopped()) << "a little fits into memory";
  EXPECT_GT(attempt->sink.unstored_bytes(), 0U);
  // No turn of the loop in vain: it is tried again at an instant, and later each time.
  const std::int64_t first = attempt->sink.next_tick_nanos() - world.clock.monotonic_nanos();
  EXPECT_GT(first, 0);
  attempt->sink.tick();
  EXPECT_EQ(attempt->pool.waiting(), 0U);
  attempt->tick(first);
  EXPECT_EQ(attempt->sink.next_tick_nanos() - world.clock.monotonic_nanos(), 2 * first);
  // That checkpoint is given up; the next one holds everything.
  world.blob_files.clear_faults();
  epoch(*attempt, 2, "two");
  EXPECT_FALSE(attempt->sink.take_snapshot({2}));
  attempt->tick(10 * kNanosPerSecond);
  EXPECT_EQ(attempt->sink.held(), nullptr);
  EXPECT_EQ(attempt->sink.unstored_bytes(), 0U);
  ASSERT_TRUE(attempt->complete(2));
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("one", "two"));
}

TEST_F(StagedSinkTest, Rule9_TooMuchThatIsNotStoredStopsTheInputAndNeverABarrier) {
  auto attempt = start({.segment_bytes = 1000, .unstored_bytes = 5000});
  fail_blobs(EIO);
  const std::string value(500, 'x');
  int added = 0;
  while (!attempt->sink.input_stopped()) {
    ASSERT_LT(added, 100);
    add(*attempt, value + std::to_string(added++));
    attempt->settle();
  }
  EXPECT_GT(added, 5);
  attempt->sink.on_barrier({1});
  attempt->sink.close_epoch({1});
  world.blob_files.clear_faults();
  attempt->tick(10 * kNanosPerSecond);
  EXPECT_FALSE(attempt->sink.input_stopped());
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  EXPECT_EQ(connector->out.size(), static_cast<std::size_t>(added));
}

TEST_F(StagedSinkTest, Rule9_ALargeEpochAsksForACheckpointAndTakesRecordsOn) {
  auto attempt = start({.epoch_soft_bytes = 100});
  for (int i = 0; i < 10; ++i) add(*attempt, std::string(50, 'x'));
  attempt->settle();
  EXPECT_EQ(attempt->checkpoints_asked, 1);
  EXPECT_FALSE(attempt->sink.input_stopped());
}

TEST_F(StagedSinkTest, Rule14_ARefusalStopsTheInputAndIsSaid) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  connector->failure = PublishFailure::kRefused;
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  EXPECT_TRUE(attempt->sink.input_stopped());
  ASSERT_NE(attempt->sink.held(), nullptr);
  EXPECT_THAT(attempt->sink.held()->what(), HasSubstr("no rights"));
  ASSERT_EQ(attempt->coordinator.blocked().size(), 1U);
  connector->failure.reset();
  attempt->carry_out(attempt->coordinator.step(RetryBlocked{}));
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("one"));
  EXPECT_EQ(attempt->sink.held(), nullptr);
  EXPECT_FALSE(attempt->sink.input_stopped());
}

TEST_F(StagedSinkTest, Rule14_SkippingAnEpochWithoutDeadLettersFailsAndLosesNothing) {
  auto attempt = start();
  epoch(*attempt, 1, "one");
  connector->failure = PublishFailure::kRefused;
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  attempt->carry_out(attempt->coordinator.step(SkipEpoch{{0}, {1}}));
  attempt->settle();
  ASSERT_TRUE(attempt->sink.failure());
  EXPECT_EQ(attempt->sink.failure()->code(), ErrorCode::S479);
  connector->failure.reset();
  auto next = start();
  EXPECT_THAT(connector->out, ElementsAre("one"));
}

TEST_F(StagedSinkTest, Rule11_AZombiePublishesNothingAndIsToldSo) {
  auto zombie = start();
  epoch(*zombie, 1, "one");
  ASSERT_TRUE(zombie->sink.take_snapshot({1}));
  // It did not become part of a checkpoint, and a later attempt runs.
  auto next = start();
  zombie->carry_out(zombie->coordinator.step(EpochCompleted{{1}}));
  zombie->sink.tick();
  zombie->pool.run_all();
  zombie->io.poll();
  EXPECT_THAT(connector->out, IsEmpty());
  zombie->sink.on_order(zombie->round, LeaseAnswer{0, false});
  EXPECT_TRUE(zombie->sink.stood_down());
  EXPECT_TRUE(zombie->sink.input_stopped());
  ASSERT_NE(zombie->sink.held(), nullptr);
  EXPECT_EQ(zombie->sink.held()->code(), ErrorCode::S480);
  zombie->settle();
  EXPECT_THAT(connector->out, IsEmpty());
  epoch(*next, 2, "again one");
  ASSERT_TRUE(next->complete(2));
  next->settle();
  EXPECT_THAT(connector->out, ElementsAre("again one"));
}

// Two runs of one job, each with a coordinator that knows only itself.
TEST_F(StagedSinkTest, Rule11_ARunThatWasSupersededElsewhereEndsAndSaysWhatToDo) {
  auto superseded = start();
  epoch(*superseded, 1, "one");
  ASSERT_TRUE(superseded->sink.take_snapshot({1}));
  auto other = start();
  superseded->carry_out(superseded->coordinator.step(EpochCompleted{{1}}));
  superseded->settle();
  EXPECT_FALSE(superseded->sink.stood_down()) << "not before it has asked";
  const int before = connector->fences;
  superseded->tick(PublishLimits{}.pause_nanos);
  EXPECT_EQ(connector->fences, before + 1) << "it looks once, and does not fight";
  ASSERT_TRUE(superseded->sink.stood_down());
  ASSERT_NE(superseded->sink.held(), nullptr);
  EXPECT_EQ(superseded->sink.held()->code(), ErrorCode::S480);
  EXPECT_THAT(superseded->sink.held()->what(), HasSubstr("Another run of this job owns"));
  EXPECT_EQ(superseded->sink.next_tick_nanos(), std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(connector->out, IsEmpty());
  epoch(*other, 2, "again one");
  ASSERT_TRUE(other->complete(2));
  other->settle();
  EXPECT_THAT(connector->out, ElementsAre("again one"));
}

TEST_F(StagedSinkTest, AnEpochThatCannotBeClosedFailsTheTaskAndNoSnapshotHoldsIt) {
  auto attempt = start();
  attempt->sink.on_barrier({1});
  attempt->sink.fail_epoch({1}, Error(ErrorCode::F102, "making durable x"));
  ASSERT_TRUE(attempt->sink.failure());
  EXPECT_THAT(attempt->sink.failure()->what(),
              AllOf(HasSubstr("sink out"), HasSubstr("epoch 1"), HasSubstr("making durable x")));
  attempt->sink.close_epoch({1});
  attempt->settle();
  EXPECT_FALSE(attempt->sink.take_snapshot({1}));
}

TEST_F(StagedSinkTest, ARecordOverTheLimitIsRefusedAndNotStaged) {
  auto attempt = start();
  const std::string path(kDestinationBytesMax + 1, 'x');
  const Status added = attempt->sink.add({.destination = path, .value = "v"});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::D102);
  epoch(*attempt, 1, "one");
  ASSERT_TRUE(attempt->complete(1));
  attempt->settle();
  EXPECT_THAT(connector->out, ElementsAre("one"));
}

TEST_F(StagedSinkTest, AnIdleTaskSleeps) {
  auto attempt = start();
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(attempt->sink.next_tick_nanos(), kNever);
  // What is added is stored soon, so that the barrier waits for the tail only.
  add(*attempt, "one");
  const std::int64_t due = attempt->sink.next_tick_nanos();
  EXPECT_EQ(due, world.clock.monotonic_nanos() + PublishLimits{}.segment_nanos);
  world.clock.advance_to_nanos(due);
  attempt->sink.tick();
  EXPECT_EQ(attempt->pool.waiting(), 1U);
  attempt->settle();
  EXPECT_EQ(attempt->sink.next_tick_nanos(), kNever);
  EXPECT_EQ(attempt->sink.unstored_bytes(), 0U);
}

TEST_F(StagedSinkTest, SaysWhenNothingOfEarlierRoundsIsNeededAnyMore) {
  auto attempt = start();
  EXPECT_TRUE(attempt->sink.earlier_rounds_are_over());
  epoch(*attempt, 1, "one");
  ASSERT_TRUE(attempt->complete(1));
  connector->failure = PublishFailure::kRetriable;
  auto next = start();
  EXPECT_FALSE(next->sink.earlier_rounds_are_over());
  connector->failure.reset();
  next->tick(kNanosPerSecond);
  EXPECT_TRUE(next->sink.earlier_rounds_are_over());
}

}  // namespace
}  // namespace tributary
