// State more than ten times as large as the memory it may use, as people run it: what the process
// takes stays within the budget and a constant, and every key has what was written to it, also
// after a kill in the middle.
#include "tests/e2e/jobs/wide_state.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program_run.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kKeys = 200'000;
constexpr std::int64_t kVisits = 2;
constexpr std::int64_t kPayloadBytes = 1'000;
constexpr long kBudgetMib = 16;
static_assert(kKeys * kPayloadBytes > 10 * (kBudgetMib << 20));
// Beyond the budget, whatever the state's size: the program (26 MiB), the working stores' cache
// with their write buffers (64), what tasks may be ahead of the disk (8 each), and what is on its
// way to it: uploads, compaction, a new base, and what the allocator keeps for a second (measured:
// up to 202 in all). With all state in memory the job takes 350 MiB.
constexpr long kConstantMib = 224;

const std::string kProgram = TRIBUTARY_BINARY_DIR "/bin/tributary";

// Of the last whole line of progress.
std::int64_t records_in(const std::string& out) {
  const std::size_t end = out.rfind('\n');
  if (end == std::string::npos) return 0;
  const std::size_t before = end == 0 ? std::string::npos : out.rfind('\n', end - 1);
  const std::size_t from = before == std::string::npos ? 0 : before + 1;
  const auto line = nlohmann::json::parse(out.substr(from, end - from));
  return line.contains("records_in") ? line.at("records_in").get<std::int64_t>() : 0;
}

struct WideState : ::testing::Test {
  WideState() {
    std::string name = (fs::temp_directory_path() / "tributary-wide-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
  }
  ~WideState() override {
    std::error_code ignored;
    fs::remove_all(dir, ignored);
  }

  std::vector<std::string> arguments() const {
    return {"run",
            "e2e-wide-state",
            "--job-path",
            TRIBUTARY_BINARY_DIR "/tests/e2e/jobs",
            "--slots",
            "2",
            "--progress",
            "json",
            "--progress-interval",
            "100ms",
            "--state",
            (dir / "state").string(),
            "--state-memory",
            std::to_string(kBudgetMib),
            "--checkpoint-interval",
            "300ms",
            "--set",
            "keys=" + std::to_string(kKeys),
            "--set",
            "visits=" + std::to_string(kVisits),
            "--set",
            "payload_bytes=" + std::to_string(kPayloadBytes),
            "--set",
            "output=" + (dir / "rows").string()};
  }
  bool has_checkpoint() const {
    std::error_code none;
    fs::recursive_directory_iterator all(dir / "state/manifests", none);
    return !none && std::any_of(fs::begin(all), fs::end(all),
                                [](const auto& entry) { return entry.is_regular_file(); });
  }

  fs::path dir;
};

TEST_F(WideState, MemoryStaysWithinTheBudgetAndResultsAreRightAfterAKill) {
  long peak_kib = 0;
  {
    ProgramRun run(kProgram, arguments());
    for (int lines = 1;
         !(has_checkpoint() && records_in(run.out()) > kKeys) && run.wait_for_lines(lines); ++lines)
      peak_kib = std::max(peak_kib, run.memory_kib("VmHWM"));
    run.signal(SIGKILL);
    ASSERT_EQ(run.wait(), 128 + SIGKILL) << "it ended before it could be killed";
  }
  ProgramRun run(kProgram, arguments());
  for (int lines = 1; run.wait_for_lines(lines); ++lines)
    peak_kib = std::max(peak_kib, run.memory_kib("VmHWM"));
  ASSERT_EQ(run.wait(), 0) << run.err();
  EXPECT_THAT(run.out() + run.err(), ::testing::HasSubstr("goes on from checkpoint"));
  RecordProperty("peak_mib", std::to_string(peak_kib >> 10));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory grows
  EXPECT_LE(peak_kib >> 10, kBudgetMib + kConstantMib);
#endif

  std::vector<std::int64_t> sums(kKeys, 0);
  for (std::int64_t n = 0; n < kKeys * kVisits; ++n)
    sums[static_cast<std::size_t>(wide_visit(n, kKeys).key)] += n;
  std::int64_t rows = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "rows")) {
    if (!entry.is_regular_file() || entry.path().extension() != ".jsonl") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line); ++rows) {
      const auto row = nlohmann::json::parse(line);
      const auto key = row.at("key").get<std::size_t>();
      ASSERT_LT(key, sums.size());
      ASSERT_EQ(row.at("visits").get<std::int64_t>(), kVisits) << line;
      ASSERT_EQ(row.at("damaged").get<std::int64_t>(), 0) << line;
      ASSERT_EQ(row.at("sum").get<std::int64_t>(), sums[key]) << line;
    }
  }
  EXPECT_EQ(rows, kKeys);
}

}  // namespace
}  // namespace tributary::testing
