// runtime/cluster/job_start.h
// Who a job is when it starts: its uid, its lineage, the ids that it may use, and whether it takes
// over staged output (rules 3 and 4).
//
// Pure; random ids are given. Invariants: checkpoint ids never repeat within a uid; a job that
// starts from anything but its own newest completed checkpoint has a lineage that nobody had; a
// fork shares neither uid nor lineage with anybody, so nobody fences it and no mark is its.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/cluster/job_record.pb.h"

namespace tributary {

struct JobStart {
  // ---- what is known ----
  // The job's own record, if it has one; none also if the metadata is lost.
  const cluster::JobRecord* record = nullptr;
  // What the user restores from, none to go on or to begin.
  const checkpoint::Manifest* from = nullptr;
  bool fork = false;  // a new job, whatever `from` belonged to
  // A job with the uid of `from` is running, and it is not this one.
  bool uid_is_running = false;
  // Random, used where a new one is needed.
  Hash128 new_uid;
  Hash128 new_lineage;
};

struct JobIdentity {
  std::string uid;  // 16 bytes
  cluster::CheckpointRecord checkpoints;
  // None: from nothing. Else from this manifest, copied into the job's store first.
  bool from_manifest = false;
  bool new_lineage = false;
  // The record has been started from `from` before: it goes on from where it is instead.
  bool has_taken_over = false;
  // Staged output of `from` is dropped (fork); else it is published under its own epochs.
  bool drop_staged = false;
};

// S419 if the record is another job's than the one that would start, which it would lose. S471 if
// the lineage of `from` cannot be that of the job, or there are too many.
Result<JobIdentity> decide_start(const JobStart& start);

// Makes of the manifest that a job is restored from the job's own first checkpoint: its uid, its
// lineages, an id that nobody had, and no staged output if that is to be dropped. Between
// copy_blobs() and ManifestStore::write(); then the record names it as the only completed one.
void take_over(JobIdentity& identity, std::uint64_t term, std::uint32_t attempt,
               checkpoint::Manifest& manifest);

}  // namespace tributary
