// tests/e2e/crash/cost_course.h
// One course of the cost job from its first start to its end: a folder with the input, the
// output and the state, in which the program is started as often as it takes.
//
// The input is the same for all courses of a process, dirt included, and comes at a limited rate,
// so that a run has several checkpoints. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/crash/cost_answers.h"
#include "tests/e2e/crash/output_watch.h"
#include "tests/e2e/program_run.h"

namespace tributary::testing {

struct CourseStart {
  int slots = 2;
  int checkpoint_ms = 40;
  int rows_per_second = 600;  // of a part of the input
  std::string failpoints{};   // as $TRIBUTARY_FAILPOINTS
  std::vector<std::string> more{};
  std::filesystem::path state{};  // another one than the course's
};

class CostCourse {
 public:
  CostCourse();
  ~CostCourse();
  CostCourse(const CostCourse&) = delete;
  CostCourse& operator=(const CostCourse&) = delete;

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path state() const { return dir_ / "state"; }
  // The folder stays when the object goes.
  void keep() { kept_ = true; }

  ProgramRun start(const CourseStart& start = {}) const;
  // Runs until it ends by itself.
  struct Ended {
    int code = 0;
    std::string out{};
    std::string err{};
    // "finished", "stopped", "failed"...: of the last line of the progress.
    std::string event{};
    // Of this start.
    int completed_checkpoints = 0;
    int failed_checkpoints = 0;
    // For messages: standard error and the end of the output.
    std::string last_words() const;
    // The run before was killed between the record's last word and its own: the job is finished,
    // and whoever begins it anew is told of its output (which is compared in the end, like any).
    bool found_it_finished() const;
  };
  Ended run(const CourseStart& start = {}) const;
  static Ended ended(ProgramRun& run);

  // Empty if the output is that of a run in one go, sums are those of the generator, and no reader
  // ever saw anything else than whole files; ends the watch.
  std::string complaints();
  // The same without what readers saw on the way: a power cut takes back what was not durable.
  std::string differences() const;
  std::size_t files_seen() const { return watch_->files_seen(); }

  static const std::filesystem::path& input();
  static const CostAnswers& answers_in_one_go();

 private:
  std::filesystem::path dir_;
  std::unique_ptr<OutputWatch> watch_;
  bool kept_ = false;
};

}  // namespace tributary::testing
