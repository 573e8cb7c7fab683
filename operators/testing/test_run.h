// operators/testing/test_run.h
// One run of a job under test: the engine in this thread on virtual time, the job's sources
// replaced by queues and its sinks by collectors. A JobTest has one, and makes more to run its
// history again. Queues, collectors, clock and disk are the world outside the job, and outlive its
// crashes.
//
// Decides: what a step is. Before each step all that was pushed is read and has come to rest, so
// that the steps of a test happen in the order in which they are written; between two steps order
// is the scheduler's. Thread: the test's only. No wall clock: the same program, options and steps
// give the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory_file_system.h"
#include "base/random.h"
#include "operators/testing/sink_collector.h"
#include "operators/testing/source_queue.h"
#include "operators/testing/test_attempt.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/exec/job_program.h"
#include "runtime/graph/plan.h"

namespace tributary::testing {

class TestRun {
 public:
  struct Options {
    std::uint32_t slots = 1;
    std::uint64_t seed = 1;  // of the scheduler, the splits and the batches
    Timestamp start{};       // processing time at the beginning
    std::uint32_t batch_records = 64;
    std::uint32_t key_groups = 0;  // 0: the job's
    std::uint32_t splits = 1;      // of each source
    bool vary_batches = false;
    bool little_room = false;  // little credit between tasks, so that senders wait
  };
  // JobTestFailure if the program's graph cannot be planned.
  TestRun(const JobProgram& program, const Options& options);
  TestRun(const TestRun&) = delete;
  TestRun& operator=(const TestRun&) = delete;
  ~TestRun();

  // Positions in the order of the graph; names for messages.
  std::optional<std::uint32_t> find_source(std::string_view name) const;
  std::optional<std::uint32_t> find_sink(std::string_view name) const;
  std::vector<std::string> source_names() const;
  std::vector<std::string> sink_names() const;
  const TypeInfo& source_type(std::uint32_t source) const { return sources_[source].queue->type(); }
  bool has_event_time(std::uint32_t source) const { return sources_[source].event_time != nullptr; }
  const SinkCollector& sink(std::uint32_t sink) const { return *sinks_[sink]; }
  std::uint32_t sink_count() const { return static_cast<std::uint32_t>(sinks_.size()); }
  // The sink of a source's refused records.
  std::optional<std::uint32_t> dead_letter_sink(std::uint32_t source) const;

  // ---- pushed, read by the next step ----
  // `record` must outlive this run; without `event_time` it is the one that the job's source gives
  // it.
  void push(std::uint32_t source, const void* record, std::optional<Timestamp> event_time);
  void push_bad(std::uint32_t source, const std::string& reason, const std::string& raw);

  // ---- steps ----
  void run();
  void watermark(std::uint32_t source, Timestamp watermark);
  void idle(std::uint32_t source);
  void end(std::uint32_t source);
  void advance(Duration time);
  void end_all();
  void stop();
  void checkpoint();
  void crash();
  void restore();
  void rescale(std::uint32_t slots);
  // What was pushed is under way and has had some turns when the process is lost; with
  // `checkpoint`, one is asked for in between, which may or may not be complete then.
  struct InFlight {
    std::uint64_t turns = 0;
    bool checkpoint = false;
    std::uint64_t turns_after = 0;
  };
  void crash_in_flight(const InFlight& how);

  bool source_ended(std::uint32_t source) const { return sources_[source].queue->ended(); }
  Timestamp declared_watermark(std::uint32_t source) const { return sources_[source].watermark; }
  // After crash(), until restore().
  bool down() const { return down_; }
  bool over() const { return attempt_ != nullptr && attempt_->job().over(); }
  // JOB_PHASE_UNSPECIFIED before the first step and while it is down.
  cluster::JobPhase phase() const {
    return attempt_ == nullptr ? cluster::JOB_PHASE_UNSPECIFIED : attempt_->job().phase();
  }
  std::optional<Error> failure() const;
  Timestamp now() const { return clock_.now(); }

 private:
  struct Source {
    std::uint32_t vertex = 0;
    std::string name;
    std::unique_ptr<SourceQueue> queue;
    EventTimeKernel event_time;  // the job's
    Duration lateness{};
    Duration idle_after{};
    BatchPtr one;  // for asking event_time
    Timestamp highest = Timestamp::min();
    Timestamp watermark = Timestamp::min();
    bool declared = false;  // watermarks come from the test, not from the lateness
    bool woken = true;
    std::int64_t pushed = 0;
  };

  void replace_source(std::uint32_t vertex);
  void insert_stamp(Source& source);
  void replace_sink(std::uint32_t vertex);
  void plan(std::uint32_t slots);
  void start();
  void lose_process();
  CheckpointId newest_on_record();
  void expect_running(std::string_view step) const;
  Timestamp event_time_of(Source& source, const void* record);
  void touch(Source& source);
  void declare(Source& source, Timestamp watermark);
  void wake(Source& source);
  void come_to_rest();
  void finish();

  const Options options_;
  JobProgram program_;
  std::deque<Source> sources_;
  std::vector<std::unique_ptr<SinkCollector>> sinks_;
  std::vector<std::uint32_t> asked_parallelism_;  // by vertex
  graph::ExecutionPlan plan_;
  ManualClock clock_;
  MemoryFileSystem files_;
  SeededRandomSource random_;
  JobFolder folder_;
  std::uint64_t attempts_ = 0;
  bool down_ = false;
  std::unique_ptr<TestAttempt> attempt_;
};

}  // namespace tributary::testing
