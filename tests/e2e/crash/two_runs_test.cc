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

// When it is there the output of its checkpoint is visible.
fs::path take_savepoint(const CostCourse& course, ProgramRun& of,
                        const std::string& name = "savepoint") {
  fs::path savepoint = course.dir() / name;
  EXPECT_TRUE(of.wait_for_output("\"started\"")) << of.err();
  ProgramRun save(TRIBUTARY_BINARY_DIR "/bin/tributary",
                  {"savepoint", course.state().string(), savepoint.string()});
  EXPECT_EQ(save.wait(), 0) << save.err();
  return savepoint;
}

TEST(TwoRuns, Rule11_OneThatBeginsElsewhereFromASavepointEndsTheOneThatStillRuns) {
  const CostCourse course;
  ProgramRun first = course.start({.rows_per_second = kSlow});
  const fs::path savepoint = take_savepoint(course, first);
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

TEST(TwoRuns, Rule11_OfTwoCopiesOfAStateFolderTheFirstPublishesAndTheOtherEnds) {
  CostCourse course;
  ProgramRun before = course.start({.rows_per_second = kSlow});
  take_savepoint(course, before);
  before.signal(SIGTERM);
  ASSERT_EQ(CostCourse::ended(before).event, "stopped");
  const fs::path copy = course.dir() / "copy";
  fs::copy(course.state(), copy, fs::copy_options::recursive);
  ProgramRun first = course.start({.rows_per_second = 100});
  take_savepoint(course, first, "another");  // its outputs are its own then
  const CostCourse::Ended second = course.run({.state = copy});
  EXPECT_EQ(second.code, 1) << second.last_words();
  EXPECT_EQ(second.event, "failed") << second.last_words();
  EXPECT_THAT(second.err, AllOf(HasSubstr("S480"), HasSubstr("Another run of this job")));
  const CostCourse::Ended ended = CostCourse::ended(first);
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_EQ(ended.event, "finished") << ended.last_words();
  EXPECT_EQ(course.complaints(), "");
}

}  // namespace
}  // namespace tributary::testing
