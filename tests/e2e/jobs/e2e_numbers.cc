// A job for the tests of the command line: numbers are read, grouped by key and written, and each
// setting makes something go wrong. Made by hand on the engine, so that these tests stand on the
// floors below the typed API only.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

#include "base/settings_binder.h"
#include "runtime/exec/job_descriptor.h"
#include "tests/runtime/exec/range_job.h"

namespace tributary::testing {

struct NumbersSettings {
  std::int64_t count = 1000;
  std::int64_t per_second = 0;     // 0: no limit
  std::int64_t sink_pause_us = 0;  // a slow sink
  std::int64_t throw_at = -1;      // the operator fails at this number
  Text output;                     // folder of part files; empty: none
  Text greeting;                   // written to the output's first line
  bool crash = false;              // the job's function kills its process
  bool hang = false;               // … does not return
  bool print = false;              // … prints to standard output
  std::int64_t exit_with = -1;     // … ends its process with this code
  bool nondeterministic = false;   // … looks at its process
  bool same_name_twice = false;    // a mistake of the plan
};
TRIBUTARY_RECORD(NumbersSettings, count, per_second, sink_pause_us, throw_at, output, greeting,
                 crash, hang, print, exit_with, nondeterministic, same_name_twice);

namespace {

// Writes a line for each number.
class NumbersFile final : public Operator {
 public:
  NumbersFile(std::string folder, std::string greeting, std::int64_t pause_us)
      : folder_(std::move(folder)), greeting_(std::move(greeting)), pause_us_(pause_us) {}
  Status open(OperatorContext& context) override {
    if (folder_.empty()) return {};
    std::filesystem::create_directories(folder_);
    file_.open(folder_ + "/part-" + std::to_string(context.task_index()) + ".jsonl");
    if (!greeting_.empty()) file_ << "{\"greeting\":\"" << greeting_ << "\"}\n";
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    for (std::uint32_t i = from; i < batch->size(); ++i) {
      if (pause_us_ > 0) ::usleep(static_cast<useconds_t>(pause_us_));
      if (file_.is_open()) file_ << "{\"value\":" << batch->records<Number>()[i].value << "}\n";
    }
    return batch->size();
  }
  Status flush() override {
    file_.flush();
    return {};
  }

 private:
  const std::string folder_;
  const std::string greeting_;
  const std::int64_t pause_us_;
  std::ofstream file_;
};

RangeJob numbers_job(const NumbersSettings& settings) {
  if (settings.print) {
    // Both stay in a buffer, as long as they are short.
    std::puts("the job's function puts");
    std::cout << "the job's function streams\n";
  }
  if (settings.exit_with >= 0) std::exit(static_cast<int>(settings.exit_with));
  if (settings.crash) std::abort();
  while (settings.hang) ::sleep(1);

  RangeJob job("e2e-numbers");
  const std::uint32_t source = job.source("numbers", {.count = settings.count,
                                                      .splits = 4,
                                                      .batch = 64,
                                                      .records_per_second = settings.per_second});
  const std::int64_t throw_at = settings.throw_at;
  const std::uint32_t check = job.pass("check", nullptr, [throw_at](const Number& number) {
    if (number.value == throw_at) throw std::out_of_range("no rule for this number");
  });
  const std::uint32_t sink = job.sink("lines", nullptr);
  job.edge(source, check, graph::CHAIN);
  job.edge(check, sink, graph::KEYED);
  JobProgram& program = job.program;
  program.vertices[sink].make_operator = [folder = settings.output.str(),
                                          greeting = settings.greeting.str(),
                                          pause = settings.sink_pause_us] {
    return std::make_unique<NumbersFile>(folder, greeting, pause);
  };
  graph::Vertex& vertex = *program.graph.mutable_vertices(static_cast<int>(sink));
  if (!settings.output.empty()) (*vertex.mutable_properties())["output"] = settings.output.str();
  if (settings.nondeterministic) (*vertex.mutable_properties())["pid"] = std::to_string(::getpid());
  if (settings.same_name_twice) vertex.set_name("check");
  return job;
}

std::vector<Error> build(const Settings& settings, JobProgram& program) {
  Arena arena;
  NumbersSettings numbers;
  std::vector<Error> wrong = bind_settings(settings, type_info<NumbersSettings>(), &numbers, arena);
  if (wrong.empty()) program = std::move(numbers_job(numbers).program);
  return wrong;
}

}  // namespace
}  // namespace tributary::testing

extern "C" __attribute__((visibility("default"))) const tributary::JobDescriptor*
tributary_job_descriptor() {
  static const tributary::JobDescriptor descriptor{
      .abi = tributary::job_abi(),
      .name = "e2e-numbers",
      .settings_type = &tributary::type_info<tributary::testing::NumbersSettings>(),
      .build = tributary::testing::build};
  return &descriptor;
}
