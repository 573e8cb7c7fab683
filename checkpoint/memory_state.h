// checkpoint/memory_state.h
// All keyed state of one operator in one task, in memory alone: for unit tests and for jobs that
// keep no checkpoint. It is the tiered store with nothing below it and no snapshots.
//
// Owner: the operator's task; its slot's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/tiered_store.h"

namespace tributary {

class MemoryKeyedState final : public KeyedState {
 public:
  // `key_group_count` in [1, kKeyGroupCountMax]: it orders timers and keys.
  explicit MemoryKeyedState(std::uint32_t key_group_count = kKeyGroupCountDefault);

  Result<ValueState*> value(const StateDescriptor& descriptor) override {
    return state_.value(descriptor);
  }
  Result<MapState*> map(const StateDescriptor& descriptor) override {
    return state_.map(descriptor);
  }
  TimerStore& timers() override { return state_.timers(); }
  Timestamp event_time(std::uint64_t key_hash) const override {
    return state_.event_time(key_hash);
  }
  Timestamp latest_event_time() const override { return state_.latest_event_time(); }
  std::optional<std::string> keys_from(std::string_view from, std::size_t limit,
                                       const std::function<void(const StateKey&)>& visit) override {
    return state_.keys_from(from, limit, visit);
  }
  std::size_t bytes() const override { return state_.bytes(); }
  bool may_miss() const override { return false; }

 private:
  TieredStore store_;
  KeyedState& state_;
};

}  // namespace tributary
