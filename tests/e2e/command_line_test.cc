// The program `tributary` as people use it: exit codes, texts, signals, files.
#include <filesystem>
#include <fstream>
#include <set>
#include <signal.h>
#include <sstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program_run.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kProgram = TRIBUTARY_BINARY_DIR "/bin/tributary";
const std::string kJobs = TRIBUTARY_BINARY_DIR "/tests/e2e/jobs";

class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tributary-e2e-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
  };
  Outcome call(std::vector<std::string> arguments, std::vector<std::string> variables = {}) {
    ProgramRun run(kProgram, std::move(arguments), std::move(variables));
    const int code = run.wait();
    return {code, run.out(), run.err()};
  }
  // `tributary run e2e-numbers …`
  std::vector<std::string> run_of(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"run", "e2e-numbers", "--job-path", kJobs};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Outcome run(std::vector<std::string> more) { return call(run_of(std::move(more))); }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::string out_folder() const { return (folder_ / "out").string(); }
  std::multiset<std::string> lines_written() const {
    std::multiset<std::string> lines;
    for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
      std::ifstream stream(entry.path());
      for (std::string line; std::getline(stream, line);) lines.insert(line);
    }
    return lines;
  }

  fs::path folder_;
};

TEST_F(CommandLine, RunsAJobToTheEndOfItsInput) {
  const Outcome outcome =
      run({"--slots", "2", "--set", "count=5000", "--set", "output=" + out_folder()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out,
              ::testing::ContainsRegex("e2e-numbers  2 slots  state /[^ ]*/e2e-numbers\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("  numbers -> check =key=> lines      2 stages, 1 exchange\n"));
  EXPECT_THAT(
      outcome.out,
      HasSubstr("finished (end of input)  in 5,000  out 5,000  late 0  dead 0  checkpoints 1 ("));
  EXPECT_THAT(outcome.out, HasSubstr("  output        lines  5,000 records  " + out_folder()));
  EXPECT_EQ(lines_written().size(), 5000u);
}

TEST_F(CommandLine, TakesSettingsFromTheDocumentTheEnvironmentASecretAndTheCommandLine) {
  file("word", "hello\n");
  const std::string config =
      file("job.yaml", "count: 10\noutput: ${env:OUT_FOLDER}\ngreeting: ${secret:word}\n");
  const Outcome outcome =
      call(run_of({"--config", config, "--secrets-dir", folder_.string(), "--set", "count=3"}),
           {"OUT_FOLDER=" + out_folder()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(lines_written(),
            (std::multiset<std::string>{"{\"greeting\":\"hello\"}", "{\"value\":0}",
                                        "{\"value\":1}", "{\"value\":2}"}));
}

TEST_F(CommandLine, ShowsTheValueOfASecretNowhere) {
  const std::string secret = "hunter2-and-more";
  file("word", secret + "\n");
  const auto run_with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--job-path", kJobs, "--secrets-dir", folder_.string()});
    const Outcome outcome = call(std::move(arguments));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(secret)));
    return outcome;
  };
  const std::string output = "output=" + out_folder() + "/${secret:word}";
  for (const char* format : {"text", "mermaid", "json"}) {
    EXPECT_EQ(run_with({"plan", "e2e-numbers", "--format", format, "--set", output}).code, 0);
  }
  EXPECT_THAT(run_with({"run", "e2e-numbers", "--set", "count=3", "--set", output}).out,
              HasSubstr("  output        lines  3 records  " + out_folder() + "/(secret)\n"));
  ASSERT_TRUE(fs::exists(fs::path(out_folder()) / secret));
  // Once more: the files are there already.
  EXPECT_THAT(run_with({"run", "e2e-numbers", "--set", output}).err,
              HasSubstr(out_folder() + "/(secret)"));
  EXPECT_THAT(run_with({"run", "e2e-numbers", "--set", "count=${secret:word}"}).err,
              HasSubstr("got the value of a secret"));
}

TEST_F(CommandLine, FindsJobsByPathAndByVariable) {
  EXPECT_EQ(call({"run", kJobs + "/libe2e_numbers.so", "--set", "count=1"}).code, 0);
  EXPECT_EQ(call({"run", "e2e_numbers", "--set", "count=1"}, {"TRIBUTARY_JOB_PATH=" + kJobs}).code,
            0);
}

TEST_F(CommandLine, FindsAJobByTheNameThatItRegisters) {
  fs::create_symlink(kJobs + "/libe2e_numbers.so", folder_ / "build-17.so");
  EXPECT_EQ(call({"run", "e2e-numbers", "--job-path", folder_.string(), "--set", "count=1"}).code,
            0);
}

TEST_F(CommandLine, NamesTheUnknownSettingItsLineAndTheNearest) {
  const std::string config = file("job.yaml", "count: 10\noutpt: x\n");
  const Outcome outcome = run({"--config", config});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err.find("error C101 unknown setting outpt (line 2 of " + config +
                             "); did you mean output?"),
            0u)
      << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("\n  who: you"));
  // Told once, though two processes look at the settings.
  EXPECT_EQ(outcome.err.find("error C101 "), outcome.err.rfind("error C101 "));
}

TEST_F(CommandLine, RefusesABadValueABadDocumentAndAMissingOne) {
  EXPECT_THAT(run({"--set", "count=many"}).err, HasSubstr("error C102 setting count"));
  const std::string twice = file("twice.yaml", "count: 1\ncount: 2\n");
  const Outcome outcome = run({"--config", twice});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("error C103 " + twice + " line 2: key 'count' is given twice"));
  EXPECT_THAT(run({"--config", "/missing.yaml"}).err,
              HasSubstr("error C103 configuration /missing.yaml"));
  EXPECT_THAT(run({"--set", "greeting=${secret:nope}"}).err, HasSubstr("error C104"));
  EXPECT_EQ(
      run({"--set", "output=a\xff"}).err.find("error C102 output of operator lines is not UTF-8"),
      0u);
}

TEST_F(CommandLine, NamesWhatWasSearchedForAMissingJob) {
  const Outcome outcome = call({"run", "e2e-nubmers", "--job-path", kJobs});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("error B202 job e2e-nubmers not found; searched " + kJobs));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean e2e-numbers?"));
  EXPECT_THAT(call({"run", "./missing.so"}).err,
              HasSubstr("error B202 job ./missing.so not found"));
}

TEST_F(CommandLine, RefusesLibrariesThatAreNoJobsOfThisEngine) {
  const Outcome other = call({"run", kJobs + "/libe2e_other_abi.so"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(
      other.err,
      HasSubstr("error B201 libe2e_other_abi.so needs job ABI 0.0-gcc4-libstdc++0; this program"));
  EXPECT_THAT(call({"run", kJobs + "/libe2e_no_job.so"}).err,
              HasSubstr("error B203 libe2e_no_job.so registers no job"));
  EXPECT_THAT(call({"run", file("text.so", "no library")}).err,
              HasSubstr("error B205 text.so does not load"));
}

TEST_F(CommandLine, SurvivesAJobFunctionThatCrashesHangsOrChangesItsMind) {
  const Outcome crashed = run({"--set", "crash=true"});
  EXPECT_EQ(crashed.code, 2);
  EXPECT_THAT(crashed.err,
              HasSubstr("error B206 the job's function ended its process by signal 6"));
  EXPECT_THAT(run({"--set", "hang=true", "--graph-timeout", "100ms"}).err,
              HasSubstr("gave no graph within 100ms"));
  EXPECT_THAT(run({"--set", "nondeterministic=true"}).err,
              HasSubstr("error B204 job e2e-numbers gives another graph"));
}

TEST_F(CommandLine, SendsWhatAJobFunctionPrintsToStandardError) {
  const Outcome outcome = run({"--set", "print=true", "--set", "count=1", "--progress", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the job's function puts\n"));
  EXPECT_THAT(outcome.err, HasSubstr("the job's function streams\n"));
  EXPECT_THAT(outcome.out, ::testing::StartsWith("{\"event\":\"started\""));
}

TEST_F(CommandLine, SaysThatAJobFunctionEndedItsProcess) {
  for (const char* code : {"0", "2", "3"}) {
    const Outcome outcome = run({"--set", std::string("exit_with=") + code});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err,
                HasSubstr(std::string("error B206 the job's function ended its process with exit "
                                      "code ") +
                          code));
  }
}

TEST_F(CommandLine, SaysEverythingThatIsWrongWithTheSettings) {
  const Outcome outcome = run({"--set", "count=many", "--set", "outpt=x", "--set", "hang=maybe"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("setting count"));
  EXPECT_THAT(outcome.err, HasSubstr("unknown setting outpt"));
  EXPECT_THAT(outcome.err, HasSubstr("setting hang"));
}

TEST_F(CommandLine, PrintsWhyThereIsNoPlan) {
  const Outcome outcome = run({"--set", "same_name_twice=true"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("error G301"));
}

TEST_F(CommandLine, RefusesOutputOfAnEarlierRunUnlessForced) {
  const std::vector<std::string> arguments = {"--set", "count=7", "--set",
                                              "output=" + out_folder()};
  ASSERT_EQ(run(arguments).code, 0);
  const Outcome again = run(arguments);
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("error F103 output " + out_folder() +
                                   " of sink lines already holds 1 file"));
  EXPECT_THAT(again.err, HasSubstr("else choose another folder, or say --force"));
  std::vector<std::string> forced = arguments;
  forced.push_back("--force");
  EXPECT_EQ(run(forced).code, 0);
  EXPECT_EQ(lines_written().size(), 7u);
}

TEST_F(CommandLine, NamesJobOperatorAndRecordWhenUserCodeFails) {
  const Outcome outcome = run({"--set", "throw_at=77"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error P801"));
  EXPECT_THAT(outcome.err, HasSubstr("e2e-numbers"));
  EXPECT_THAT(outcome.err, HasSubstr("check"));
  EXPECT_THAT(outcome.err, HasSubstr("77"));
  EXPECT_THAT(outcome.err, HasSubstr("no rule for this number"));
  EXPECT_THAT(outcome.out, HasSubstr("failed  in "));
}

TEST_F(CommandLine, StopsCleanlyAtASignalWithAllThatWasReadWritten) {
  for (const int number : {SIGINT, SIGTERM}) {
    ProgramRun run(kProgram, run_of({"--set", "count=1000000000", "--set", "per_second=20000",
                                     "--progress", "json", "--progress-interval", "20ms", "--set",
                                     "output=" + out_folder(), "--force"}));
    ASSERT_TRUE(run.wait_for_output("\"event\":\"progress\"")) << run.err();
    run.signal(number);
    EXPECT_EQ(run.wait(), 0) << run.err();
    const std::string last = run.out().substr(run.out().rfind("{\"event\""));
    const auto summary = nlohmann::json::parse(last);
    EXPECT_EQ(summary["event"], "stopped");
    EXPECT_EQ(summary["records_in"], summary["records_out"]);
    EXPECT_EQ(lines_written().size(), summary["records_out"].get<std::size_t>());
  }
}

TEST_F(CommandLine, CancelsAtTheSecondSignal) {
  // The sink would need weeks for what is in flight.
  ProgramRun run(kProgram, run_of({"--set", "count=100000", "--set", "sink_pause_us=1000",
                                   "--progress", "plain", "--progress-interval", "20ms"}));
  ASSERT_TRUE(run.wait_for_output("read "));
  run.signal(SIGINT);
  ASSERT_TRUE(run.wait_for_output("stopping"));
  run.signal(SIGINT);
  const int code = run.wait();
  // A quick machine may have stopped cleanly between the two.
  if (code == 0) return;
  EXPECT_EQ(code, 1) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("cancelled"));
}

TEST_F(CommandLine, CancelsAtTheFirstSignalWhereUntilHasStoppedTheJob) {
  // The sink would need many seconds for what is in flight.
  ProgramRun run(kProgram, run_of({"--set", "count=100000", "--set", "sink_pause_us=20000",
                                   "--slots", "2", "--until", "1s", "--progress", "none"}));
  ASSERT_TRUE(run.wait_for_output("stopping after 1s"));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(), 1) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("cancelled"));
}

TEST_F(CommandLine, StopsAfterTheTimeThatUntilSays) {
  const Outcome outcome =
      run({"--set", "count=1000000000", "--set", "per_second=1000", "--until", "200ms"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr("stopped (all that was read is in checkpoint 1: run it again to go on)"));
}

TEST_F(CommandLine, PrintsOneJsonObjectALine) {
  const Outcome outcome = run({"--set", "count=20000", "--set", "per_second=100000", "--progress",
                               "json", "--progress-interval", "20ms"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  std::vector<nlohmann::json> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_GE(events.size(), 3u);
  EXPECT_EQ(events.front()["event"], "started");
  EXPECT_EQ(events[1]["event"], "progress");
  EXPECT_EQ(events[1]["stages"].size(), 2u);
  EXPECT_TRUE(events[1]["stages"][0].contains("backpressured_ratio"));
  EXPECT_EQ(events.back()["event"], "finished");
  EXPECT_EQ(events.back()["records_in"], 20000);
}

TEST_F(CommandLine, NamesTheSlowSinkAsTheBottleneck) {
  ProgramRun run(kProgram,
                 run_of({"--set", "count=100000000", "--set", "sink_pause_us=50", "--slots", "2",
                         "--progress", "json", "--progress-interval", "50ms"}));
  // The first one that names a cause; stages are numbered by their order.
  EXPECT_TRUE(run.wait_for_output("\"cause\":\"lines\""));
}

TEST_F(CommandLine, ShowsAPlanInThreeForms) {
  const auto plan = [&](const std::string& format) {
    return call({"plan", "e2e-numbers", "--job-path", kJobs, "--slots", "2", "--format", format});
  };
  EXPECT_THAT(plan("text").out, HasSubstr("e2e-numbers: 2 slots, 2 stages, 1 exchange"));
  EXPECT_THAT(plan("mermaid").out, HasSubstr("flowchart LR"));
  const auto json = nlohmann::json::parse(plan("json").out);
  EXPECT_EQ(json["stages"].size(), 2u);
  EXPECT_EQ(json["exchanges"][0]["key"], "value");
  EXPECT_EQ(plan("pdf").code, 2);
}

TEST_F(CommandLine, ListsJobsAndWhetherTheyFit) {
  const Outcome outcome = call({"jobs", "--job-path", kJobs});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("e2e-numbers +ok +" + kJobs));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("e2e-other-abi +other ABI "));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("e2e-no-job +no job "));
}

TEST_F(CommandLine, ShowsTheSettingsOfAJob) {
  const Outcome outcome = run({"--help-settings"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("throw_at"));
}

TEST_F(CommandLine, NamesTheNearestVerbAndOption) {
  const Outcome verb = call({"rnu", "x"});
  EXPECT_EQ(verb.code, 2);
  EXPECT_THAT(verb.err, HasSubstr("error C105 unknown verb 'rnu'; did you mean run?"));
  const Outcome option = run({"--progres=json"});
  EXPECT_EQ(option.code, 2);
  EXPECT_THAT(option.err, HasSubstr("did you mean --progress?"));
  EXPECT_EQ(call({}).code, 2);
  EXPECT_THAT(run({"--until", "soon"}).err, HasSubstr("error C105 --until 'soon'"));
}

TEST_F(CommandLine, ExplainsItself) {
  EXPECT_THAT(call({"--help"}).out, HasSubstr("plan"));
  EXPECT_THAT(call({"run", "--help"}).out, HasSubstr("--progress-interval"));
  EXPECT_THAT(call({"version"}).out, HasSubstr("job ABI"));
  EXPECT_THAT(call({"error", "f103"}).out, HasSubstr("output exists"));
  EXPECT_THAT(call({"error", "--list"}).out, HasSubstr("C101"));
  EXPECT_EQ(call({"error", "Z999"}).code, 2);
}

}  // namespace
}  // namespace tributary::testing
