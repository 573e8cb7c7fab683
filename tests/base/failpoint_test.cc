#include "base/failpoint.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Status pass() { return failpoint_status("blob.before_sync"); }

std::string refusal(std::string_view setting) {
  const Status armed = arm_failpoints(setting);
  EXPECT_FALSE(armed.has_value()) << setting;
  if (armed) return {};
  EXPECT_EQ(armed.error().code(), ErrorCode::C110);
  return armed.error().what();
}

TEST(FailpointTest, DoesNothingUnlessArmed) {
  EXPECT_TRUE(pass().has_value());
  EXPECT_EQ(failpoint_passes("blob.before_sync"), 0U);
}

TEST(FailpointTest, FailsAtEachPassWhileItIsArmed) {
  {
    const ScopedFailpoints armed("blob.before_sync=error");
    for (int i = 1; i <= 2; ++i) {
      const Status failed = pass();
      ASSERT_FALSE(failed.has_value());
      EXPECT_EQ(failed.error().code(), ErrorCode::S440);
      EXPECT_THAT(failed.error().what(), AllOf(HasSubstr("blob.before_sync"), HasSubstr("pass")));
    }
    EXPECT_EQ(failpoint_passes("blob.before_sync"), 2U);
    EXPECT_TRUE(failpoint_status("blob.after_sync").has_value());
  }
  EXPECT_TRUE(pass().has_value());
}

TEST(FailpointTest, FailsAtTheNamedPassOnly) {
  const ScopedFailpoints armed("blob.before_sync=error@3");
  EXPECT_TRUE(pass().has_value());
  EXPECT_TRUE(pass().has_value());
  EXPECT_FALSE(pass().has_value());
  EXPECT_TRUE(pass().has_value());
}

TEST(FailpointTest, ArmsSeveralAndCountsEachForItself) {
  const ScopedFailpoints armed(
      "blob.before_sync=error@2,blob.after_sync=error@1,task.frozen=sleep:1");
  EXPECT_TRUE(pass().has_value());
  EXPECT_FALSE(failpoint_status("blob.after_sync").has_value());
  EXPECT_FALSE(pass().has_value());
  failpoint("task.frozen");
  EXPECT_EQ(failpoint_passes("task.frozen"), 1U);
}

TEST(FailpointTest, CountsAnewWhenArmedAgain) {
  ASSERT_TRUE(arm_failpoints("blob.before_sync=error@2").has_value());
  EXPECT_TRUE(pass().has_value());
  ASSERT_TRUE(arm_failpoints("blob.before_sync=error@2").has_value());
  EXPECT_TRUE(pass().has_value());
  EXPECT_FALSE(pass().has_value());
  ASSERT_TRUE(arm_failpoints("").has_value());
}

TEST(FailpointDeathTest, CrashesWithTheStatusOfAKilledProcessAndRunsNothingElse) {
  EXPECT_EXIT(
      {
        std::atexit([] { std::fprintf(stderr, "cleaned up"); });
        const ScopedFailpoints armed("task.frozen=crash@2");
        failpoint("task.frozen");
        std::fprintf(stderr, "passed once;");
        failpoint("task.frozen");
      },
      ::testing::ExitedWithCode(137),
      ::testing::MatchesRegex("passed once;failpoint task.frozen: crash at pass 2\n"));
}

TEST(FailpointTest, RefusesWhatItDoesNotKnowAndNamesTheNearest) {
  EXPECT_THAT(refusal("blob.befor_sync=crash"), HasSubstr("did you mean blob.before_sync?"));
  EXPECT_THAT(refusal("zzz=crash"), HasSubstr("there is no failpoint 'zzz'"));
  EXPECT_THAT(refusal("=crash"), HasSubstr("no failpoint"));
  EXPECT_THAT(refusal("blob.before_sync"), HasSubstr("is not name=action"));
  EXPECT_THAT(refusal("blob.before_sync=explode"), HasSubstr("no action 'explode'"));
  EXPECT_THAT(refusal("blob.before_sync=crash,blob.before_sync=error"), HasSubstr("twice"));
  EXPECT_THAT(refusal("blob.before_sync=crash,,task.frozen=crash"), HasSubstr("not name=action"));
  EXPECT_THAT(refusal("task.frozen=error"), HasSubstr("task.frozen cannot fail"));
}

TEST(FailpointTest, RefusesNumbersBeyondTheirLimits) {
  for (const char* pass : {"", "0", "-1", "1x", "1000000001", "99999999999999999999"})
    EXPECT_THAT(refusal(std::string("blob.before_sync=crash@") + pass), HasSubstr("behind @"));
  for (const char* ms : {"", "0", "60001", "1s"})
    EXPECT_THAT(refusal(std::string("blob.before_sync=sleep:") + ms), HasSubstr("a sleep lasts"));
  EXPECT_THAT(refusal(std::string(5000, 'a')), HasSubstr("5000 bytes"));
}

TEST(FailpointTest, ChangesNothingWhenItRefuses) {
  const ScopedFailpoints armed("blob.before_sync=error");
  refusal("blob.after_sync=error,nonsense");
  EXPECT_FALSE(pass().has_value());
  EXPECT_TRUE(failpoint_status("blob.after_sync").has_value());
}

TEST(FailpointTest, HasAtLeastTwentyFiveNamesEachOnce) {
  EXPECT_GE(kFailpoints.size(), 25U);
  for (std::size_t i = 0; i < kFailpoints.size(); ++i) {
    EXPECT_FALSE(kFailpoints[i].meaning.empty());
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(kFailpoints[i].name, kFailpoints[k].name);
  }
}

}  // namespace
}  // namespace tributary
