// tests/e2e/program_run.h
// Runs a program as people do, with its output caught, and waits for what it prints instead of for
// time.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace tributary::testing {

class ProgramRun {
 public:
  // Starts it; `variables` ("A=b") are added to the environment.
  ProgramRun(std::string program, std::vector<std::string> arguments,
             std::vector<std::string> variables = {});
  // Kills it if it still runs.
  ~ProgramRun();
  ProgramRun(const ProgramRun&) = delete;
  ProgramRun& operator=(const ProgramRun&) = delete;

  // Until standard output holds `text`. False if it ended before.
  bool wait_for_output(const std::string& text);
  // The same of standard error.
  bool wait_for_error(const std::string& text);
  // Until standard output holds so many whole lines. False if it ended before.
  bool wait_for_lines(std::ptrdiff_t lines);
  void signal(int number);
  // A line of /proc/<pid>/status in KiB: "VmRSS", "VmHWM". 0 once it has ended.
  long memory_kib(const std::string& line) const;
  // Reads everything and gives the exit code; 128 + n if signal n ended it.
  int wait();

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  // False when both are at their end.
  bool read_some();

  std::string state_;  // folder of this run's state, unless it is told another one
  pid_t pid_ = -1;
  int out_end_ = -1;
  int err_end_ = -1;
  std::string out_;
  std::string err_;
};

}  // namespace tributary::testing
