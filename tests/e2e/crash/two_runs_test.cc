// Two runs of one job at once, which know nothing of each other, into the same outputs: one of them
// ends by itself and says why.
#include <filesystem>
#include <signal.h>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/crash/cost_course.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kFast = 100'000;
constexpr int kSlow = 20;  // rows a second: it still reads when the other one has begun

TEST(TwoRuns, Rule11_OneThatBeginsElsewhereFromASavepointEndsTheOneThatStillRuns) {
  const CostCourse course;
  const fs::path savepoint = course.dir() / "savepoint";
  ProgramRun first = course.start({.rows_per_second = kSlow});
  ASSERT_TRUE(first.wait_for_output("\"started\"")) << first.err();
  ProgramRun save(TRIBUTARY_BINARY_DIR "/bin/tributary",
                  {"savepoint", course.state().string(), savepoint.string()});
  ASSERT_EQ(save.wait(), 0) << save.err();
  ProgramRun second = course.start({.rows_per_second = kFast,
                                    .more = {"--from", savepoint.string()},
                                    .state = course.dir() / "elsewhere"});
  const CostCourse::Ended superseded = CostCourse::ended(first);
  EXPECT_EQ(superseded.code, 1) << superseded.last_words();
  EXPECT_EQ(superseded.event, "failed") << superseded.last_words();
  EXPECT_THAT(superseded.err, AllOf(HasSubstr("S480"), HasSubstr("Another run of this job")));
  const CostCourse::Ended ended = CostCourse::ended(second);
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_EQ(ended.event, "finished") << ended.last_words();
}

TEST(TwoRuns, Rule11_OfTwoCopiesOfAStateFolderOnePublishesAndTheOtherEnds) {
  CostCourse course;
  ProgramRun before = course.start({.rows_per_second = kSlow});
  ASSERT_TRUE(before.wait_for_output("\"started\"")) << before.err();
  before.signal(SIGTERM);
  ASSERT_EQ(CostCourse::ended(before).event, "stopped");
  const fs::path copy = course.dir() / "copy";
  fs::copy(course.state(), copy, fs::copy_options::recursive);
  ProgramRun one = course.start({.rows_per_second = 200});
  ProgramRun two = course.start({.rows_per_second = 200, .state = copy});
  const CostCourse::Ended ended[] = {CostCourse::ended(one), CostCourse::ended(two)};
  const bool first_wins = ended[0].code == 0;
  const CostCourse::Ended& winner = ended[first_wins ? 0 : 1];
  const CostCourse::Ended& loser = ended[first_wins ? 1 : 0];
  EXPECT_EQ(winner.event, "finished") << winner.last_words();
  EXPECT_EQ(loser.code, 1) << loser.last_words();
  EXPECT_THAT(loser.err, AllOf(HasSubstr("S480"), HasSubstr("Another run of this job")));
  EXPECT_EQ(course.complaints(), "");
}

}  // namespace
}  // namespace tributary::testing
