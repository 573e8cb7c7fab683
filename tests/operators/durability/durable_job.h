// tests/operators/durability/durable_job.h
// A small job with state, windows, files in and files out, as `tributary run` runs it, on virtual
// time in the test's thread over files of the test's choice; and what must come of it.
//
// World outlives its attempts: files, time, chance. An attempt is one process; it may end in the
// middle, as by a crash. One thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/io_pool.h"
#include "base/manual_executor.h"
#include "base/random.h"
#include "checkpoint/model_lsm.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/local_job.h"

namespace tributary::testing {

struct DurableOptions {
  std::uint32_t slots = 2;
  std::uint64_t seed = 1;  // of the interleaving
  Duration interval = milliseconds(20);
  std::uint32_t retained = 1;
  // Bases are written all the time; with an even seed state is renewed instead.
  std::uint64_t base_bytes_min = 1;
  std::string from;  // a savepoint
  bool fork = false;
  bool half = false;  // the job without its windows
};

// What readers find.
struct DurableOutput {
  std::vector<std::string> totals;           // lines that are only added, sorted
  std::map<std::string, std::string> hours;  // window -> its last line
  bool operator==(const DurableOutput&) const = default;
};

class DurableWorld {
 public:
  explicit DurableWorld(std::shared_ptr<FileSystem> files, std::string root = "w");

  FileSystem& files() { return *files_; }
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  // `files` files of `records` sales each; some lines are bad.
  void write_input(int files, int records);
  DurableOutput read_output();
  // Of a plain recomputation of the input.
  DurableOutput expected();
  // Empty if the output is as expected.
  std::string difference(const DurableOutput& expected);
  // What its record says.
  bool has_finished();
  ManualClock& clock() { return clock_; }

 private:
  friend class DurableAttempt;
  std::vector<std::string> lines_of(const std::string& folder);

  std::shared_ptr<FileSystem> files_;
  const std::string root_;
  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  SeededRandomSource random_{42};
};

std::string reasons_of(const std::vector<Error>& errors);

class DurableAttempt {
 public:
  // Every reason why it cannot begin.
  static std::expected<std::unique_ptr<DurableAttempt>, std::vector<Error>> open(
      DurableWorld& world, const DurableOptions& options);
  // In whatever state: as a process that dies.
  ~DurableAttempt();

  LocalJob& job() { return *job_; }
  const OpenedJob& opened() const { return *opened_; }
  // Blocking work waits from now on, or goes on.
  void hold_io(bool held) { io_held_ = held; }
  // One step of a slot, of the control plane or of the I/O pool, or time goes on.
  void step();
  // Until the job is over, or `until` says true; false if it takes for ever.
  bool run(const std::function<bool()>& until = [] { return false; });
  bool run_for(Duration time);

 private:
  DurableAttempt(DurableWorld& world, const DurableOptions& options);

  DurableWorld& world_;
  Random random_;
  JobFolder folder_;
  ModelLsmFactory lsm_;
  JobProgram program_;
  graph::ExecutionPlan plan_;
  ManualIoPool io_;
  bool io_held_ = false;
  ManualExecutor executor_;
  std::shared_ptr<OpenedJob> opened_;
  std::unique_ptr<LocalJob> job_;
};

}  // namespace tributary::testing
