#include "base/text.h"

#include <concepts>

#include <gtest/gtest.h>

namespace tributary {
namespace {

// Each in both orders, and none ambiguous.
template <typename S>
concept Compares = requires(const Text& text, const S& other) {
  { text == other } -> std::same_as<bool>;
  { other == text } -> std::same_as<bool>;
  { text != other } -> std::same_as<bool>;
  { other != text } -> std::same_as<bool>;
  { text < other } -> std::same_as<bool>;
  { other < text } -> std::same_as<bool>;
};
static_assert(Compares<Text>);
static_assert(Compares<std::string>);
static_assert(Compares<std::string_view>);
static_assert(Compares<const char*>);
static_assert(Compares<char[6]>);
static_assert(!Compares<int>);

TEST(TextTest, EqualsAStringAViewAndALiteralOfTheSameBytes) {
  const std::string long_bytes = "longer than a Text holds itself";
  for (const std::string& bytes : {std::string("acme"), std::string(), long_bytes}) {
    const Text text(bytes);
    EXPECT_TRUE(text == bytes);
    EXPECT_TRUE(bytes == text);
    EXPECT_TRUE(text == std::string_view(bytes));
    EXPECT_TRUE(text == bytes.c_str());
    EXPECT_FALSE(text != bytes);
    EXPECT_TRUE(text != bytes + "!");
  }
  EXPECT_TRUE(Text("acme") == "acme");
  EXPECT_TRUE("acmf" != Text("acme"));
}

TEST(TextTest, IsOrderedByBytesAgainstStringsToo) {
  const Text text("b");
  EXPECT_TRUE(text < std::string("c"));
  EXPECT_TRUE(std::string("a") < text);
  EXPECT_TRUE(text > std::string_view("a"));
  EXPECT_TRUE(text <= "b" && text >= "b");
  EXPECT_TRUE(Text("\x7f") < std::string("\x80"));
}

}  // namespace
}  // namespace tributary
