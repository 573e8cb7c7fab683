// checkpoint/tiered_shared.h
// What the states of one task share: epochs, clocks, the chain of deltas, the working store, and
// the first failure.
//
// Owner: TieredStore; its slot's thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/state_hazards.h"
#include "checkpoint/tiered_backing.h"
#include "checkpoint/tiered_chain.h"

namespace tributary {

// The event-time clock of each key group: the task's, but never before the group's own, which moves
// with it (rule 32).
class GroupClocks {
 public:
  explicit GroupClocks(std::uint32_t key_group_count) : key_group_count_(key_group_count) {}

  Timestamp task() const { return task_; }
  void advance(Timestamp to) {
    task_ = std::max(task_, to);
    if (to < Timestamp::max()) last_ = std::max(last_, to);
  }
  Timestamp of(KeyGroup group) const {
    return floors_.empty() ? task_ : std::max(task_, floors_[group.value]);
  }
  // What state expires by: at the end of event time it stands where it was, for timers that fire
  // then find what they were set for.
  Timestamp for_expiry(KeyGroup group) const {
    const Timestamp floor = floors_.empty() ? Timestamp::min() : floors_[group.value];
    return floor < Timestamp::max() ? std::max(last_, floor) : last_;
  }
  Timestamp latest() const { return std::max(task_, highest_floor_); }
  void raise(KeyGroup group, Timestamp to) {
    highest_floor_ = std::max(highest_floor_, to);
    if (floors_.empty()) floors_.assign(key_group_count_, Timestamp::min());
    floors_[group.value] = std::max(floors_[group.value], to);
  }

 private:
  const std::uint32_t key_group_count_;
  Timestamp task_ = Timestamp::min();
  Timestamp last_ = Timestamp::min();  // of task_ before its end
  Timestamp highest_floor_ = Timestamp::min();
  std::vector<Timestamp> floors_;
};

struct TieredShared {
  std::uint32_t key_group_count = kKeyGroupCountDefault;
  // Of the chain; 0 where there are no snapshots, so that nothing is ever noted as changed.
  std::uint32_t epoch = 0;
  TieredChain* chain = nullptr;
  TieredBacking* backing = nullptr;
  const Clock* clock = nullptr;  // for what expires by processing time; may be null
  GroupClocks clocks;
  std::uint64_t table_order = 0;  // MemoryKeyTable
  StateHazards hazards;
  // The first failure of a read or write. From then on answers may be wrong: the task must fail.
  Status status;

  KeyGroup group_of(std::uint64_t key_hash) const {
    return key_group_of(key_hash, key_group_count);
  }
  void fail_with(Error error) {
    if (status) status = std::unexpected(std::move(error));
  }
};

}  // namespace tributary
