// operators/testing/job_test_core.h
// The untyped part of a JobTest: its program, its run, and the history of what the test did.
// Records come and go as bytes with their type's table; the templates of job_test.h are its face.
//
// Owner: the JobTest. Thread: the test's only. Throws JobTestFailure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "operators/testing/job_test_options.h"
#include "operators/testing/sink_collector.h"
#include "operators/testing/sink_fold.h"
#include "runtime/exec/dead_letter.h"

namespace tributary {
class Job;
class Settings;
struct JobDescriptor;
struct JobProgram;
}  // namespace tributary

namespace tributary::testing {

struct HistoryEvent;

// An author's function without its type, and what calls it with the settings' record.
struct ErasedJobFunction {
  void (*call)(void (*function)(), Job& job, const void* settings) = nullptr;
  void (*function)() = nullptr;
  const TypeInfo* settings_type = nullptr;  // null: the Settings tree
};

class JobTestCore {
 public:
  JobTestCore(const JobProgram& program, const JobTestOptions& options);
  ~JobTestCore();
  // From the settings tree, from the settings' record, from what a job's library exports.
  static std::unique_ptr<JobTestCore> make(const ErasedJobFunction& job, const Settings& settings,
                                           const JobTestOptions& options);
  static std::unique_ptr<JobTestCore> make_with_record(const ErasedJobFunction& job,
                                                       const void* settings,
                                                       const JobTestOptions& options);
  static std::unique_ptr<JobTestCore> make(const JobDescriptor& job, const Settings& settings,
                                           const JobTestOptions& options);

  std::uint32_t open_source(std::string_view name, const TypeInfo& type) const;
  std::uint32_t open_sink(std::string_view name, const TypeInfo& type) const;

  void push(std::uint32_t source, const void* record, std::optional<Timestamp> event_time);
  void push_bad(std::uint32_t source, std::string_view reason, std::string_view raw);
  void watermark(std::uint32_t source, Timestamp watermark);
  void idle(std::uint32_t source);
  void end_source(std::uint32_t source);

  void run();
  void advance(Duration time);
  void end();
  void stop();
  void checkpoint();
  void crash();
  void restore();
  void rescale(std::uint32_t slots);

  // After all that was pushed has been worked on. JobTestFailure if the job has failed.
  const SinkCollector& read(std::uint32_t sink);
  SinkFold& fold_of(std::uint32_t sink);
  std::vector<DeadLetter> dead_letters(std::string_view source_or_sink);

  std::optional<Error> failure();
  std::string phase();
  Timestamp now() const;

  std::optional<std::string> difference_when_permuted(std::uint64_t seeds,
                                                      const PermuteOptions& options);

 private:
  struct State;
  void expect_open(std::uint32_t source, std::string_view call) const;
  void step(HistoryEvent event);

  std::unique_ptr<State> state_;
};

}  // namespace tributary::testing
