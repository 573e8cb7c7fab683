#include "runtime/api/reference_commands.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

TEST(ErrorCommand, ShowsThePageOfACodeInAnyCase) {
  EXPECT_THAT(*error_text("C101"), HasSubstr("C101  unknown setting\n"));
  EXPECT_EQ(*error_text("c101"), *error_text("C101"));
}

TEST(ErrorCommand, NamesTheNearestCode) {
  const Result<std::string> text = error_text("C1O1");
  ASSERT_FALSE(text.has_value());
  EXPECT_THAT(text.error().what(), HasSubstr("there is no error code C1O1; did you mean C101?"));
}

TEST(ErrorCommand, ListsEveryCode) {
  for (const char* code : {"B201", "C101", "F103", "X901"})
    EXPECT_THAT(error_list_text(), HasSubstr(code));
}

TEST(ErrorCommand, WrapsPagesForATerminal) {
  const std::string text = *error_text("B203");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(FailpointsCommand, ListsEveryNameWithItsActionsAndMeaning) {
  const std::string text = failpoints_text(false);
  EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(kFailpoints.size()));
  EXPECT_THAT(text,
              HasSubstr("coordinator.before_commit         crash sleep         the manifest "));
  EXPECT_THAT(text, HasSubstr("blob.before_sync                  crash error sleep   a blob is "));
}

TEST(FailpointsCommand, ListsThemAsJsonToo) {
  const std::string text = failpoints_text(true);
  EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(kFailpoints.size()));
  EXPECT_THAT(text, HasSubstr(R"({"name":"task.frozen","actions":["crash","sleep"],"meaning":")"));
}

TEST(VersionCommand, NamesTheJobAbi) { EXPECT_THAT(version_text(), HasSubstr(job_abi())); }

}  // namespace
}  // namespace tributary
