// Schedules by seed around the checkpoint coordinator. Each planted bug is found within the stated
// number of seeds, so the world does look.
#include <gtest/gtest.h>

#include "tests/runtime/cluster/checkpoint_world.h"

namespace tributary {
namespace {

constexpr std::uint64_t kSeeds = 1500;
constexpr std::uint64_t kPlantedSeeds = 10'000;

TEST(CheckpointSchedules, AnyOrderOfFaultsPublishesEachRecordOnceAndLosesNoCheckpoint) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::string wrong = CheckpointWorld(seed, {}).run();
    ASSERT_EQ(wrong, "") << "seed " << seed;
  }
}

TEST(CheckpointSchedules, OneSeedIsOneSchedule) {
  CheckpointWorld one(11, {});
  CheckpointWorld again(11, {});
  CheckpointWorld other(12, {});
  one.run();
  again.run();
  other.run();
  EXPECT_EQ(one.trace(), again.trace());
  EXPECT_NE(one.trace(), other.trace());
}

struct Planted {
  const char* name;
  bool CheckpointHazards::* hazard;
};

class PlantedBug : public ::testing::TestWithParam<Planted> {};

INSTANTIATE_TEST_SUITE_P(
    , PlantedBug,
    ::testing::Values(
        Planted{"NotifyBeforeCommit", &CheckpointHazards::notify_before_commit},
        Planted{"ReuseIds", &CheckpointHazards::reuse_ids},
        Planted{"CountOtherCheckpoints", &CheckpointHazards::count_other_checkpoints},
        Planted{"DeleteBeforeCondemning", &CheckpointHazards::delete_before_condemning},
        Planted{"ForgetPins", &CheckpointHazards::forget_pins},
        Planted{"KeepQuietAfterElection", &CheckpointHazards::keep_quiet_after_election},
        Planted{"RestoreWhileCommitting", &CheckpointHazards::restore_while_committing},
        Planted{"FallBackBeyondMarks", &CheckpointHazards::fall_back_beyond_marks},
        Planted{"StopBeforePublished", &CheckpointHazards::stop_before_published},
        Planted{"CompleteWithoutFinished", &CheckpointHazards::complete_without_finished},
        Planted{"WriteAfterRefusal", &CheckpointHazards::write_after_refusal},
        Planted{"SweepRunningAttempt", &CheckpointHazards::sweep_running_attempt}),
    [](const auto& of) { return of.param.name; });

TEST_P(PlantedBug, IsFound) {
  CheckpointHazards hazards;
  hazards.*GetParam().hazard = true;
  for (std::uint64_t seed = 0; seed < kPlantedSeeds; ++seed) {
    const std::string wrong = CheckpointWorld(seed, hazards).run();
    if (wrong.empty()) continue;
    RecordProperty("seed", static_cast<int>(seed));
    RecordProperty("wrong", wrong);
    return;
  }
  FAIL() << "not found within " << kPlantedSeeds << " seeds";
}

}  // namespace
}  // namespace tributary
