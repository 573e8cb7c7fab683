#include "tests/e2e/crash/cost_course.h"

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;

const std::string kProgram = TRIBUTARY_BINARY_DIR "/bin/tributary";
const std::string kJobs = TRIBUTARY_BINARY_DIR "/lib/tributary/jobs";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "tributary-crash-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Half of the charges come by the topic whose rate can be limited; a shard stays in one file, and a
// file in one topic.
void make_input(const fs::path& dir) {
  ProgramRun generate(TRIBUTARY_BINARY_DIR "/bin/attribution",
                      {"generate", "--rows", "600", "--malformed", "0.03", "--repeats", "0.05",
                       "--revisions", "0.05", "--deletes", "0.02", "--seed", "7", "--tenants", "3",
                       "--shards", "3", "--to", dir.string()});
  ASSERT_EQ(generate.wait(), 0) << generate.err();
  fs::create_directories(dir / "cost.charges.bulk");
  for (const char* file : {"generated-002.jsonl", "generated-003.jsonl"})
    fs::rename(dir / "cost.charges" / file, dir / "cost.charges.bulk" / file);
}

std::vector<std::string> words(const fs::path& dir, const fs::path& state,
                               const CourseStart& start) {
  std::vector<std::string> words = {"run",
                                    "cost-attribution",
                                    "--job-path",
                                    kJobs,
                                    "--set",
                                    "files.dir=" + dir.string(),
                                    "--set",
                                    "hourly_flush=20ms",
                                    "--set",
                                    fmt::format("bulk_rows_per_second={}", start.rows_per_second),
                                    "--slots",
                                    std::to_string(start.slots),
                                    "--state",
                                    state.string(),
                                    "--checkpoint-interval",
                                    fmt::format("{}ms", start.checkpoint_ms),
                                    "--progress",
                                    "json"};
  words.insert(words.end(), start.more.begin(), start.more.end());
  return words;
}

}  // namespace

const fs::path& CostCourse::input() {
  static const TemporaryFolder folder;
  static const bool made = [] {
    make_input(folder.path());
    return true;
  }();
  (void)made;
  return folder.path();
}

const CostAnswers& CostCourse::answers_in_one_go() {
  static const CostAnswers answers = [] {
    const TemporaryFolder folder;
    fs::copy(input(), folder.path(), fs::copy_options::recursive);
    ProgramRun run(kProgram, words(folder.path(), folder.path() / "state",
                                   {.checkpoint_ms = 10'000, .rows_per_second = 100'000}));
    EXPECT_EQ(run.wait(), 0) << run.err();
    CostAnswers read = CostAnswers::read(folder.path());
    EXPECT_EQ(difference_from_totals(read, input() / "expected.json"), "");
    EXPECT_GT(read.added["cost.deadletters"].size(), 10U);
    return read;
  }();
  return answers;
}

CostCourse::CostCourse() {
  std::string name = (fs::temp_directory_path() / "tributary-course-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  dir_ = name;
  fs::copy(input(), dir_, fs::copy_options::recursive);
  watch_ = std::make_unique<OutputWatch>(dir_);
}

CostCourse::~CostCourse() {
  watch_.reset();
  if (kept_) return;
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

ProgramRun CostCourse::start(const CourseStart& start) const {
  std::vector<std::string> variables;
  if (!start.failpoints.empty()) variables.push_back("TRIBUTARY_FAILPOINTS=" + start.failpoints);
  return ProgramRun(kProgram, words(dir_, start.state.empty() ? state() : start.state, start),
                    std::move(variables));
}

CostCourse::Ended CostCourse::ended(ProgramRun& run) {
  Ended ended{.code = run.wait(), .out = run.out(), .err = run.err()};
  const std::size_t last = ended.out.rfind("{\"event\"");
  if (last != std::string::npos) {
    const auto line = nlohmann::json::parse(ended.out.substr(last), nullptr, false);
    if (line.is_discarded()) return ended;
    ended.event = line["event"];
    if (const auto checkpoints = line.find("checkpoints"); checkpoints != line.end()) {
      ended.completed_checkpoints = checkpoints->value("completed", 0);
      ended.failed_checkpoints = checkpoints->value("failed", 0);
    }
  }
  return ended;
}

std::string CostCourse::Ended::last_words() const {
  constexpr std::size_t kShown = 1500;
  return fmt::format("exit {}\n{}{}", code, err,
                     out.size() > kShown ? out.substr(out.size() - kShown) : out);
}

bool CostCourse::Ended::found_it_finished() const {
  return code == 2 && err.find("F103") != std::string::npos;
}

CostCourse::Ended CostCourse::run(const CourseStart& how) const {
  ProgramRun run = start(how);
  return ended(run);
}

std::string CostCourse::complaints() { return watch_->stop() + differences(); }

std::string CostCourse::differences() const {
  const CostAnswers found = CostAnswers::read(dir_);
  return difference(answers_in_one_go(), found) +
         difference_from_totals(found, input() / "expected.json");
}

}  // namespace tributary::testing
