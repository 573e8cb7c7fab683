#include "runtime/cluster/job_start.h"

#include <algorithm>

#include "checkpoint/publish/lineage.h"
#include "runtime/cluster/recorded_hash.h"

namespace tributary {
namespace {

bool same_lineage(const checkpoint::Lineage& a, const cluster::CompletedCheckpoint& b) {
  return a.id_high() == b.lineage_high() && a.id_low() == b.lineage_low();
}

bool is_same_point(const cluster::TakenOver& a, const checkpoint::Lineage& b,
                   std::uint64_t checkpoint) {
  return a.lineage_high() == b.id_high() && a.lineage_low() == b.id_low() &&
         a.checkpoint() == checkpoint;
}

}  // namespace

Result<JobIdentity> decide_start(const JobStart& start) {
  JobIdentity identity;
  const checkpoint::Manifest* from = start.from;
  identity.from_manifest = from != nullptr;
  if (start.record != nullptr && from != nullptr &&
      (start.fork || from->uid() != start.record->uid()))
    return std::unexpected(Error(
        ErrorCode::S419,
        start.fork ? "the state folder has a job already, and a fork is a new one"
                   : "the state folder is of another job than the savepoint",
        start.fork
            ? "name a folder of its own (--state); if it is the fork's and shall go on, leave "
              "out --from and --fork"
            : "name the state folder of the savepoint's job, or one of its own (--state)"));
  const bool own = start.record != nullptr && !start.fork && !start.uid_is_running &&
                   (from == nullptr || from->uid() == start.record->uid());
  if (own) {
    identity.uid = start.record->uid();
    identity.checkpoints = start.record->checkpoints();
  } else if (from != nullptr && !start.fork && !start.uid_is_running) {
    // The job goes on under another record: its metadata is lost, or it was moved.
    identity.uid = from->uid();
    *identity.checkpoints.mutable_lineages() = from->lineages();
  } else {
    identity.uid = recorded_bytes(start.new_uid);
    identity.drop_staged = from != nullptr;
    *identity.checkpoints.mutable_lineages() = LineageHistory(start.new_lineage).encode();
    identity.checkpoints.set_ids_below(1);
    identity.new_lineage = true;
    return identity;
  }

  cluster::CheckpointRecord& checkpoints = identity.checkpoints;
  checkpoints.set_ids_below(std::max<std::uint64_t>(
      {1, checkpoints.ids_below(), from == nullptr ? 0 : from->checkpoint() + 1}));
  if (from == nullptr) {
    if (checkpoints.lineages().lineages().empty()) {
      *checkpoints.mutable_lineages() = LineageHistory(start.new_lineage).encode();
      identity.new_lineage = true;
    }
    return identity;
  }
  const auto& of_manifest = from->lineages().lineages();
  if (of_manifest.empty())
    return fail(ErrorCode::S471, "the manifest of checkpoint {} has no lineage",
                from->checkpoint());
  const checkpoint::Lineage& parent = of_manifest[of_manifest.size() - 1];
  if (own && checkpoints.has_taken_over() && !checkpoints.completed().empty() &&
      is_same_point(checkpoints.taken_over(), parent, from->checkpoint())) {
    identity.has_taken_over = true;
    return identity;
  }
  checkpoints.mutable_taken_over()->set_lineage_high(parent.id_high());
  checkpoints.mutable_taken_over()->set_lineage_low(parent.id_low());
  checkpoints.mutable_taken_over()->set_checkpoint(from->checkpoint());
  // A restore begins a new run: an earlier stop is over.
  checkpoints.set_stop(cluster::GO_ON);
  checkpoints.set_last(0);
  const auto& completed = checkpoints.completed();
  if (own && !completed.empty()) {
    const cluster::CompletedCheckpoint& newest = completed[completed.size() - 1];
    // A copy of the newest: nothing was ever published beyond it.
    if (newest.id() == from->checkpoint() && same_lineage(parent, newest)) return identity;
  }
  LineageHistory history = TRY(LineageHistory::decode(checkpoints.lineages()));
  TRY(history.branch(start.new_lineage, {parent.id_high(), parent.id_low()}, {from->checkpoint()}));
  *checkpoints.mutable_lineages() = history.encode();
  identity.new_lineage = true;
  return identity;
}

void take_over(JobIdentity& identity, std::uint64_t term, std::uint32_t attempt,
               checkpoint::Manifest& manifest) {
  const std::uint64_t id = identity.checkpoints.ids_below();
  identity.checkpoints.set_ids_below(id + 1);
  manifest.set_kind(checkpoint::CHECKPOINT);
  manifest.clear_carries_staged();
  manifest.set_uid(identity.uid);
  *manifest.mutable_lineages() = identity.checkpoints.lineages();
  manifest.set_checkpoint(id);
  manifest.set_term(term);
  manifest.set_attempt(attempt);
  if (!identity.drop_staged) return;
  manifest.clear_sinks();
  for (checkpoint::TaskSnapshot& task : *manifest.mutable_tasks()) task.clear_sinks();
}

}  // namespace tributary
