// The example of README.md as a newcomer runs it: with its configuration and its sample.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/program_run.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// part-<writer>-<checkpoint>.jsonl
fs::path only_part(const fs::path& folder) {
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) parts.push_back(entry.path());
  EXPECT_EQ(parts.size(), 1u);
  return parts.empty() ? fs::path() : parts[0];
}

TEST(FirstJob, RunsOnItsSample) {
  std::string folder = (fs::temp_directory_path() / "tributary-first-job-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const fs::path example = fs::path(TRIBUTARY_SOURCE_DIR) / "examples/first_job";
  ProgramRun run(
      TRIBUTARY_BINARY_DIR "/bin/tributary",
      {"run", "hourly-spend", "--config", (example / "job.yaml").string(), "--set",
       "charges=" + (example / "data/sample.jsonl").string(), "--set", "output=" + folder});
  EXPECT_EQ(run.wait(), 0) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("finished (end of input)  in 10  out 4  late 0  dead 2"));
  EXPECT_THAT(run.out(), HasSubstr("  dead letters  2: BAD_DECIMAL 1, MALFORMED_JSON 1\n"));
  EXPECT_EQ(text_of(only_part(fs::path(folder) / "spend")),
            R"({"tenant":"acme","hour":"2026-09-01T10:00:00Z","billed":"3.65","charges":3}
{"tenant":"globex","hour":"2026-09-01T10:00:00Z","billed":"12.504512","charges":2}
{"tenant":"acme","hour":"2026-09-01T11:00:00Z","billed":"0.5","charges":2}
{"tenant":"globex","hour":"2026-09-01T12:00:00Z","billed":"3","charges":1}
)");
  EXPECT_THAT(text_of(only_part(fs::path(folder) / "dead-letters")), HasSubstr("BAD_DECIMAL"));
  fs::remove_all(folder);
}

TEST(FirstJob, AMistypedInputIsRefusedBeforeForceDeletesAnything) {
  std::string folder = (fs::temp_directory_path() / "tributary-first-job-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  fs::create_directories(fs::path(folder) / "spend");
  const fs::path earlier = fs::path(folder) / "spend/part-0.jsonl";
  std::ofstream(earlier) << "{}\n";
  ProgramRun run(TRIBUTARY_BINARY_DIR "/bin/tributary",
                 {"run", "hourly-spend", "--set", "charges=" + folder + "/chrages", "--set",
                  "output=" + folder, "--force"});
  EXPECT_EQ(run.wait(), 2);
  EXPECT_THAT(run.err(), HasSubstr("error F101 source charges: "));
  EXPECT_TRUE(fs::exists(earlier));
  fs::remove_all(folder);
}

TEST(FirstJob, AnEmptySettingIsNotTheWorkingDirectory) {
  ProgramRun run(TRIBUTARY_BINARY_DIR "/bin/tributary",
                 {"plan", "hourly-spend", "--set", "output=out"});
  EXPECT_EQ(run.wait(), 2);
  EXPECT_THAT(run.err(), HasSubstr("error G317 \"charges\" (job.cc:"));
  EXPECT_THAT(run.err(), HasSubstr("an empty path"));
}

}  // namespace
}  // namespace tributary::testing
