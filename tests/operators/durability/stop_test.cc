// A job that is stopped at any moment and started again, with other slots, ends as one that was
// not.
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

// Rule 15: after the last barrier no record is processed, however long its output takes; a job that
// was stopped has finished only if everything is in that checkpoint.
TEST(StoppedJob, Rule15_GoesOnFromExactlyItsLastCheckpoint) {
  int stopped = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(seed);
    DurableWorld world(std::make_shared<MemoryFileSystem>());
    world.write_input(2, 60);
    const DurableOutput expected = world.expected();
    DurableOptions options{.slots = 1 + static_cast<std::uint32_t>(seed % 3), .seed = seed};
    {
      auto attempt = DurableAttempt::open(world, options);
      ASSERT_TRUE(attempt) << reasons_of(attempt.error());
      const Timestamp at =
          world.clock().now() + microseconds(static_cast<std::int64_t>(seed) * 900);
      ASSERT_TRUE((*attempt)->run([&] { return world.clock().now() >= at; }));
      LocalJob& job = (*attempt)->job();
      const CheckpointId before = job.checkpoints().newest;
      if (!job.over()) job.request_stop();
      ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().newest > before; }));
      // Nothing of it comes out for so long that all of the input could be read.
      (*attempt)->hold_io(true);
      ASSERT_TRUE((*attempt)->run_for(milliseconds(200)));
      (*attempt)->hold_io(false);
      ASSERT_TRUE((*attempt)->run());
      EXPECT_FALSE((*attempt)->job().outcome().error);
    }
    if (!world.has_finished()) {
      ++stopped;
      options.slots = 1 + options.slots % 3;
      auto attempt = DurableAttempt::open(world, options);
      ASSERT_TRUE(attempt) << reasons_of(attempt.error());
      ASSERT_TRUE((*attempt)->run());
      ASSERT_EQ((*attempt)->job().outcome().phase, cluster::FINISHED);
    }
    ASSERT_EQ(world.difference(expected), "");
  }
  EXPECT_GT(stopped, 40);
}

// Event time went to its end before the last barrier.
TEST(DrainedJob, Rule15_HasTheWindowsOfAllThatItReadOut) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    DurableWorld world(std::make_shared<MemoryFileSystem>());
    world.write_input(2, 1500);
    const DurableOptions options{.slots = 1 + static_cast<std::uint32_t>(seed % 3), .seed = seed};
    {
      auto attempt = DurableAttempt::open(world, options);
      ASSERT_TRUE(attempt) << reasons_of(attempt.error());
      LocalJob& job = (*attempt)->job();
      ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().completed >= 1; }));
      job.request_stop(true);
      ASSERT_TRUE((*attempt)->run());
      EXPECT_FALSE(job.outcome().error);
    }
    ASSERT_FALSE(world.has_finished());
    const DurableOutput drained = world.read_output();
    EXPECT_FALSE(drained.totals.empty());
    EXPECT_LT(drained.totals.size(), world.expected().totals.size());
    // No shop has two sales in an hour: each sale that was read has its window.
    EXPECT_EQ(drained.hours.size(), drained.totals.size());
  }
}

}  // namespace
}  // namespace tributary::testing
