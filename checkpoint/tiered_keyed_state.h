// checkpoint/tiered_keyed_state.h
// All keyed state of one operator in one task: its values, maps and timers, over what the task
// shares.
//
// Owner: TieredStore; its slot's thread only. Invariant: a state name has one kind and one pair of
// types.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/state_layers.h"
#include "checkpoint/tiered_catalog.h"
#include "checkpoint/tiered_map.h"
#include "checkpoint/tiered_timers.h"
#include "checkpoint/tiered_values.h"

namespace tributary {

class TieredKeyedState final : public KeyedState {
 public:
  // `timers_id` is the id of its timers.
  TieredKeyedState(TieredShared& shared, TieredCatalog& catalog, GroupRange groups,
                   std::string operator_name, StateId timers_id);

  Result<ValueState*> value(const StateDescriptor& descriptor) override;
  Result<MapState*> map(const StateDescriptor& descriptor) override;
  TimerStore& timers() override { return timers_; }
  Timestamp event_time(std::uint64_t key_hash) const override {
    return shared_.clocks.of(shared_.group_of(key_hash));
  }
  Timestamp latest_event_time() const override { return shared_.clocks.latest(); }
  std::optional<std::string> keys_from(std::string_view from, std::size_t limit,
                                       const std::function<void(const StateKey&)>& visit) override;
  std::size_t bytes() const override;
  bool may_miss() const override { return shared_.backing->holds_any(); }

  const std::string& operator_name() const { return operator_name_; }
  StateId timers_id() const { return timers_id_; }
  TieredTimers& tiered_timers() { return timers_; }
  // Of each state: of a map, elements and heads.
  void for_each_cells(const std::function<void(TieredCells&)>& visit);
  void end_batch();
  // From now on a state that the restored snapshot has cannot be declared any more.
  void end_restore() { restored_ = true; }

  // What a restore reads; false if it is of no state of this operator. `dropped` records of what is
  // not in memory are the caller's to write.
  enum class Restored : std::uint8_t { kNotMine, kInMemory, kToStore };
  Result<Restored> restore(const DeltaRecord& record);

 private:
  // Either values or a map.
  struct State {
    std::string name;
    Schema value_schema;
    std::optional<Schema> map_key_schema;
    StateId id;
    std::unique_ptr<TieredValues> values;
    std::unique_ptr<TieredMap> map;

    TieredCells& heads() { return values != nullptr ? values->cells() : map->heads(); }
    bool holds(const StateKey& key) {
      return values != nullptr ? values->holds(key) : map->holds(key);
    }
  };
  // The state of this name, made if there is none; an error if it is of another kind or type.
  Result<State*> state(const StateDescriptor& descriptor, bool is_map);
  // Brings the places of all keys of the group into walk_, in order.
  void collect(KeyGroup group);

  TieredShared& shared_;
  TieredCatalog& catalog_;
  const GroupRange groups_;
  const std::string operator_name_;
  const StateId timers_id_;
  bool restored_ = false;
  std::vector<std::unique_ptr<State>> states_;
  TieredTimers timers_;

  // The keys of one group, as positions of keys_from, while they are visited.
  std::optional<KeyGroup> walk_group_;
  std::vector<std::string> walk_;
  std::string walk_from_;  // the last position that was asked for
};

}  // namespace tributary
