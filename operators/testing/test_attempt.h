// operators/testing/test_attempt.h
// One attempt of a job under test: the engine in this thread, from the newest completed checkpoint
// until the job ends or the process is gone.
//
// Owner: the TestRun. Thread: the test's only. Destroying it is the crash: nothing is closed,
// flushed or told, and blocking work that has not run never does.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/io_pool.h"
#include "base/manual_executor.h"
#include "base/random.h"
#include "checkpoint/model_lsm.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/local_job.h"
#include "runtime/exec/job_program.h"
#include "runtime/graph/plan.h"

namespace tributary::testing {

class TestAttempt {
 public:
  struct Parts {
    const JobProgram& program;
    const graph::ExecutionPlan& plan;
    JobFolder& folder;  // what survives
    RandomSource& random;
    const Clock& clock;
  };
  struct Options {
    std::uint64_t seed = 1;  // of what runs next
    bool little_room = false;
  };
  // All parts outlive it. JobTestFailure if the job cannot go on from its checkpoint.
  TestAttempt(const Parts& parts, const Options& options);
  TestAttempt(const TestAttempt&) = delete;
  TestAttempt& operator=(const TestAttempt&) = delete;
  ~TestAttempt() = default;

  void start() { job_.start(executor_); }
  LocalJob& job() { return job_; }
  const LocalJob& job() const { return job_; }
  // What it starts from; 0: nothing.
  CheckpointId from() const { return from_; }

  // Runs tasks and blocking work until neither has anything to do at this instant. False if that
  // takes more than `turns_max` turns.
  bool come_to_rest(std::uint64_t turns_max);
  // The first turns of it, tasks and blocking work in any order.
  void begin(std::uint64_t turns);
  const ManualExecutor& executor() const { return executor_; }

 private:
  LocalJob::Options open(const Parts& parts, const Options& options);

  CheckpointId from_;
  Random random_;
  ModelLsmFactory lsm_;
  ManualIoPool io_;  // the job's work may refer to it to the last
  ManualExecutor executor_;
  LocalJob job_;
};

}  // namespace tributary::testing
