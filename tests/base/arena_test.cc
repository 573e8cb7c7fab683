#include "base/arena.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(ArenaTest, GivesAlignedMemoryThatDoesNotOverlap) {
  Arena arena;
  char* before = arena.allocate(3);
  for (const std::size_t alignment : {1U, 2U, 4U, 8U, 16U}) {
    char* at = arena.allocate(5, alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % alignment, 0U);
    EXPECT_GE(at, before + 3);
    before = at;
  }
}

TEST(ArenaTest, KeepsCopiesThroughManyBlocks) {
  Arena arena;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 20'000; ++i) copies.push_back(arena.copy(std::to_string(i)));
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(copies[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(arena.used_bytes(), 10U + 180 + 2'700 + 36'000 + 50'000);
  EXPECT_GE(arena.reserved_bytes(), arena.used_bytes());
}

TEST(ArenaTest, GivesAPointerEvenForNothing) {
  Arena arena;
  EXPECT_NE(arena.allocate(0), nullptr);
  EXPECT_EQ(arena.copy("").size(), 0U);
  EXPECT_EQ(arena.used_bytes(), 0U);
}

TEST(ArenaTest, KeepsOneBlockWhenReset) {
  Arena arena;
  for (int i = 0; i < 1'000; ++i) arena.allocate(1'000);
  arena.reset();
  EXPECT_EQ(arena.used_bytes(), 0U);
  EXPECT_GT(arena.reserved_bytes(), 0U);
  EXPECT_LE(arena.reserved_bytes(), Arena::kKeptBytes);
  const std::size_t reserved = arena.reserved_bytes();
  arena.allocate(reserved);
  EXPECT_EQ(arena.reserved_bytes(), reserved);
}

TEST(ArenaTest, GivesAGiantBlockBackWhenReset) {
  Arena arena;
  arena.allocate(10 * Arena::kKeptBytes);
  arena.reset();
  EXPECT_EQ(arena.reserved_bytes(), 0U);
  EXPECT_EQ(arena.copy("again"), "again");
}

TEST(ArenaTest, MovesWithItsBytes) {
  Arena arena;
  const std::string_view text = arena.copy("the bytes stay where they are");
  Arena moved = std::move(arena);
  EXPECT_EQ(moved.used_bytes(), text.size());
  arena = Arena();
  EXPECT_EQ(arena.copy("new"), "new");
  Arena other;
  other.copy("old");
  other = std::move(moved);
  EXPECT_EQ(text, "the bytes stay where they are");
  EXPECT_EQ(other.used_bytes(), text.size());
}

#ifdef TRIBUTARY_ASAN
TEST(ArenaDeathTest, FindsAStaleViewAfterReset) {
  Arena arena;
  const std::string_view text = arena.copy("stale text");
  arena.reset();
  volatile char c = 0;
  EXPECT_DEATH(c = text[0], "use-after-poison");
  static_cast<void>(c);
}
#endif

}  // namespace
}  // namespace tributary
