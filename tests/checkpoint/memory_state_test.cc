#include "checkpoint/memory_state.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "checkpoint/memory_key_table.h"
#include "tests/checkpoint/keyed_state_conformance.h"

namespace tributary {
namespace {

using testing_state::KeyedStateConformance;
using testing_state::KeyedStateMaker;
using testing_state::StateUnderTest;

class InMemory final : public StateUnderTest {
 public:
  KeyedState& state() override { return state_; }

 private:
  MemoryKeyedState state_;
};

INSTANTIATE_TEST_SUITE_P(Memory, KeyedStateConformance,
                         testing::Values(KeyedStateMaker{
                             "memory", [] { return std::make_unique<InMemory>(); }}),
                         [](const auto& maker) { return maker.param.name; });

TEST(MemoryKeyTable, FindsEveryKeyOfALargeTableThroughInsertsAndErasures) {
  MemoryKeyTable table(sizeof(std::uint64_t));
  constexpr std::uint64_t kKeys = 60'000;
  const auto with = [](std::uint64_t i, auto use) {
    const std::string key = (i % 7 == 0 ? std::string(40, 'l') : "") + std::to_string(i);
    // One key group range only: the top bits of all hashes are the same.
    return use(StateKey{xxh3_64(key) >> 12, key, i % 3 == 0 ? "window" : ""});
  };
  for (std::uint64_t i = 0; i < kKeys; ++i)
    with(i, [&](const StateKey& key) {
      *static_cast<std::uint64_t*>(table.find_or_insert(key).payload()) = i;
    });
  for (std::uint64_t i = 0; i < kKeys; i += 2)
    with(i, [&](const StateKey& key) { table.erase(*table.find(key)); });
  EXPECT_EQ(table.size(), kKeys / 2);
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    with(i, [&](const StateKey& key) {
      const MemoryKeyTable::Entry* entry = table.find(key);
      ASSERT_EQ(entry != nullptr, i % 2 == 1) << i;
      if (entry == nullptr) return;
      EXPECT_EQ(*static_cast<const std::uint64_t*>(entry->payload()), i);
      EXPECT_EQ(entry->key(), key.key);
      EXPECT_EQ(entry->name_space(), key.name_space);
    });
  }
}

TEST(MemoryKeyTable, GivesAReusedEntryAZeroedPayload) {
  MemoryKeyTable table(32);
  auto& entry = table.find_or_insert({1, "a", ""});
  static_cast<char*>(entry.payload())[31] = 'x';
  table.erase(entry);
  const auto& next = table.find_or_insert({2, "b", ""});
  EXPECT_EQ(static_cast<const char*>(next.payload())[31], 0);
}

}  // namespace
}  // namespace tributary
