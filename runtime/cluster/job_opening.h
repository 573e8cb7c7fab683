// runtime/cluster/job_opening.h
// What happens before a job's first task is made: its record is found or begun, written with this
// leader's term, and the checkpoint to start from is chosen, verified and matched with the job as
// it is now.
//
// Calls block; before any other thread of the job runs. Rules 1, 3, 4, 28, 64.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/metadata_store.h"
#include "runtime/cluster/checkpoint_coordinator.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/restore_match.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/snapshot_services.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct JobOpening {
  // ---- where; outlives the job ----
  JobFolder* folder = nullptr;  // its work() is emptied first
  const Clock* clock = nullptr;
  IoPool* io = nullptr;
  LsmFactory* lsm = nullptr;
  // ---- what ----
  const JobProgram* program = nullptr;
  const graph::ExecutionPlan* plan = nullptr;
  std::string shown_graph;  // as manifests bear it: the serialized graph without secrets
  std::string engine_version;
  Duration interval = seconds(10);
  std::uint32_t retained = 2;
  // As in SnapshotServices, these three.
  std::size_t memory_bytes = 0;
  std::uint64_t base_bytes_min = SnapshotServices{}.base_bytes_min;
  std::size_t renewal_bytes_max = SnapshotServices{}.renewal_bytes_max;
  // ---- how ----
  std::string from;   // a savepoint's folder; empty: its own newest checkpoint
  bool fork = false;  // of `from`: a new job with that state
  std::set<std::string> drop_state;
  // Of simulations.
  CheckpointHazards hazards{};
  SimulationSwitches simulation{};
};

struct OpenedJob {
  JobFolder* folder = nullptr;
  SnapshotServices services;  // for its tasks
  cluster::JobRecord record;  // as it is written
  MetadataVersion version;
  std::unique_ptr<CheckpointCoordinator> coordinator;
  std::vector<CheckpointAction> left_over;  // for whoever drives the coordinator from now on
  RestoredJob restored;
  std::optional<checkpoint::Manifest> from;  // the one that is restored
  std::vector<Error> passed_over;            // newer checkpoints that cannot be read
  // It had been started from the savepoint before, and goes on from its own newest checkpoint.
  bool has_taken_over = false;
};

// S4xx: nothing can be restored. Every reason. Of a job that does not fit the checkpoint nothing
// was changed; where the checkpoint was damaged, the record's term and which ones it names. A job
// that has FINISHED is not opened again: its owner begins a new one.
std::expected<OpenedJob, std::vector<Error>> open_job(const JobOpening& opening);

}  // namespace tributary
