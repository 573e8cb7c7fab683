#include "runtime/graph/routing_table.h"

#include <gtest/gtest.h>

namespace tributary::graph {
namespace {

TEST(RoutingTable, GivesEachTaskOneRangeOfGroupsOfNearlyEqualSize) {
  for (const std::uint32_t groups : {1U, 7U, 1024U, 32768U}) {
    for (const std::uint32_t tasks : {1U, 2U, 3U, 7U, 64U, 1000U}) {
      if (tasks > groups) continue;
      const RoutingTable table = RoutingTable::contiguous(groups, tasks);
      std::uint32_t next = 0;
      for (std::uint32_t task = 0; task < tasks; ++task) {
        const auto owned = table.groups_of(task);
        ASSERT_GE(owned.size(), groups / tasks);
        ASSERT_LE(owned.size(), (groups + tasks - 1) / tasks);
        for (const KeyGroup group : owned) ASSERT_EQ(group.value, next++);
      }
      ASSERT_EQ(next, groups);
    }
  }
}

TEST(RoutingTable, TakesTheGroupFromTheTopBitsOfTheHash) {
  const RoutingTable table = RoutingTable::contiguous(1024, 4, 7);
  EXPECT_EQ(table.version(), 7U);
  EXPECT_EQ(table.task_of(0), 0U);
  EXPECT_EQ(table.task_of(0x3fffffffffffffff), 0U);
  EXPECT_EQ(table.task_of(0x4000000000000000), 1U);
  EXPECT_EQ(table.task_of(~0ULL), 3U);
  EXPECT_EQ(key_group_of(~0ULL, 1000).value, 999);
  EXPECT_EQ(table.task_of_group({256}), 1U);
}

}  // namespace
}  // namespace tributary::graph
