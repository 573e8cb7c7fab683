// Runs a job with its state on this machine's disk, as `tributary run` does: working stores in
// RocksDB, checkpoints into a folder, a pool for blocking work.
//
// Decides: what a run reports besides its time. A failed job stops the bench. One thread starts and
// samples it; the job has threads of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/snapshot_services.h"

namespace tributary::bench {

struct StoredRunOptions {
  std::uint32_t slots = 1;
  std::string folder;            // made if it is not there; what is in it is restored
  Duration interval = hours(1);  // of checkpoints
  std::size_t memory_bytes = 0;  // 0: without bound
  std::uint64_t base_bytes_min = SnapshotServices{}.base_bytes_min;
  // Stops it, with a last checkpoint, once it has read so many records; 0: at its end.
  std::uint64_t stop_after = 0;
  Duration sample_every = milliseconds(20);
};

struct StoredRunReport {
  std::uint64_t checkpoints = 0;
  double opened_s = 0;  // until its first task was made: reading the record and the manifest
  struct Sample {
    double s = 0;  // since the process was asked to run it
    std::uint64_t records = 0;
  };
  std::vector<Sample> samples;  // records that sources have read, as time goes on
};

StoredRunReport run_stored(const JobProgram& program, const StoredRunOptions& options);

}  // namespace tributary::bench
