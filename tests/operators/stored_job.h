// A whole job that keeps its state as a real one does, in the test's own thread: over a memory file
// system, the model of a working store, and blocking work that the test runs when it likes.
//
// Decides: nothing is restored; checkpoints each 10 s of virtual time. One thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/io_pool.h"
#include "base/manual_executor.h"
#include "base/memory_file_system.h"
#include "base/random.h"
#include "checkpoint/model_lsm.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/local_job.h"

namespace tributary::testing {

struct StoredJobOptions {
  std::uint32_t slots = 1;
  std::uint64_t seed = 1;
  std::size_t memory_bytes = 0;  // for keyed state; 0: without bound
};

class StoredJob {
 public:
  StoredJob(const JobProgram& program, const StoredJobOptions& options);
  ~StoredJob();

  LocalJob& job() { return *job_; }
  ManualIoPool& io() { return io_; }
  // Steps one slot or the control loop, or lets the clock go on. False if there is neither to do.
  bool step();
  // The same, and one piece of blocking work beside each step, until the job is over.
  void run_to_end();

 private:
  ManualClock clock_;
  SeededRandomSource random_;
  MemoryFileSystem files_;
  ModelLsmFactory lsm_{files_};
  JobFolder folder_;
  ManualIoPool io_;
  graph::ExecutionPlan plan_;
  ManualExecutor executor_;
  std::unique_ptr<LocalJob> job_;
};

}  // namespace tributary::testing
