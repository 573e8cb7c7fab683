// The process dies while it writes a savepoint: the job goes on as after any crash, and what there
// is of the savepoint is not taken for one.
#include <filesystem>
#include <stdlib.h>

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/local_file_system.h"
#include "tests/operators/durability/durable_job.h"

namespace tributary::testing {
namespace {

constexpr int kCrashed = 137;

// In a process of its own.
[[noreturn]] void write_savepoint(DurableWorld& world, const std::string& failpoints) {
  const ScopedFailpoints armed(failpoints);
  auto attempt = DurableAttempt::open(world, {});
  if (!attempt) std::_Exit(1);
  LocalJob& job = (*attempt)->job();
  (*attempt)->run([&] { return job.checkpoints().completed >= 2; });
  job.request_savepoint(world.path("savepoint"));
  (*attempt)->run();
  std::_Exit(0);
}

struct SavepointCrash : ::testing::TestWithParam<std::string> {};

TEST_P(SavepointCrash, LosesNothingAndLeavesNoSavepoint) {
  std::string dir = (std::filesystem::temp_directory_path() / "tributary-save-XXXXXX").string();
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  DurableWorld world(std::make_shared<LocalFileSystem>(), dir);
  world.write_input(2, 60);
  const DurableOutput expected = world.expected();
  EXPECT_EXIT(write_savepoint(world, GetParam() + "=crash@1"), ::testing::ExitedWithCode(kCrashed),
              "failpoint " + GetParam());

  const auto from_it = DurableAttempt::open(world, {.from = world.path("savepoint")});
  ASSERT_FALSE(from_it);
  EXPECT_EQ(from_it.error()[0].code(), ErrorCode::S414);
  const auto attempt = DurableAttempt::open(world, {.seed = 2});
  ASSERT_TRUE(attempt) << reasons_of(attempt.error());
  EXPECT_TRUE((*attempt)->opened().from);
  ASSERT_TRUE((*attempt)->run());
  EXPECT_EQ((*attempt)->job().outcome().phase, cluster::FINISHED);
  EXPECT_EQ(world.difference(expected), "");
  std::filesystem::remove_all(dir);
}

INSTANTIATE_TEST_SUITE_P(At, SavepointCrash,
                         ::testing::Values("savepoint.mid_copy", "savepoint.before_manifest"),
                         [](const auto& point) {
                           return point.param == "savepoint.mid_copy" ? "MidCopy"
                                                                      : "BeforeManifest";
                         });

}  // namespace
}  // namespace tributary::testing
