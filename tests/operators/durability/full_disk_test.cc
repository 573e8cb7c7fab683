// A disk that is full, or fails, for a while: the checkpoint fails, the job goes on, its output
// waits and says so; when it can be written again everything comes out once.
#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "tests/operators/durability/cut_file_system.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

// Which folder is full, and whether checkpoints fail by it.
struct Full {
  std::string name;
  std::string below;
  int error_number = ENOSPC;
  bool fails_checkpoints = true;
  Duration for_so_long = milliseconds(400);
};

struct FullFolder : ::testing::TestWithParam<Full> {};

TEST_P(FullFolder, HoldsOutputBackAndLosesNothing) {
  const auto disk = std::make_shared<MemoryFileSystem>();
  const auto files = std::make_shared<CutFileSystem>(*disk);
  DurableWorld world(files);
  world.write_input(2, 1500);  // read in 1.5 s
  const DurableOutput expected = world.expected();
  auto attempt = DurableAttempt::open(world, {.slots = 2, .base_bytes_min = 4000});
  ASSERT_TRUE(attempt) << reasons_of(attempt.error());
  LocalJob& job = (*attempt)->job();
  ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().completed >= 2; }));
  ASSERT_FALSE(job.over());

  files->fail_below(world.path(GetParam().below), GetParam().error_number);
  const std::size_t out_before = world.read_output().totals.size();
  ASSERT_TRUE((*attempt)->run_for(GetParam().for_so_long));
  ASSERT_FALSE(job.over()) << (job.outcome().error ? job.outcome().error->to_string() : "");
  const CheckpointProgress held = job.checkpoints();
  if (GetParam().fails_checkpoints) {
    EXPECT_GE(held.failed, 2U);
    ASSERT_TRUE(held.last_failure);
    EXPECT_NE(held.last_failure->to_string().find(std::strerror(GetParam().error_number)),
              std::string::npos)
        << held.last_failure->to_string();
  }
  EXPECT_TRUE(held.output_held_since);
  // Nothing but what was complete before.
  EXPECT_LT(world.read_output().totals.size(), out_before + 150);

  files->fail_below("", 0);
  ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().completed > held.completed + 1; }));
  EXPECT_FALSE(job.checkpoints().last_failure);
  EXPECT_FALSE(job.checkpoints().output_held_since);
  EXPECT_GT(world.read_output().totals.size(), out_before);
  ASSERT_TRUE((*attempt)->run());
  EXPECT_EQ(job.outcome().phase, cluster::FINISHED);
  EXPECT_EQ(world.difference(expected), "");
}

INSTANTIATE_TEST_SUITE_P(
    Below, FullFolder,
    ::testing::Values(Full{.name = "Blobs", .below = "state/blobs"},
                      Full{.name = "Manifests", .below = "state/manifests"},
                      Full{.name = "Record", .below = "state/record", .for_so_long = seconds(3)},
                      Full{.name = "Everything", .below = "state", .for_so_long = seconds(90)},
                      Full{.name = "BrokenBlobs", .below = "state/blobs", .error_number = EIO},
                      Full{.name = "Output",
                           .below = "totals",  // The control plane looks each
                                               // second at what is late.
                           .fails_checkpoints = false,
                           .for_so_long = seconds(3)}),
    [](const auto& full) { return full.param.name; });

// Who ends a job does not wait until its record can be written; the next run goes on from there.
TEST(FullDisk, WithoutRoomForTheRecordACancelledJobEndsAndLosesNothing) {
  const auto disk = std::make_shared<MemoryFileSystem>();
  const auto files = std::make_shared<CutFileSystem>(*disk);
  DurableWorld world(files);
  world.write_input(2, 500);
  const DurableOutput expected = world.expected();
  {
    auto attempt = DurableAttempt::open(world, {});
    ASSERT_TRUE(attempt) << reasons_of(attempt.error());
    LocalJob& job = (*attempt)->job();
    ASSERT_TRUE((*attempt)->run([&] { return job.checkpoints().completed >= 2; }));
    files->fail_below(world.path("state/record"), ENOSPC);
    ASSERT_TRUE((*attempt)->run_for(seconds(5)));
    ASSERT_FALSE(job.over());
    job.cancel();
    ASSERT_TRUE((*attempt)->run());
    ASSERT_EQ(job.outcome().phase, cluster::FAILED);
    EXPECT_EQ(job.outcome().error->code(), ErrorCode::F102);
  }
  EXPECT_FALSE(DurableAttempt::open(world, {}));
  files->fail_below("", 0);
  auto attempt = DurableAttempt::open(world, {});
  ASSERT_TRUE(attempt) << reasons_of(attempt.error());
  EXPECT_TRUE((*attempt)->opened().from);
  ASSERT_TRUE((*attempt)->run());
  EXPECT_EQ(world.difference(expected), "");
}

}  // namespace
}  // namespace tributary::testing
