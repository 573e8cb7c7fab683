// runtime/exec/snapshot_services.h
// What the tasks of one attempt need to keep what survives: where bytes go, who does blocking work,
// whose they are.
//
// Plain data, given by who runs the job; what it points to outlives the attempt. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/hash.h"
#include "base/io_pool.h"
#include "checkpoint/blob_store.h"
#include "checkpoint/lsm.h"
#include "checkpoint/publish/lineage.h"
#include "checkpoint/publish/publish_limits.h"
#include "checkpoint/tiered_store.h"
#include "runtime/exec/simulation_switches.h"

namespace tributary {

struct SnapshotServices {
  IoPool* io = nullptr;
  BlobStore* blobs = nullptr;
  FileSystem* files = nullptr;  // the one that `lsm` writes to
  LsmFactory* lsm = nullptr;
  // Working stores of this attempt; nobody else has it.
  std::string work_folder;
  // Of the job, for its keyed state in memory; shared equally by the tasks that have any. 0:
  // without bound.
  std::size_t memory_bytes = 0;
  // As TieredOptions has them, for each task.
  std::uint64_t base_bytes_min = TieredOptions{}.base_bytes_min;
  std::size_t renewal_bytes_max = TieredOptions{}.renewal_bytes_max;

  Hash128 uid;
  std::string uid_bytes;  // as the record has it
  std::optional<LineageHistory> history;
  std::uint64_t routing_version = 1;
  std::uint64_t incarnation = 0;  // OwnershipRound::incarnation, of this run
  PublishLimits publish_limits;
  SimulationSwitches simulation;
};

}  // namespace tributary
