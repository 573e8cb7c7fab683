// A sink that sleeps: memory stays bounded, and progress says who waits for whom.
#include <csignal>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program_run.h"

namespace tributary::testing {
namespace {

const std::string kProgram = TRIBUTARY_BINARY_DIR "/bin/tributary";
const std::string kJobs = TRIBUTARY_BINARY_DIR "/tests/e2e/jobs";

std::vector<std::string> run_sleeper(std::vector<std::string> more) {
  std::vector<std::string> arguments = {
      "run",        "e2e-sleeper", "--job-path",          kJobs,  "--slots", "2",
      "--progress", "json",        "--progress-interval", "200ms"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Backpressure, ASinkThatSleepsBoundsMemoryAndProgressNamesStageAndCause) {
  long baseline_kib = 0;
  {
    ProgramRun quiet(kProgram, run_sleeper({"--set", "rate=10", "--set", "sleep_ms=0"}));
    ASSERT_TRUE(quiet.wait_for_lines(4)) << quiet.err();
    baseline_kib = quiet.memory_kib("VmHWM");
    quiet.signal(SIGTERM);
    EXPECT_EQ(quiet.wait(), 0) << quiet.err();
  }
  ASSERT_GT(baseline_kib, 0);

  ProgramRun run(kProgram, run_sleeper({"--set", "sleep_ms=20"}));
  ASSERT_TRUE(run.wait_for_lines(16)) << run.err();
  [[maybe_unused]] const long loaded_kib = run.memory_kib("VmHWM");
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 0) << run.err();

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory grows
  // One exchange, two receiving tasks, each with a pool of 1 MiB.
  const long credit_kib = 2 * 1024;
  EXPECT_LT(loaded_kib, baseline_kib + 2 * credit_kib + 64 * 1024);
#endif

  bool named = false;
  std::istringstream lines(run.out());
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json progress = nlohmann::json::parse(line);
    if (!progress.contains("bottleneck") || progress["bottleneck"].is_null()) continue;
    const std::string text = progress["bottleneck"].dump();
    named = named ||
            (text.find("items") != std::string::npos && text.find("slow") != std::string::npos);
  }
  EXPECT_TRUE(named) << run.out();
}

}  // namespace
}  // namespace tributary::testing
