// runtime/api/state_source.h
// What the verbs of `tributary state` read: the state folder of a job, or a savepoint. Which
// checkpoints are in it, their manifests and blobs.
//
// Calls block; it only reads. Bytes from outside: everything is verified before it is parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/timestamp.h"
#include "checkpoint/blob_store.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/api/surroundings.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/job_record.pb.h"

namespace tributary {

struct ListedCheckpoint {
  std::uint64_t id = 0;
  Timestamp completed;
  Hash128 lineage;
  bool retained = true;              // false: its blobs are being deleted
  checkpoint::ManifestRef manifest;  // of a savepoint: its name alone
};

class StateSource {
 public:
  // C111 if there is no state in `path`; S420 if the job's record is damaged.
  static Result<StateSource> open(const std::string& path, const Surroundings& surroundings);

  const std::string& path() const { return path_; }
  bool is_savepoint() const { return job_ == nullptr; }
  // RUN, FINISHED, ...; empty for a savepoint.
  const std::string& phase() const { return phase_; }
  // Newest first.
  const std::vector<ListedCheckpoint>& checkpoints() const { return checkpoints_; }

  // The newest that is retained, or this one. C112 if it is not there.
  Result<ListedCheckpoint> choose(std::optional<std::uint64_t> id) const;
  Result<checkpoint::Manifest> read(const ListedCheckpoint& listed);
  BlobStore& blobs() { return *blobs_; }

 private:
  StateSource(std::string path, const Surroundings& surroundings);
  Status read_record();
  Status read_savepoint_name();

  std::string path_;
  FileSystem* files_;
  RandomSource* random_;
  std::string phase_;
  std::vector<ListedCheckpoint> checkpoints_;
  std::unique_ptr<JobFolder> job_;
  std::unique_ptr<ManifestStore> savepoint_;
  std::unique_ptr<LocalBlobStore> savepoint_blobs_;
  BlobStore* blobs_ = nullptr;
};

}  // namespace tributary
