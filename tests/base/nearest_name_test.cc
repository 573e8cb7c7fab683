#include "base/nearest_name.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr std::array<std::string_view, 5> kKnown = {"path", "format", "checkpoint_interval",
                                                    "parallelism", "id"};

TEST(NearestNameTest, FindsTheNameOfTheFewestEdits) {
  EXPECT_EQ(nearest_name("paht", kKnown), "path");
  EXPECT_EQ(nearest_name("Path", kKnown), "path");
  EXPECT_EQ(nearest_name("formt", kKnown), "format");
  EXPECT_EQ(nearest_name("checkpoint-intervall", kKnown), "checkpoint_interval");
  EXPECT_EQ(nearest_name("paralelism", kKnown), "parallelism");
}

TEST(NearestNameTest, SuggestsNothingForAnotherWord) {
  EXPECT_EQ(nearest_name("colour", kKnown), std::nullopt);
  EXPECT_EQ(nearest_name("xy", kKnown), std::nullopt);
  EXPECT_EQ(nearest_name("", kKnown), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), kKnown), std::nullopt);
  EXPECT_EQ(nearest_name("path", {}), std::nullopt);
}

TEST(NearestNameTest, TakesTheFirstOfEquals) {
  constexpr std::array<std::string_view, 2> kPair = {"mode_a", "mode_b"};
  EXPECT_EQ(nearest_name("mode_c", kPair), "mode_a");
}

}  // namespace
}  // namespace tributary
