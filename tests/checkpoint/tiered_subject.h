// tests/checkpoint/tiered_subject.h
// A task with one value, one map and timers, for tests of the tiered store and its snapshots.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/checkpoint/keyed_state_conformance.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {

inline constexpr TieredOptions kUnbounded{};
inline constexpr TieredOptions kTiny{
    .key_group_count = 16, .memory_bytes = 8 << 10, .slack_bytes = 8 << 10, .write_bytes = 4 << 10};

class Subject {
 public:
  Subject(TieredWorld& world, const TieredOptions& options,
          const std::vector<checkpoint::StateSnapshot>& from = {}, Duration ttl = {})
      : task(world, options) {
    if (!from.empty()) task.begin_restore(from);
    KeyedState& state = task.state();
    tallies = *state.value({.name = "tallies", .value_type = &type_info<Tally>(), .ttl = ttl});
    parts = *state.map({.name = "parts", .value_type = &type_info<Tally>(), .ttl = ttl});
    timers = &state.timers();
    const Status status = task.store().finish_restore();
    EXPECT_TRUE(status.has_value()) << status.error().what();
  }

  StateEntry& entry(const std::string& key) {
    const StateKey at = address(key);
    StateEntry* found = nullptr;
    tallies->fetch({&at, 1}, {&found, 1});
    return *found;
  }
  void set(const std::string& key, std::int64_t count) {
    StateEntry& found = entry(key);
    static_cast<Tally*>(found.value)->count = count;
    tallies->touch(found);
  }
  void clear(const std::string& key) { tallies->clear(entry(key)); }
  // -1: absent.
  std::int64_t get(const std::string& key) {
    const StateEntry& found = entry(key);
    return found.present ? static_cast<const Tally*>(found.value)->count : -1;
  }
  void put(const std::string& key, const std::string& map_key, std::int64_t count) {
    const Tally tally{count, 0};
    parts->put(address(key), map_key, &tally);
  }
  std::string elements(const std::string& key) {
    std::string all;
    (void)parts->scan_from(address(key), "", SIZE_MAX, [&](const MapElement& element) {
      all += std::string(element.map_key) + "=" +
             std::to_string(static_cast<const Tally*>(element.value)->count) + " ";
      return true;
    });
    return all;
  }
  // Writes everything back and lets it go.
  void push_out() {
    for (int i = 0; i < 200; ++i) {
      (void)entry("pushes-" + std::to_string(i));
      set("pushes-" + std::to_string(i), i);
      task.settle();
    }
  }

  TieredTask task;
  ValueState* tallies = nullptr;
  MapState* parts = nullptr;
  TimerStore* timers = nullptr;
};

inline std::string name(int i) { return "key-" + std::to_string(i); }

}  // namespace tributary::testing_state
