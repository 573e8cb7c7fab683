// The publisher in simulation: schedules by seed over the model broker and over files, and the
// planted bugs that they find. TRIBUTARY_SIMULATION_SEEDS=N runs more of them,
// TRIBUTARY_SIMULATION_FIRST=N begins elsewhere.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/checkpoint/publish/broker_edge.h"
#include "tests/checkpoint/publish/file_edge.h"

namespace tributary::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t usual) {
  const char* asked = std::getenv(name);
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

using Run = std::function<Outcome(std::uint64_t seed)>;

Outcome over_broker(WorldOptions options, BrokerEdgeOptions edge = {}) {
  World world(options, [&](World& of) { return std::make_unique<BrokerEdge>(of, edge); });
  return world.run();
}

Outcome over_files(WorldOptions options, FileHazards hazards = {}) {
  World world(options, [&](World& of) { return std::make_unique<FileEdge>(of, hazards); });
  return world.run();
}

void expect_no_violation(std::uint64_t usual, const Run& run) {
  const std::uint64_t first = from_environment("TRIBUTARY_SIMULATION_FIRST", 1);
  const std::uint64_t count = from_environment("TRIBUTARY_SIMULATION_SEEDS", usual);
  std::uint64_t events = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = run(seed);
    events += outcome.events;
    ASSERT_EQ(outcome.violation, "") << "seed " << seed;
  }
  std::cout << count << " schedules, " << events / count << " events each\n";
}

// The first seed that finds something.
std::uint64_t expect_found(std::uint64_t within, const Run& run) {
  for (std::uint64_t seed = 1; seed <= within; ++seed) {
    const Outcome outcome = run(seed);
    if (outcome.violation.empty()) continue;
    std::cout << "found by seed " << seed << ": " << outcome.violation << "\n";
    return seed;
  }
  ADD_FAILURE() << "not found in " << within << " seeds";
  return 0;
}

TEST(PublishSimulationTest, OverTheBrokerNothingIsLostDoubledOrOutOfOrder) {
  expect_no_violation(1000, [](std::uint64_t seed) { return over_broker({.seed = seed}); });
}

TEST(PublishSimulationTest, OverFilesNothingIsLostDoubledOrSeenInPart) {
  expect_no_violation(500, [](std::uint64_t seed) { return over_files({.seed = seed}); });
}

TEST(PublishSimulationTest, TheSameSeedGivesTheSameTrace) {
  std::uint64_t different = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Outcome once = over_broker({.seed = seed});
    const Outcome again = over_broker({.seed = seed});
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed;
    EXPECT_EQ(once.events, again.events);
    if (once.trace != over_broker({.seed = seed + 1000}).trace) ++different;
  }
  EXPECT_EQ(different, 20U);
}

struct PlantedBug {
  const char* name;
  bool PublishHazards::* hazard;
  std::uint64_t within;  // seeds
};

void PrintTo(const PlantedBug& bug, std::ostream* out) { *out << bug.name; }

class PlantedBugTest : public ::testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugTest, IsFound) {
  expect_found(GetParam().within, [](std::uint64_t seed) {
    WorldOptions options{.seed = seed};
    options.hazards.*GetParam().hazard = true;
    return over_broker(options);
  });
}

INSTANTIATE_TEST_SUITE_P(
    OverTheBroker, PlantedBugTest,
    ::testing::Values(
        PlantedBug{"Rule2_MarksReadBeforeAllAreFenced", &PublishHazards::marks_before_all_fenced,
                   1500},
        PlantedBug{"Rule6_PartsWithoutPosition", &PublishHazards::parts_without_position, 500},
        PlantedBug{"Rule7_NobodyInherits", &PublishHazards::nobody_inherits, 500},
        PlantedBug{"Rule8_NoDrainRule", &PublishHazards::no_drain_rule, 500},
        PlantedBug{"Rule8_OnlyTheLastDrainPoint", &PublishHazards::only_the_last_drain_point, 500},
        PlantedBug{"Rule10_OnlyTheEpochNamed", &PublishHazards::only_the_epoch_named, 500},
        PlantedBug{"Rule10_SnapshotOfOneEpoch", &PublishHazards::snapshot_of_one_epoch, 500},
        PlantedBug{"Rule11_OrdersOfAnyRound", &PublishHazards::orders_of_any_round, 500},
        PlantedBug{"Rule11_FenceWithoutLease", &PublishHazards::fence_without_lease, 500},
        PlantedBug{"Rule11_UnknownIsNotOut", &PublishHazards::unknown_is_not_out, 500},
        PlantedBug{"Rule11_UnitDroppedWhenSent", &PublishHazards::unit_dropped_when_sent, 500}),
    [](const auto& of) { return of.param.name; });

TEST(PublishSimulationTest, TheMarkOutsideTheTransactionIsFound) {
  expect_found(200, [](std::uint64_t seed) {
    return over_broker({.seed = seed}, {.mark_outside_transaction = true});
  });
}

struct PlantedFileBug {
  const char* name;
  bool FileHazards::* hazard;
  std::uint64_t within;  // seeds
};

void PrintTo(const PlantedFileBug& bug, std::ostream* out) { *out << bug.name; }

class PlantedFileBugTest : public ::testing::TestWithParam<PlantedFileBug> {};

TEST_P(PlantedFileBugTest, IsFound) {
  expect_found(GetParam().within, [](std::uint64_t seed) {
    FileHazards hazards;
    hazards.*GetParam().hazard = true;
    return over_files({.seed = seed}, hazards);
  });
}

INSTANTIATE_TEST_SUITE_P(
    OverFiles, PlantedFileBugTest,
    ::testing::Values(
        PlantedFileBug{"Rule12_NoIntent", &FileHazards::no_intent, 500},
        PlantedFileBug{"Rule12_DoneBeforeTheRenames", &FileHazards::done_before_renames, 500},
        PlantedFileBug{"Rule12_FoldersNotDurable", &FileHazards::folders_not_durable, 500},
        PlantedFileBug{"Rule12_WrittenUnderTheFinalName", &FileHazards::copies_to_final_name, 500}),
    [](const auto& of) { return of.param.name; });

TEST(PublishSimulationTest, Rule11_ARunThatWasSupersededElsewhereAndGoesOnIsFound) {
  expect_found(500, [](std::uint64_t seed) {
    WorldOptions options{.seed = seed};
    options.hazards.superseded_goes_on = true;
    return over_files(options);
  });
}

// A simulation that finds nothing must not pass for one that finds everything: here readers see
// what is not committed, and that has to be a violation soon.
TEST(PublishSimulationTest, TheCanaryIsCaught) {
  expect_found(20, [](std::uint64_t seed) {
    return over_broker({.seed = seed}, {.readers_see_everything = true});
  });
}

}  // namespace
}  // namespace tributary::model
