// operators/testing/job_test.h
// JobTest: a whole job in the test's own thread, on virtual time, with its sources fed and its
// sinks read by the test.
//
//   JobTest job(spend_by_team, SpendSettings{});
//   auto charges = job.source<Charge>("charges");
//   auto spend = job.sink<Spend>("spend");
//   charges.push({.team = "core", .start = t("10:05"), .billed = usd("1.10")});
//   charges.watermark(t("11:00"));
//   EXPECT_THAT(spend.published(), ElementsAre(Spend{"core", t("10:00"), usd("1.10")}));
//
// It is the engine that production runs; only readers, sinks and the clock are others. Nothing
// outside is touched. Steps (run, advance, watermark, idle, end, and each reading) happen in the
// order in which they are written; what is pushed between two of them is in flight together. Wrong
// use, and a failure of the job that was not asked for, throw JobTestFailure; GoogleTest is not
// needed. Handles and records read are valid as long as the JobTest. One thread. In words:
// docs/authors/testing.md.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tributary/job.h>

#include "base/record.h"
#include "base/settings.h"
#include "operators/testing/job_test_core.h"
#include "operators/testing/job_test_failure.h"
#include "operators/testing/job_test_options.h"
#include "operators/testing/literals.h"
#include "operators/testing/test_sink.h"
#include "operators/testing/test_source.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary::testing {

class JobTest {
 public:
  // The settings as a tree, bound strictly as those of a file are: JobTest job(spend,
  // Settings{{"lateness", "40d"}}).
  template <typename S>
  explicit JobTest(void (*function)(Job&, const S&), const Settings& settings = {},
                   const JobTestOptions& options = {})
      : core_(JobTestCore::make(erased(function), settings, options)) {}
  // The settings as the job's own record.
  template <Record S>
  JobTest(void (*function)(Job&, const S&), const std::type_identity_t<S>& settings,
          const JobTestOptions& options = {})
      : core_(JobTestCore::make_with_record(erased(function), &settings, options)) {}
  // What TRIBUTARY_JOB exports.
  explicit JobTest(const JobDescriptor& job, const Settings& settings = {},
                   const JobTestOptions& options = {})
      : core_(JobTestCore::make(job, settings, options)) {}
  // A program built by hand.
  explicit JobTest(const JobProgram& program, const JobTestOptions& options = {})
      : core_(std::make_unique<JobTestCore>(program, options)) {}

  // By the name that the job gives it; T is the record that it reads.
  template <Record T>
  TestSource<T> source(std::string_view name) {
    return {*core_, core_->open_source(name, type_info<T>())};
  }
  // Also sinks of side outputs and of dead letters.
  template <Record T>
  TestSink<T> sink(std::string_view name) {
    return {*core_, core_->open_sink(name, type_info<T>())};
  }
  // What a source refused, by the source's name, or by the name of a sink of DeadLetter records.
  std::vector<DeadLetter> dead_letters(std::string_view source_or_sink) {
    return core_->dead_letters(source_or_sink);
  }

  // Works on all that was pushed until nothing is left to do at this instant. Readings do it by
  // themselves.
  void run() { core_->run(); }
  // Moves processing time, stopping at each timer on the way.
  void advance(TimeSpan time) { core_->advance(time); }
  // All inputs end: event time goes to its end, pending timers fire, the job finishes.
  void end() { core_->end(); }
  // A stop by its operator: what was read is delivered, no more is read, event time does not move.
  void stop() { core_->stop(); }

  // All that was pushed has been worked on, and a checkpoint of it completes.
  void checkpoint() { core_->checkpoint(); }
  // The process is gone: its tasks, what it knew, what it wrote and did not sync, and what sinks
  // got since the last completed checkpoint, for they are exactly once. Until restore() there are
  // no steps; what is pushed meanwhile waits in its source.
  void crash() { core_->crash(); }
  // Starts the job from the last completed checkpoint, or from nothing if there was none. Sources
  // go on where it was: what was pushed since is read again, all in flight together. Also after
  // stop() and after a failure.
  void restore() { core_->restore(); }
  // Stops with a checkpoint and goes on from it with so many slots.
  void rescale(std::uint32_t slots) { core_->rescale(slots); }

  // Why the job failed, if it did. A failure is only reported by this and by readings.
  std::optional<Error> failure() { return core_->failure(); }
  // "RUN", "FINISHED", "STOPPED", "FAILED"; "CRASHED" until restore().
  std::string phase() { return core_->phase(); }
  // Processing time.
  Timestamp now() const { return core_->now(); }

  // Runs all that the test has done so far again on fresh engines, once for each seed with another
  // order of the records pushed between two steps (unless keep_order), other batches, slots and
  // interleavings, with crashes, restores and changes of slots on the way, ends all inputs, and
  // compares what every sink's stream amounts to with the run as it was. Upsert sinks need
  // keyed_by(…), delta sinks summing(…). True, or JobTestFailure with the first difference and its
  // seed.
  bool same_result_when_permuted(std::uint64_t seeds, const PermuteOptions& options = {}) {
    if (const auto difference = core_->difference_when_permuted(seeds, options))
      throw JobTestFailure(*difference);
    return true;
  }
  // The same difference as text; nothing if there is none.
  std::optional<std::string> difference_when_permuted(std::uint64_t seeds,
                                                      const PermuteOptions& options = {}) {
    return core_->difference_when_permuted(seeds, options);
  }

 private:
  template <typename S>
  static ErasedJobFunction erased(void (*function)(Job&, const S&)) {
    return {.call = &tributary::internal::call_job_function<S>,
            .function = reinterpret_cast<void (*)()>(function),
            .settings_type = tributary::internal::settings_type<S>()};
  }

  std::unique_ptr<JobTestCore> core_;
};

}  // namespace tributary::testing
