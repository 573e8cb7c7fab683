// Rule 77: nothing that can be seen depends on the order of tables. The order is drawn anew by
// TieredOptions::table_order, and what operators and restores see stays the same.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/checkpoint/keyed_state_conformance.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {
namespace {

struct Told {
  std::vector<std::string> keys;      // in the order in which they were visited
  std::vector<std::string> elements;  // of each map
  std::vector<std::string> timers;
};

// A task that does the same for every order: values, maps and timers come, change and go, memory is
// short, a snapshot is restored in the middle.
Told run(std::uint64_t order, const StateHazards& hazards = {}) {
  TieredWorld world(TieredWorld::Kind::kModel);
  const TieredOptions options{.key_group_count = 4,
                              .memory_bytes = 12 << 10,
                              .slack_bytes = 8 << 10,
                              .write_bytes = 2 << 10,
                              .table_order = order,
                              .hazards = hazards};
  Told told;
  std::vector<checkpoint::StateSnapshot> from;
  Random random(7);
  for (int attempt = 0; attempt < 3; ++attempt) {
    TieredTask task(world, options);
    if (!from.empty()) task.begin_restore(from);
    KeyedState& state = task.state();
    ValueState& tallies = **state.value({.name = "tallies", .value_type = &type_info<Tally>()});
    MapState& parts = **state.map({.name = "parts", .value_type = &type_info<Tally>()});
    EXPECT_TRUE(task.store().finish_restore().has_value());
    for (int i = 0; i < 400; ++i) {
      const std::string key = "key-" + std::to_string(random.below(60));
      const StateKey at = address(key);
      StateEntry* entry = nullptr;
      tallies.fetch({&at, 1}, {&entry, 1});
      if (random.chance(1, 5)) {
        tallies.clear(*entry);
      } else {
        static_cast<Tally*>(entry->value)->count = i;
        tallies.touch(*entry);
      }
      const Tally tally{i, 0};
      if (random.chance(1, 2)) parts.put(at, "part-" + std::to_string(random.below(5)), &tally);
      if (random.chance(1, 9)) parts.clear(at);
      if (random.chance(1, 3))
        state.timers().set(TimeDomain::kEvent, at, "t",
                           Timestamp{static_cast<std::int64_t>(random.below(50))});
      (void)task.store().maintain(40);
      if (random.chance(1, 3)) (void)world.io().run_one();
    }
    std::string position;
    for (;;) {
      const auto next = state.keys_from(
          position, 1000, [&](const StateKey& key) { told.keys.emplace_back(key.key); });
      if (!next) break;
      position = *next;
    }
    for (int i = 0; i < 60; ++i) {
      std::string all;
      (void)parts.scan_from(address("key-" + std::to_string(i)), "", SIZE_MAX,
                            [&](const MapElement& element) {
                              all += std::string(element.map_key) + " ";
                              return true;
                            });
      told.elements.push_back(std::move(all));
    }
    while (const auto timer = state.timers().pop_due(TimeDomain::kEvent, Timestamp{25}))
      told.timers.push_back(timer->key + " " + std::to_string(timer->at.micros));
    task.settle();
    from = {task.snapshot()};
  }
  return told;
}

TEST(TableOrderTest, Rule77_WhatIsSeenDoesNotDependOnTheOrderOfTables) {
  const Told told = run(0);
  EXPECT_GT(told.keys.size(), 50U);
  EXPECT_GT(told.timers.size(), 10U);
  for (std::uint64_t order = 1; order <= 20; ++order) {
    const Told again = run(order);
    EXPECT_EQ(again.keys, told.keys) << "order " << order;
    EXPECT_EQ(again.elements, told.elements) << "order " << order;
    EXPECT_EQ(again.timers, told.timers) << "order " << order;
  }
}

TEST(TableOrderTest, Rule77_ADependenceOnTheOrderOfTablesIsFound) {
  const Told told = run(0, {.keys_in_table_order = true});
  int others = 0;
  for (std::uint64_t order = 1; order <= 5; ++order)
    others += run(order, {.keys_in_table_order = true}).keys != told.keys ? 1 : 0;
  EXPECT_GT(others, 0);
}

}  // namespace
}  // namespace tributary::testing_state
