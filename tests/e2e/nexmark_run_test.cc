// The Nexmark queries as people run them: by the program, with files out, on 1, 2 and 7 slots.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <signal.h>
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
struct Interruption {
  int slots_before = 1;
  std::function<void(ProgramRun&)> happens;
};
struct Course {
  std::string name;
  std::int64_t rate = 0;  // so that there is a middle of the run
  std::vector<Interruption> interruptions;
};
const Course kInOneGo = {.name = "InOneGo", .interruptions = {}};
void kill_when_results_are_out(ProgramRun& run) {
  run.wait_for_output("\"started\"");
  run.wait_for_lines(8);
  run.signal(SIGKILL);
}
void stop(ProgramRun& run) {
  run.wait_for_lines(6);
  run.signal(SIGTERM);
}
const Course kKilled = {
    .name = "KilledAndStopped",
    .rate = 30'000,
    .interruptions = {{.slots_before = 3, .happens = kill_when_results_are_out},
                      {.slots_before = 2, .happens = stop},
                      {.slots_before = 1, .happens = kill_when_results_are_out}}};

std::vector<std::string> arguments(const std::string& query, int slots, const fs::path& dir,
                                   std::int64_t rate) {
  return {"run",
          "nexmark-" + query,
          "--job-path",
          TRIBUTARY_BINARY_DIR "/lib/tributary/jobs",
          "--slots",
          std::to_string(slots),
          "--set",
          "seed=5",
          "--set",
          "events=" + std::to_string(kEvents),
          "--set",
          "events_per_second=" + std::to_string(kEventsPerSecond),
          "--set",
          "rate=" + std::to_string(rate),
          "--set",
          "output=" + (dir / "results").string(),
          "--state",
          (dir / "state").string(),
          "--progress",
          "json",
          "--progress-interval",
          "20ms",
          "--checkpoint-interval",
          "20ms"};
}

// part-<number>-<epoch>.jsonl by epoch: what a key's lines say later is in a later one, or behind
// it in the same file.
Lines published(const fs::path& folder) {
  std::map<std::pair<std::uint64_t, std::string>, fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("_")) continue;
    files[{std::stoull(name.substr(name.find('-', name.find('-') + 1) + 1)), name}] = entry.path();
  }
  Lines lines;
  for (const auto& [epoch, path] : files) {
    std::ifstream stream(path);
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
  bool finished = false;
  for (auto next = course.interruptions.begin(); !finished;) {
    const bool is_last = next == course.interruptions.end();
    ProgramRun run(kProgram,
                   arguments(oracle.query, is_last ? slots : next->slots_before, dir, course.rate));
    if (!is_last) (next++)->happens(run);
    const int code = run.wait();
    // The run before was killed between the record's last word and its own: the job has ended.
    if (code == 2 && next != course.interruptions.begin() &&
        run.err().find("F103") != std::string::npos)
      break;
    ASSERT_TRUE(code == 0 || (!is_last && code == 128 + SIGKILL)) << code << run.err();
    // A slow machine may be through before it is interrupted.
    finished = run.out().find("\"finished\"") != std::string::npos;
    ASSERT_TRUE(finished || !is_last) << run.out();
    if (course.interruptions.empty()) {
      EXPECT_THAT(run.out(), HasSubstr("\"records_in\":20000"));
    }
  }
  EXPECT_EQ(oracle.folded(published(dir / "results")), oracle.expected(all_events()));
}

std::string test_name(const ::testing::TestParamInfo<Parameters>& test) {
  return std::get<0>(test.param).query + "On" + std::to_string(std::get<1>(test.param)) +
         std::get<2>(test.param).name;
}
INSTANTIATE_TEST_SUITE_P(Nexmark, NexmarkRun,
                         Combine(ValuesIn(nexmark::oracles()), Values(1, 2, 7), Values(kInOneGo)),
                         test_name);
INSTANTIATE_TEST_SUITE_P(NexmarkInterrupted, NexmarkRun,
                         Combine(ValuesIn(nexmark::oracles()), Values(2), Values(kKilled)),
                         test_name);

}  // namespace
}  // namespace tributary::testing
