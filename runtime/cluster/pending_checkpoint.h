// runtime/cluster/pending_checkpoint.h
// One checkpoint between its trigger and its commit: who has answered, what they said, and the
// manifest that comes of it.
//
// Owner: CheckpointCoordinator. Pure. Invariant: complete only when every task of the attempt has
// answered for this id (rule 15: finished ones too).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cluster/checkpoint_events.h"

namespace tributary {

class PendingCheckpoint {
 public:
  enum class Phase : std::uint8_t {
    kCollecting,  // answers of tasks
    kWriting,     // the manifest
    kCommitting,  // the record: whether it is complete is not known, so it cannot be aborted
  };
  struct Plan {
    CheckpointId id;
    CheckpointId base;
    std::uint32_t attempt = 0;
    cluster::StopMode stop = cluster::GO_ON;
    Timestamp triggered_at{};
    // At the trigger: a gate that was open then was open at every barrier, and the table is the one
    // before any change (rules 44, 63).
    std::vector<checkpoint::GateSnapshot> gates;
    std::uint64_t routing_version = 1;
    std::vector<checkpoint::StageRouting> routing;
  };
  PendingCheckpoint(Plan plan, const std::vector<TaskId>& tasks);

  const Plan& plan() const { return plan_; }
  Phase phase() const { return phase_; }
  void set_phase(Phase phase) { phase_ = phase; }

  // Counts an answer; one that was counted or is of a task that is not waited for is ignored.
  void add(const checkpoint_event::TaskAcked& ack);
  bool all_answered() const { return waiting_.empty(); }
  bool all_unchanged() const { return all_answered() && snapshots_.empty(); }
  // "2 of 5 tasks did not answer: stage 1 task 0, …"
  std::string missing() const;

  using Key = std::pair<std::uint32_t, std::uint32_t>;  // stage, task
  using Snapshots = std::map<Key, checkpoint::TaskSnapshot>;

  // Takes from `base` the snapshots of the tasks that are unchanged. S418 if one is not there, or
  // if copies of a broadcast state differ (rule 43).
  Status join(const Snapshots& base);
  const Snapshots& snapshots() const { return snapshots_; }

 private:
  const Plan plan_;
  Phase phase_ = Phase::kCollecting;
  std::size_t tasks_ = 0;
  std::set<Key> waiting_;
  std::set<Key> unchanged_;
  Snapshots snapshots_;
};

}  // namespace tributary
