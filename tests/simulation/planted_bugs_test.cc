// Each planted bug removes one guard of the engine, and must be found by the joint simulation
// within the stated number of seeds: a simulation that finds nothing must not pass for one that
// finds everything. TRIBUTARY_SIMULATION_FIRST=N begins elsewhere.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/joint_world.h"

namespace tributary::simulation {
namespace {

struct PlantedBug {
  const char* name;
  std::function<void(WorldOptions&)> plant;
  std::uint64_t within;  // seeds
};

void PrintTo(const PlantedBug& bug, std::ostream* out) { *out << bug.name; }

class PlantedBugTest : public ::testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugTest, IsFound) {
  const char* first_seed = std::getenv("TRIBUTARY_SIMULATION_FIRST");
  const std::uint64_t first = first_seed == nullptr ? 1 : std::strtoull(first_seed, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + GetParam().within; ++seed) {
    WorldOptions options{.seed = seed};
    GetParam().plant(options);
    const Outcome outcome = JointWorld(options).run();
    if (outcome.violation.empty()) continue;
    std::cout << "found by seed " << seed << ": " << outcome.violation << "\n";
    return;
  }
  FAIL() << "not found in " << GetParam().within << " seeds";
}

PlantedBug checkpoints(const char* name, bool CheckpointHazards::* hazard, std::uint64_t within) {
  return {name, [hazard](WorldOptions& options) { options.hazards.checkpoint.*hazard = true; },
          within};
}
PlantedBug publishing(const char* name, bool PublishHazards::* hazard, std::uint64_t within) {
  return {name, [hazard](WorldOptions& options) { options.hazards.publish.*hazard = true; },
          within};
}
PlantedBug aligning(const char* name, bool AlignerHazards::* hazard, std::uint64_t within) {
  return {name, [hazard](WorldOptions& options) { options.hazards.aligner.*hazard = true; },
          within};
}
PlantedBug state(const char* name, bool StateHazards::* hazard, std::uint64_t within) {
  return {name, [hazard](WorldOptions& options) { options.hazards.state.*hazard = true; }, within};
}

INSTANTIATE_TEST_SUITE_P(Aligner, PlantedBugTest,
                         ::testing::Values(aligning("Rule37_ReadsOn", &AlignerHazards::reads_on,
                                                    1000),
                                           aligning("Rule37_FirstBarrierCounts",
                                                    &AlignerHazards::first_barrier_counts, 1000),
                                           aligning("Rule37_EndsCountAsOpen",
                                                    &AlignerHazards::ends_count_as_open, 1000)),
                         [](const auto& of) { return of.param.name; });

INSTANTIATE_TEST_SUITE_P(
    State, PlantedBugTest,
    ::testing::Values(state("Rule24_NoPreImage", &StateHazards::no_pre_image, 1000),
                      state("Rule24_DeltasWithoutDeletes", &StateHazards::deltas_without_deletes,
                            1000),
                      state("Rule32_FiredTimersStay", &StateHazards::fired_timers_stay, 1000),
                      state("Rule23_UnstoredMayLeave", &StateHazards::unstored_may_leave, 1000)),
    [](const auto& of) { return of.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Coordinator, PlantedBugTest,
    ::testing::Values(
        checkpoints("Rule3_ReuseIds", &CheckpointHazards::reuse_ids, 1000),
        checkpoints("Rule1_FallBackBeyondMarks", &CheckpointHazards::fall_back_beyond_marks, 1000),
        checkpoints("Rule15_StopBeforePublished", &CheckpointHazards::stop_before_published, 1000),
        checkpoints("Rule15_CompleteWithoutFinished", &CheckpointHazards::complete_without_finished,
                    1000)),
    [](const auto& of) { return of.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Publisher, PlantedBugTest,
    ::testing::Values(
        publishing("Rule6_PartsWithoutPosition", &PublishHazards::parts_without_position, 1000),
        publishing("Rule7_NobodyInherits", &PublishHazards::nobody_inherits, 1000),
        publishing("Rule8_NoDrainRule", &PublishHazards::no_drain_rule, 1000),
        publishing("Rule8_OnlyTheLastDrainPoint", &PublishHazards::only_the_last_drain_point, 5000),
        publishing("Rule10_OnlyTheEpochNamed", &PublishHazards::only_the_epoch_named, 1000),
        publishing("Rule10_SnapshotOfOneEpoch", &PublishHazards::snapshot_of_one_epoch, 1000),
        publishing("Rule11_UnknownIsNotOut", &PublishHazards::unknown_is_not_out, 3000),
        publishing("Rule11_UnitDroppedWhenSent", &PublishHazards::unit_dropped_when_sent, 1000),
        PlantedBug{"MarkOutsideTheTransaction",
                   [](WorldOptions& options) { options.broker.mark_outside_transaction = true; },
                   1000}),
    [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace tributary::simulation
