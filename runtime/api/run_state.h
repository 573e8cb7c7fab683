// runtime/api/run_state.h
// The state of a job that `tributary run` runs: its folder, which nobody else may use meanwhile,
// what it starts from, and what its tasks need to keep it.
//
// Thread: the main one. Outlives the LocalJob that it is given to.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io_pool.h"
#include "checkpoint/rocksdb_lsm.h"
#include "runtime/api/job_plan.h"
#include "runtime/api/refusal.h"
#include "runtime/api/state_lock.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/job_opening.h"

namespace tributary {

struct StateArguments {
  bool keep = true;    // false: in memory alone, no checkpoints
  std::string folder;  // empty: see state_folder_of()
  Duration checkpoint_interval = seconds(10);
  std::size_t memory_bytes = std::size_t{1} << 30;
  // As TieredOptions has them, for each task; tests with little state change them.
  std::uint64_t base_bytes_min = SnapshotServices{}.base_bytes_min;
  std::size_t renewal_bytes_max = SnapshotServices{}.renewal_bytes_max;
  std::uint32_t retained = 2;
  std::string from;  // a savepoint
  bool fork = false;
  std::vector<std::string> drop_state;
  bool fresh = false;  // forget what is there
};

// "<TRIBUTARY_STATE, or .tributary>/<job>".
std::string state_folder_of(const StateArguments& arguments, const std::string& job,
                            const Surroundings& surroundings);

class RunState {
 public:
  // `prepare_output` is asked before anything is forgotten, if the job starts from nothing.
  static OrErrors<std::unique_ptr<RunState>> open(const StateArguments& arguments,
                                                  const PlannedJob& planned,
                                                  const JobProgram& program,
                                                  const std::function<Status()>& prepare_output,
                                                  const Surroundings& surroundings);
  ~RunState();
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  const std::string& folder() const { return folder_.path(); }
  // What people should know: what it goes on from, what was passed over.
  const std::vector<std::string>& notices() const { return notices_; }
  std::shared_ptr<OpenedJob> opened() const { return opened_; }

 private:
  RunState(std::string folder, StateLock lock, const Surroundings& surroundings);
  Status forget();

  const Surroundings& surroundings_;
  StateLock lock_;
  JobFolder folder_;
  RocksDbLsmFactory lsm_;
  std::vector<std::string> notices_;
  std::shared_ptr<OpenedJob> opened_;
  ThreadIoPool io_;  // last: its work uses the others
};

}  // namespace tributary
