// runtime/cluster/record_writer.h
// Writes a job's record by compare-and-set. A store that fails (no room, a disk that is away) is
// tried again until it takes the record; then the job has only waited. That somebody else has
// written the record is an answer (J601): the job is theirs.
//
// Owner: LocalJob. Thread: the control plane's; writing blocks it. Rules 20, 29, 65, 69.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/metadata_store.h"
#include "runtime/cluster/job_record.pb.h"

namespace tributary {

class RecordWriter {
 public:
  using Done = std::function<void(const Status&)>;

  // `version`: of the record as the owner knows it.
  RecordWriter(MetadataStore& store, std::string key, MetadataVersion version, const Clock& clock);

  // `done` is called once, perhaps before this returns: with success when the record is as it is
  // here or as a later call has it, else with the error that ends the job.
  void write(const cluster::JobRecord& record, Done done);
  // Tries again if it is time. True if it did.
  bool step();
  // When step() has something to do (monotonic); INT64_MAX if never.
  std::int64_t next_nanos() const { return waiting_.empty() ? INT64_MAX : retry_at_; }
  // The job is to end: what fails now and from now on is an answer too.
  void give_up();

  // While the store fails.
  const std::optional<Error>& failure() const { return failure_; }
  std::optional<Timestamp> failing_since() const;
  // Tries that failed so far.
  std::uint64_t failures() const { return failures_; }

 private:
  void try_now();
  Status put();
  // A try that failed may have been the one that counts.
  Result<bool> was_ours();

  MetadataStore& store_;
  const std::string key_;
  MetadataVersion version_;
  const Clock& clock_;
  std::string bytes_;
  std::vector<std::string> tried_;  // since the last success, their outcome is unknown
  std::vector<Done> waiting_;
  std::int64_t retry_at_ = 0;
  bool gives_up_ = false;
  std::optional<Error> failure_;
  Timestamp failing_since_{};
  std::uint64_t failures_ = 0;
};

}  // namespace tributary
