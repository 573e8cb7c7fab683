#include "runtime/api/state_source.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/ranges.h>

#include "checkpoint/manifest/checkpoint_copy.h"

namespace tributary {

using checkpoint::Manifest;

StateSource::StateSource(std::string path, const Surroundings& surroundings)
    : path_(std::move(path)), files_(&surroundings.files), random_(&surroundings.random) {}

Result<StateSource> StateSource::open(const std::string& path, const Surroundings& surroundings) {
  StateSource source(path, surroundings);
  if (TRY(surroundings.files.exists(path + "/record"))) {
    TRY(source.read_record());
  } else {
    TRY(source.read_savepoint_name());
  }
  if (source.checkpoints_.empty())
    return std::unexpected(
        Error(ErrorCode::C111, fmt::format("there is no checkpoint and no savepoint in {}", path),
              "name a job's state folder (run --state) or the folder of a savepoint"));
  return source;
}

Status StateSource::read_record() {
  job_ = std::make_unique<JobFolder>(*files_, path_, *random_);
  blobs_ = &job_->blobs();
  const auto stored = TRY(job_->metadata().get(JobFolder::kRecordKey));
  if (!stored) return {};
  cluster::JobRecord record;
  if (!record.ParseFromString(stored->bytes))
    return fail(ErrorCode::S420, "the record of the job in {} is none", path_);
  phase_ = cluster::JobPhase_Name(record.phase());
  if (phase_.empty()) phase_ = fmt::format("phase {}", static_cast<int>(record.phase()));
  const auto add = [this](const cluster::CompletedCheckpoint& completed, bool retained) {
    checkpoints_.push_back({.id = completed.id(),
                            .completed = {completed.completed_micros()},
                            .lineage = {completed.lineage_high(), completed.lineage_low()},
                            .retained = retained,
                            .manifest = completed.manifest()});
  };
  for (const auto& completed : record.checkpoints().completed()) add(completed, true);
  for (const auto& condemned : record.checkpoints().condemned()) add(condemned.checkpoint(), false);
  std::ranges::stable_sort(checkpoints_, std::ranges::greater(), &ListedCheckpoint::id);
  return {};
}

Status StateSource::read_savepoint_name() {
  savepoint_ = std::make_unique<ManifestStore>(*files_, path_, *random_);
  savepoint_blobs_ =
      std::make_unique<LocalBlobStore>(*files_, tributary::savepoint_blobs(path_), *random_);
  blobs_ = savepoint_blobs_.get();
  for (const std::string& name : TRY(savepoint_->list())) {
    if (name.ends_with(".tmp")) continue;
    ListedCheckpoint& listed = checkpoints_.emplace_back();
    listed.id = checkpoint_of_manifest(name);
    listed.manifest.set_name(name);
    break;
  }
  return {};
}

Result<ListedCheckpoint> StateSource::choose(std::optional<std::uint64_t> id) const {
  const auto found = std::ranges::find_if(checkpoints_, [&](const ListedCheckpoint& listed) {
    return id ? listed.id == *id : listed.retained;
  });
  if (found != checkpoints_.end()) return *found;
  if (!id)
    return std::unexpected(Error(ErrorCode::C112,
                                 fmt::format("no checkpoint in {} is retained", path_),
                                 "tributary state list " + path_));
  return std::unexpected(Error(
      ErrorCode::C112,
      fmt::format("there is no checkpoint {} in {}; there are {}", *id, path_,
                  fmt::join(checkpoints_ | std::views::transform(&ListedCheckpoint::id), ", ")),
      "tributary state list " + path_));
}

Result<Manifest> StateSource::read(const ListedCheckpoint& listed) {
  if (job_ != nullptr) return job_->manifests().read(listed.manifest);
  return savepoint_->read_by_name(listed.manifest.name());
}

}  // namespace tributary
