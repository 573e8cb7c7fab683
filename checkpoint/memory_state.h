// checkpoint/memory_state.h
// All keyed state of one operator in one task, over plain memory: for unit tests and for jobs that
// keep no checkpoint.
//
// Owner: the operator's task; its slot's thread only. Invariant: a state name has one kind and one
// pair of types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.h"
#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/memory_key_order.h"
#include "checkpoint/memory_map_state.h"
#include "checkpoint/memory_timers.h"
#include "checkpoint/memory_value_table.h"

namespace tributary {

class MemoryKeyedState final : public KeyedState {
 public:
  // `key_group_count` in [1, kKeyGroupCountMax]: it orders timers.
  explicit MemoryKeyedState(std::uint32_t key_group_count = kKeyGroupCountDefault);
  ~MemoryKeyedState() override;

  Result<ValueState*> value(const StateDescriptor& descriptor) override;
  Result<MapState*> map(const StateDescriptor& descriptor) override;
  TimerStore& timers() override { return timers_; }
  std::optional<std::uint64_t> keys_from(
      std::uint64_t from, std::size_t limit,
      const std::function<void(const StateKey&)>& visit) override;
  std::size_t bytes() const override;

 private:
  // Either values or a map.
  struct State {
    std::string name;
    Schema value_schema;
    std::optional<Schema> map_key_schema;
    std::unique_ptr<MemoryValueTable> values;
    std::unique_ptr<MemoryMapState> map;

    const MemoryKeyTable& keys() const { return values != nullptr ? values->keys() : map->keys(); }
  };
  // The state of this name, made if there is none; an error if it is of another kind or type.
  Result<State*> state(const StateDescriptor& descriptor, bool is_map);
  // The first address at or after `from` in the order of first insertion, or null.
  const MemoryKeyTable::Entry* next_key(std::uint64_t from) const;

  MemoryKeyOrder order_;
  std::vector<std::unique_ptr<State>> states_;
  MemoryTimers timers_;
};

}  // namespace tributary
