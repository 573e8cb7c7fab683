#include "base/error.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace tributary {
namespace {

const std::vector<ErrorPage>& all_pages() {
  static const std::vector<ErrorPage> pages = {
#define TRIBUTARY_ERROR(code, who, title, page) ErrorPage{#code, Actor::who, title, page},
#include "base/error_codes.def"
#undef TRIBUTARY_ERROR
  };
  return pages;
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::C102, "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  const int once = TRY(half(n));
  return TRY(half(once));
}

TEST(ErrorTest, SaysWhatWhoAndWhatToDo) {
  EXPECT_EQ(Error(ErrorCode::C101, "unknown setting paht", "write path").to_string(),
            "error C101 unknown setting paht\n  who: you\n  do: write path");
  EXPECT_EQ(Error(ErrorCode::X901, "no such state").to_string(),
            "error X901 no such state\n  who: a bug");
  EXPECT_EQ(Error(ErrorCode::F102, "disk full").to_string(),
            "error F102 disk full\n  who: platform");
}

TEST(ErrorTest, PutsTheAttemptInFront) {
  const Error error = Error(ErrorCode::C102, "7 is odd", "take 8").in("reading a.yaml");
  EXPECT_EQ(error.what(), "reading a.yaml: 7 is odd");
  EXPECT_EQ(error.fix(), "take 8");
}

TEST(ErrorTest, IsPassedOnByTry) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().what(), "3 is odd");
}

TEST(ErrorTest, HasASortedRegistryWithAPageForEachCode) {
  const auto& pages = all_pages();
  EXPECT_TRUE(std::is_sorted(pages.begin(), pages.end(),
                             [](const auto& a, const auto& b) { return a.code < b.code; }));
  for (const ErrorPage& page : pages) {
    EXPECT_FALSE(page.title.empty()) << page.code;
    EXPECT_FALSE(page.page.empty()) << page.code;
    const auto code = find_error_code(page.code);
    ASSERT_TRUE(code.has_value()) << page.code;
    EXPECT_EQ(error_page(*code).title, page.title);
  }
  EXPECT_EQ(find_error_code("Z999"), std::nullopt);
}

TEST(ErrorDeathTest, StopsTheProcessOnABrokenInvariantAndNamesThePlace) {
  EXPECT_DEATH(TRIBUTARY_CHECK(1 > 2, "{} apples", 5),
               "error_test.cc:[0-9]+: check failed: 1 > 2: 5 apples");
}

}  // namespace
}  // namespace tributary
