// What a job is when it is started from a savepoint: the same one further back, a fork, or refused
// with nothing changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "runtime/cluster/job_folder.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

using ::testing::Not;

class SavepointStart : public ::testing::Test {
 protected:
  SavepointStart() {
    world.write_input(2, 1500);
    expected = world.expected();
  }

  std::unique_ptr<DurableAttempt> open(const DurableOptions& options) {
    auto attempt = DurableAttempt::open(world, options);
    EXPECT_TRUE(attempt) << reasons_of(attempt.error());
    return attempt ? *std::move(attempt) : nullptr;
  }
  ErrorCode refusal(const DurableOptions& options) {
    const auto attempt = DurableAttempt::open(world, options);
    EXPECT_FALSE(attempt);
    return attempt ? ErrorCode::X901 : attempt.error()[0].code();
  }
  // A run that writes a savepoint at some checkpoint, takes some more, and is stopped.
  void run_with_savepoint() {
    const auto attempt = open({});
    LocalJob& job = attempt->job();
    ASSERT_TRUE(attempt->run([&] { return job.checkpoints().completed >= 1; }));
    job.request_savepoint(world.path("savepoint"));
    ASSERT_TRUE(attempt->run([&] { return !job.take_outcomes().empty(); }));
    const std::uint64_t before = job.checkpoints().completed;
    ASSERT_TRUE(attempt->run([&] { return job.checkpoints().completed >= before + 2; }));
    job.request_stop();
    ASSERT_TRUE(attempt->run());
    ASSERT_EQ(job.outcome().phase, cluster::STOPPED);
  }
  cluster::JobRecord record() {
    SeededRandomSource random{7};
    JobFolder folder(world.files(), world.path("state"), random);
    cluster::JobRecord read;
    const auto found = folder.metadata().get(JobFolder::kRecordKey);
    EXPECT_TRUE(found && *found && read.ParseFromString((*found)->bytes));
    return read;
  }
  static void finish(DurableAttempt& attempt) {
    ASSERT_TRUE(attempt.run());
    EXPECT_EQ(attempt.job().outcome().phase, cluster::FINISHED);
  }

  DurableWorld world{std::make_shared<MemoryFileSystem>()};
  DurableOutput expected;
};

TEST_F(SavepointStart, GoesBackToItAndReadsAgainWhatCameSince) {
  run_with_savepoint();
  const std::uint64_t newest = record().checkpoints().completed().rbegin()->id();
  const auto attempt = open({.seed = 2, .from = world.path("savepoint")});
  ASSERT_NE(attempt, nullptr);
  EXPECT_LT(attempt->opened().from->checkpoint(), record().checkpoints().ids_below());
  EXPECT_GT(attempt->opened().from->checkpoint(), newest);
  finish(*attempt);
  // What was visible comes again; nothing is missing, and the last word of each window is right.
  EXPECT_THAT(world.difference(expected), Not(::testing::HasSubstr("missing")));
  EXPECT_EQ(world.read_output().hours, expected.hours);
}

// As a supervisor does: its command does not know how far the job has come.
TEST_F(SavepointStart, TheSameCommandAgainGoesOnFromWhereTheJobIs) {
  run_with_savepoint();
  {
    const auto attempt = open({.seed = 2, .from = world.path("savepoint")});
    ASSERT_NE(attempt, nullptr);
    EXPECT_FALSE(attempt->opened().has_taken_over);
    LocalJob& job = attempt->job();
    ASSERT_TRUE(attempt->run([&] { return job.checkpoints().completed >= 3; }));
  }
  const DurableOutput so_far = world.read_output();
  const auto again = open({.seed = 3, .from = world.path("savepoint")});
  ASSERT_NE(again, nullptr);
  EXPECT_TRUE(again->opened().has_taken_over);
  EXPECT_EQ(again->opened().from->checkpoint(), record().checkpoints().completed().rbegin()->id());
  finish(*again);
  EXPECT_EQ(world.read_output().hours, expected.hours);
  // Each total comes once more at most, for what was read between the savepoint and the stop.
  std::map<std::string, int> times;
  for (const std::string& line : world.read_output().totals) ++times[line];
  for (const auto& [line, count] : times) EXPECT_LE(count, 2) << line;
  EXPECT_EQ(times.size(), expected.totals.size());
}

TEST_F(SavepointStart, OfAnotherJobThanTheStateFoldersIsRefusedAndNothingChanges) {
  run_with_savepoint();
  ASSERT_TRUE(world.files().rename(world.path("state"), world.path("kept")));
  // Another job has the folder.
  ASSERT_NE(open({.seed = 5}), nullptr);
  const std::string before = record().SerializeAsString();
  EXPECT_EQ(refusal({.from = world.path("savepoint")}), ErrorCode::S419);
  EXPECT_EQ(record().SerializeAsString(), before);
}

TEST_F(SavepointStart, AForkIntoAFolderThatHasAJobIsRefusedAndNothingChanges) {
  run_with_savepoint();
  const std::string before = record().SerializeAsString();
  EXPECT_EQ(refusal({.from = world.path("savepoint"), .fork = true}), ErrorCode::S419);
  EXPECT_EQ(record().SerializeAsString(), before);
}

// The other job's graph has neither the states nor the sinks.
TEST_F(SavepointStart, ThatDoesNotFitTheJobIsRefusedAndNothingChanges) {
  run_with_savepoint();
  const std::string before = record().SerializeAsString();
  EXPECT_EQ(refusal({.from = world.path("savepoint"), .half = true}), ErrorCode::S402);
  EXPECT_EQ(record().SerializeAsString(), before);
  EXPECT_EQ(refusal({.half = true}), ErrorCode::S402);
  EXPECT_EQ(record().SerializeAsString(), before);
  // The right one goes on from its newest, as if nobody had tried.
  const auto attempt = open({.seed = 3});
  ASSERT_NE(attempt, nullptr);
  finish(*attempt);
  EXPECT_EQ(world.difference(expected), "");
}

}  // namespace
}  // namespace tributary::testing
