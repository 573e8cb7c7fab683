// One byte of what a stopped job has stored is changed: whoever goes on from it is told which file,
// and nothing of the output changes.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/crash/cost_course.h"
#include "tests/e2e/visible_files.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kRefused = 2;
constexpr int kCrashed = 137;

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

// The byte in the middle, and back.
void flip(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(at);
  const int byte = stream.get();
  stream.seekp(at);
  stream.put(static_cast<char>(byte ^ 1));
}

std::map<fs::path, std::uintmax_t> output_of(const CostCourse& course) {
  std::map<fs::path, std::uintmax_t> files;
  for (const std::string& topic : written_topics())
    for (const fs::path& file : visible_files(course.dir() / topic))
      files[file] = fs::file_size(file);
  return files;
}

fs::path newest_manifest(const CostCourse& course) {
  fs::path newest;
  std::uint64_t highest = 0;
  for (const fs::path& file : files_below(course.state() / "manifests")) {
    const std::uint64_t id = std::stoull(file.filename().string().substr(sizeof "manifest-" - 1));
    if (id > highest) newest = file;
    highest = std::max(highest, id);
  }
  return newest;
}

TEST(FlippedByte, OfAStoppedJobIsNamedAndRefusedAndNothingIsPublished) {
  CostCourse course;
  ProgramRun run = course.start({.rows_per_second = 200});
  ASSERT_TRUE(run.wait_for_output("\"progress\""));  // after a second
  run.signal(SIGTERM);
  const auto stopped = CostCourse::ended(run);
  ASSERT_EQ(stopped.event, "stopped") << stopped.last_words();
  const auto output = output_of(course);
  ASSERT_FALSE(output.empty());

  std::map<std::string, int> refused;  // by kind of file
  for (const char* kind : {"manifests", "blobs", "record"}) {
    std::vector<fs::path> files = files_below(course.state() / kind);
    // The newest version counts; each run that is not refused writes another one.
    if (kind == std::string("record")) files = {*std::ranges::max_element(files)};
    for (const fs::path& file : files) {
      SCOPED_TRACE(file);
      flip(file);
      // What is not needed does not matter; then the process is ended before it does anything.
      const auto ended = course.run({.failpoints = "restore.before_state=crash"});
      flip(file);
      EXPECT_EQ(output_of(course), output);
      if (ended.code == kCrashed) continue;
      ++refused[kind];
      EXPECT_EQ(ended.code, kRefused) << ended.last_words();
      EXPECT_THAT(ended.err, HasSubstr(file.filename().string()));
      // All of the last checkpoint is out, so that none may take its place.
      EXPECT_THAT(ended.err, HasSubstr(kind == std::string("record") ? "S420" : "S417"));
    }
  }
  EXPECT_GE(refused["manifests"], 1);
  EXPECT_GE(refused["blobs"], 1);
  EXPECT_GE(refused["record"], 1);
  const auto last = course.run();
  EXPECT_EQ(last.event, "finished") << last.last_words();
  EXPECT_EQ(course.complaints(), "");
}

// Rule 1: checkpoint n is damaged; the one before it may take its place only as long as nothing of
// epoch n is out.
TEST(FlippedByte, Rule1_OfACheckpointOfWhichNothingIsOutTheOneBeforeTakesItsPlace) {
  CostCourse course;
  const auto crashed = course.run({.failpoints = "coordinator.after_commit=crash@4"});
  ASSERT_EQ(crashed.code, kCrashed) << crashed.last_words();
  flip(newest_manifest(course));
  const auto ended = course.run();
  EXPECT_EQ(ended.code, 0) << ended.last_words();
  EXPECT_THAT(ended.out + ended.err, HasSubstr("passed over"));
  EXPECT_THAT(ended.out + ended.err, HasSubstr("goes on from checkpoint"));
  EXPECT_EQ(course.complaints(), "");
}

}  // namespace
}  // namespace tributary::testing
