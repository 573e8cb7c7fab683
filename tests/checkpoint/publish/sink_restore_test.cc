#include "checkpoint/publish/sink_restore.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

checkpoint::SinkSnapshot snapshot(std::uint32_t number, const std::vector<std::uint64_t>& epochs,
                                  std::uint64_t position = 5) {
  checkpoint::SinkSnapshot made;
  made.set_sink("out");
  checkpoint::WriterSnapshot& writer = *made.add_writers();
  writer.set_number(number);
  writer.set_mark_position(position);
  for (const std::uint64_t epoch : epochs) writer.add_units()->set_epoch(epoch);
  return made;
}

checkpoint::SinkRecord record(std::uint32_t numbers,
                              const std::vector<std::uint64_t>& points = {}) {
  checkpoint::SinkRecord made;
  made.set_sink("out");
  made.set_numbers(numbers);
  for (const std::uint64_t point : points) made.add_drain_points(point);
  return made;
}

TEST(SinkRestoreTest, Rule4_SaysWhetherThereIsOutputThatIsNotOut) {
  EXPECT_FALSE(carries_staged(std::vector{snapshot(0, {})}));
  EXPECT_TRUE(carries_staged(std::vector{snapshot(0, {}), snapshot(1, {2})}));
}

TEST(SinkRestoreTest, Rule7_EveryNumberThatEverWasHasOneOwner) {
  const auto stored = record(5);
  const auto plan = plan_sink_owners(
      &stored, std::vector{snapshot(0, {}), snapshot(3, {1, 2}), snapshot(4, {2})}, 2, {2});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->numbers, 5U);
  ASSERT_EQ(plan->tasks.size(), 2U);
  const auto numbers = [&](std::size_t task) {
    std::vector<std::uint32_t> all;
    for (const InheritedWriter& writer : plan->tasks[task]) all.push_back(writer.number.value);
    return all;
  };
  EXPECT_EQ(numbers(0), (std::vector<std::uint32_t>{0, 2, 4}));
  EXPECT_EQ(numbers(1), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(plan->tasks[1][1].units.size(), 2U) << "a unit goes to one owner, as a whole";
}

TEST(SinkRestoreTest, Rule7_TheCountOfNumbersIsNeverLowered) {
  const auto stored = record(5);
  EXPECT_EQ(plan_sink_owners(&stored, {}, 2, {2})->numbers, 5U);
  EXPECT_EQ(plan_sink_owners(&stored, {}, 7, {2})->numbers, 7U);
}

TEST(SinkRestoreTest, Rule8_PointsThatAreNotDrainedAreDrainedFirst) {
  const auto stored = record(2, {3, 6});
  const auto plan = plan_sink_owners(&stored, {}, 2, {6});
  EXPECT_EQ(plan->drain_points, (std::vector<Epoch>{{3}, {6}}));
}

TEST(SinkRestoreTest, Rule16_MarksAreReadFromTheSmallestPlaceThatIsKnown) {
  const auto stored = record(2);
  EXPECT_EQ(plan_sink_owners(&stored, std::vector{snapshot(0, {}, 9), snapshot(1, {}, 4)}, 2, {2})
                ->marks_from.value,
            4U);
  EXPECT_EQ(plan_sink_owners(&stored, std::vector{snapshot(0, {}, 9)}, 2, {2})->marks_from.value,
            0U)
      << "of writer 1 nothing is known";
}

TEST(SinkRestoreTest, Rule22_ASinkWithStagedOutputIsNeitherRemovedNorRenamed) {
  const std::vector stored{snapshot(0, {2})};
  EXPECT_TRUE(check_sinks_kept(stored, std::vector<std::string>{"out"}));
  EXPECT_EQ(check_sinks_kept(stored, std::vector<std::string>{"other"}).error().code(),
            ErrorCode::S474);
  EXPECT_TRUE(check_sinks_kept(std::vector{snapshot(0, {})}, {})) << "everything is out";
}

TEST(SinkRestoreTest, RefusesSnapshotsThatContradictEachOther) {
  const auto stored = record(2);
  const auto refused = [&](std::vector<checkpoint::SinkSnapshot> snapshots) {
    const auto plan = plan_sink_owners(&stored, snapshots, 2, {5});
    return !plan && plan.error().code() == ErrorCode::S474;
  };
  EXPECT_TRUE(refused({snapshot(0, {}), snapshot(0, {})})) << "one number twice";
  EXPECT_TRUE(refused({snapshot(2, {})})) << "beyond W";
  EXPECT_TRUE(refused({snapshot(0, {3, 3})})) << "an epoch twice";
  EXPECT_TRUE(refused({snapshot(0, {6})})) << "of the future";
}

}  // namespace
}  // namespace tributary
