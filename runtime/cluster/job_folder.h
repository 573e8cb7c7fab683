// runtime/cluster/job_folder.h
// Where a job keeps what survives, on one host: `--state`. One folder for one job:
//   record/     the job's record (LocalMetadataStore, key "job"): the commit point
//   manifests/  of its checkpoints
//   blobs/      what they name
//   work/       working stores of this attempt; nothing in it survives
//
// Calls block.
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/random.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/local_metadata_store.h"
#include "checkpoint/manifest/manifest_store.h"

namespace tributary {

class JobFolder {
 public:
  static constexpr std::string_view kRecordKey = "job";

  // `files` and `random` must outlive it. Nothing is made before it is written to.
  JobFolder(FileSystem& files, std::string path, RandomSource& random)
      : path_(std::move(path)),
        files_(files),
        random_(random),
        metadata_(files, path_ + "/record", random),
        manifests_(files, path_ + "/manifests", random),
        blobs_(files, path_ + "/blobs", random) {}
  // With the record elsewhere.
  JobFolder(FileSystem& files, std::string path, RandomSource& random, MetadataStore& record)
      : JobFolder(files, std::move(path), random) {
    record_ = &record;
  }
  JobFolder(const JobFolder&) = delete;
  JobFolder& operator=(const JobFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string work() const { return path_ + "/work"; }
  FileSystem& files() { return files_; }
  RandomSource& random() { return random_; }
  MetadataStore& metadata() { return *record_; }
  ManifestStore& manifests() { return manifests_; }
  LocalBlobStore& blobs() { return blobs_; }

 private:
  const std::string path_;
  FileSystem& files_;
  RandomSource& random_;
  LocalMetadataStore metadata_;
  MetadataStore* record_ = &metadata_;
  ManifestStore manifests_;
  LocalBlobStore blobs_;
};

}  // namespace tributary
