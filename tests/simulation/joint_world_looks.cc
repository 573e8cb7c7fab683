// Looks at what is durable, from outside, while a joint world runs.
#include <fmt/format.h>

#include "checkpoint/manifest/manifest_blobs.h"
#include "tests/simulation/joint_world.h"

namespace tributary::simulation {

// Most likely when it completes a checkpoint.
bool JointWorld::dies_persisting(std::string_view bytes) {
  if (calm_ || mood_.dies_persisting == 0) return false;
  cluster::JobRecord record;
  const bool parsed = record.ParseFromString(std::string(bytes));
  const auto& completed = record.checkpoints().completed();
  const bool commits =
      parsed && !completed.empty() && !completed_.contains(completed.rbegin()->id());
  return random_.below(1000) < (commits ? 10 : 1) * mood_.dies_persisting;
}

void JointWorld::look_at_record(const std::string& bytes) {
  cluster::JobRecord record;
  if (!record.ParseFromString(bytes)) return violation("the record cannot be parsed");
  for (const cluster::CompletedCheckpoint& one : record.checkpoints().completed()) {
    const bool is_older = !completed_.empty() && completed_.rbegin()->first > one.id();
    const auto [known, is_new] = completed_.try_emplace(one.id(), one.manifest().name());
    // Most that can go wrong shows when it is restored.
    if (is_new && !calm_ && random_.below(4) < mood_.crashes)
      crash_at_ = events_ + 1 + random_.below(60);
    if (is_new && is_older)
      return violation(fmt::format("checkpoint {} is complete after a later one", one.id()));
    if (known->second != one.manifest().name())
      return violation(fmt::format("checkpoint {} is complete twice", one.id()));
  }
}

// All that the record names is there, whoever died in the middle of what.
void JointWorld::look_at_checkpoints() {
  if (!damaged_.empty()) return;
  const auto found = metadata_->get(JobFolder::kRecordKey);
  cluster::JobRecord record;
  if (!found || !*found || !record.ParseFromString((*found)->bytes)) return;
  for (const cluster::CompletedCheckpoint& one : record.checkpoints().completed()) {
    const auto manifest = folder_.manifests().read(one.manifest());
    if (!manifest)
      return violation(fmt::format("checkpoint {}: {}", one.id(), manifest.error().to_string()));
    for_each_blob(*manifest, [&](const checkpoint::BlobRef& blob) {
      const auto file = folder_.blobs().get(blob);
      if (!file) violation(fmt::format("checkpoint {}: {}", one.id(), file.error().to_string()));
    });
  }
}

void JointWorld::look_at_savepoints(SimProcess& process) {
  if (!process.started()) return;
  for (const LocalJob::SavepointOutcome& one : process.job().take_outcomes()) {
    if (!one.error || !damaged_.empty()) continue;
    const ErrorCode code = one.error->code();
    if (code == ErrorCode::S410 || code == ErrorCode::S411)
      violation(fmt::format("a savepoint failed: {}", one.error->to_string()));
  }
}

}  // namespace tributary::simulation
