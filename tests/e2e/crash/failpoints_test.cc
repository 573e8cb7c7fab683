// The program dies at each of its failpoints, is started again, and nobody can tell from its
// output.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/hash.h"
#include "tests/e2e/crash/cost_course.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kCrashed = 137;

// How a course of the cost job comes to a point.
struct Way {
  std::uint64_t pass = 1;
  std::string after{};  // the program has died at this one before
  CourseStart start{};
};

// Savepoints are asked of a running job; the program has no verb for it
// (tests/operators/durability/savepoint_crash_test.cc).
bool is_reached_by_program(std::string_view point) { return !point.starts_with("savepoint."); }

Way way_to(std::string_view point) {
  // Deltas are kept until they are folded.
  if (point.starts_with("fold.") || point == "deletion.between")
    return {.pass = 2,
            .start = {.more = {"--base-bytes", "1", "--renewal-bytes", "0", "--retain", "1"}}};
  if (point.starts_with("renewal.")) return {.start = {.more = {"--base-bytes", "1"}}};
  // A sweep of several slices: all of the state is new at one barrier.
  if (point == "task.mid_sweep") return {.start = {.slots = 1, .checkpoint_ms = 10'000}};
  if (point == "restore.before_state") return {.after = "coordinator.before_notify=crash@3"};
  if (point == "job.before_last_word") return {};
  return {.pass = 1 + xxh3_64(point) % 3};
}

std::vector<FailpointEntry> points_of_program() {
  std::vector<FailpointEntry> points;
  for (const FailpointEntry& entry : kFailpoints)
    if (is_reached_by_program(entry.name)) points.push_back(entry);
  return points;
}
std::vector<FailpointEntry> fallible_points() {
  std::vector<FailpointEntry> points = points_of_program();
  std::erase_if(points, [](const auto& point) { return point.kind != FailpointKind::kFallible; });
  return points;
}

std::string test_name(std::string_view point) {
  std::string name;
  bool upper = true;
  for (const char c : point) {
    if (c == '.' || c == '_') {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

CourseStart armed(const Way& way, std::string_view point, std::string_view action) {
  CourseStart start = way.start;
  start.failpoints = fmt::format("{}={}@{}", point, action, way.pass);
  return start;
}

struct AtFailpoint : ::testing::TestWithParam<FailpointEntry> {};

TEST_P(AtFailpoint, ACrashIsNotSeenInTheOutput) {
  const std::string point(GetParam().name);
  const Way way = way_to(point);
  CostCourse course;
  if (!way.after.empty()) {
    CourseStart first = way.start;
    first.failpoints = way.after;
    ASSERT_EQ(course.run(first).code, kCrashed);
  }
  const auto crashed = course.run(armed(way, point, "crash"));
  ASSERT_EQ(crashed.code, kCrashed) << crashed.last_words();
  EXPECT_THAT(crashed.err, HasSubstr("failpoint " + point));
  const auto last = course.run(way.start);
  // Checkpoints are deleted after the record's last word too, where the machine is slow.
  EXPECT_TRUE(last.event == "finished" || last.found_it_finished()) << last.last_words();
  EXPECT_EQ(course.complaints(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, AtFailpoint, ::testing::ValuesIn(points_of_program()),
                         [](const auto& point) { return test_name(point.param.name); });

struct AtFalliblePoint : ::testing::TestWithParam<FailpointEntry> {};

// What cannot be done is done later; a job that cannot write its record as it is opened does not
// begin, and does when it is started again.
TEST_P(AtFalliblePoint, AnErrorIsNotSeenInTheOutput) {
  const std::string point(GetParam().name);
  const Way way = way_to(point);
  CostCourse course;
  auto ended = course.run(armed(way, point, "error"));
  if (point.starts_with("metadata.")) {
    EXPECT_THAT(ended.err, HasSubstr("failpoint " + point));
    if (ended.code != 0) ended = course.run(way.start);
  } else if (point.starts_with("manifest.")) {
    // A blob may be a segment of output, which is stored again without the checkpoint failing.
    EXPECT_GE(ended.failed_checkpoints, 1) << ended.last_words();
  }
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_EQ(ended.event, "finished");
  EXPECT_GE(ended.completed_checkpoints, 2) << ended.last_words();
  EXPECT_EQ(course.complaints(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, AtFalliblePoint, ::testing::ValuesIn(fallible_points()),
                         [](const auto& point) { return test_name(point.param.name); });

TEST(SlowFailpoints, AreNotSeenInTheOutput) {
  CostCourse course;
  const auto ended = course.run(
      {.failpoints = "blob.before_sync=sleep:20,metadata.before_link=sleep:10,"
                     "task.frozen=sleep:10,task.before_ack=sleep:15,epoch.before_sync=sleep:20,"
                     "coordinator.before_commit=sleep:50,coordinator.before_notify=sleep:30,"
                     "publish.between_renames=sleep:5,sink.before_publish=sleep:10"});
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_EQ(course.complaints(), "");
}

}  // namespace
}  // namespace tributary::testing
