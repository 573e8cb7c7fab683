// The Nexmark queries as people run them: by the program, with files out, on 1, 2 and 7 slots.
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/nexmark/core/event_log.h"
#include "tests/e2e/program_run.h"
#include "tests/jobs/nexmark/oracle/answers.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using nexmark::EventLog;
using nexmark::Generator;
using nexmark::Lines;
using ::testing::Combine;
using ::testing::HasSubstr;
using ::testing::Values;
using ::testing::ValuesIn;

constexpr std::uint64_t kEvents = 20'000;
constexpr std::int64_t kEventsPerSecond = 200;

const std::string kProgram = TRIBUTARY_BINARY_DIR "/bin/tributary";
const std::string kJobs = TRIBUTARY_BINARY_DIR "/lib/tributary/jobs";
const std::string kSettings = TRIBUTARY_SOURCE_DIR "/jobs/nexmark/nexmark.yaml";

const std::vector<nexmark::Event>& all_events() {
  static const EventLog log(Generator({.seed = 5, .events_per_second = kEventsPerSecond}), kEvents);
  static const std::vector<nexmark::Event> events = [] {
    std::vector<nexmark::Event> all;
    all.reserve(log.size());
    for (std::uint64_t n = 0; n < log.size(); ++n) all.push_back(log.event(n));
    return all;
  }();
  return events;
}

// How a run goes: for each interruption the program is started and this done to it while it runs;
// then it is started once more and runs to its end.
struct Course {
  std::string name;
  std::vector<std::function<void(ProgramRun&)>> interruptions;
};
const Course kCourses[] = {
    {.name = "InOneGo", .interruptions = {}},
};

std::vector<std::string> arguments(const std::string& query, int slots, const fs::path& output) {
  return {"run",        "nexmark-" + query,
          "--job-path", TRIBUTARY_BINARY_DIR "/lib/tributary/jobs",
          "--slots",    std::to_string(slots),
          "--set",      "seed=5",
          "--set",      "events=" + std::to_string(kEvents),
          "--set",      "events_per_second=" + std::to_string(kEventsPerSecond),
          "--set",      "output=" + output.string()};
}

// Lines of one file in their order: all lines of a key are in one.
Lines published(const fs::path& folder) {
  Lines lines;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream stream(entry.path());
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
  }
  return lines;
}

using Parameters = std::tuple<nexmark::Oracle, int, Course>;
struct NexmarkRun : ::testing::TestWithParam<Parameters> {
  NexmarkRun() {
    std::string name = (fs::temp_directory_path() / "tributary-nexmark-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
  }
  ~NexmarkRun() override {
    std::error_code ignored;
    fs::remove_all(dir, ignored);
  }
  fs::path dir;
};

TEST_P(NexmarkRun, AnswersAsAPlainRecomputationDoes) {
  const auto& [oracle, slots, course] = GetParam();
  const auto words = arguments(oracle.query, slots, dir / "results");
  for (const auto& interrupt : course.interruptions) {
    ProgramRun run(kProgram, words);
    interrupt(run);
    run.wait();
  }
  ProgramRun run(kProgram, words);
  ASSERT_EQ(run.wait(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("finished (end of input)  in 20,000"));
  EXPECT_EQ(oracle.folded(published(dir / "results")), oracle.expected(all_events()));
}

INSTANTIATE_TEST_SUITE_P(Nexmark, NexmarkRun,
                         Combine(ValuesIn(nexmark::oracles()), Values(1, 2, 7), ValuesIn(kCourses)),
                         [](const auto& test) {
                           return std::get<0>(test.param).query + "On" +
                                  std::to_string(std::get<1>(test.param)) +
                                  std::get<2>(test.param).name;
                         });

}  // namespace
}  // namespace tributary::testing
