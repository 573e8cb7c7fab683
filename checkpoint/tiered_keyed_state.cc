#include "checkpoint/tiered_keyed_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"

namespace tributary {
namespace {

std::string described(bool is_map, const Schema& value, const std::optional<Schema>& map_key) {
  if (!is_map) return fmt::format("a value {}", value.root().to_string());
  return fmt::format("a map from {} to {}", map_key ? map_key->root().to_string() : "bytes",
                     value.root().to_string());
}

// A position of keys_from is an entry's key of state 0.
constexpr StateId kPositionId{0};
constexpr std::size_t kHeadBytes = 4;

}  // namespace

TieredKeyedState::TieredKeyedState(TieredShared& shared, TieredCatalog& catalog, GroupRange groups,
                                   std::string operator_name, StateId timers_id)
    : shared_(shared),
      catalog_(catalog),
      groups_(groups),
      operator_name_(std::move(operator_name)),
      timers_id_(timers_id),
      timers_(shared, timers_id) {}

Result<TieredKeyedState::State*> TieredKeyedState::state(const StateDescriptor& descriptor,
                                                         bool is_map) {
  if (descriptor.value_type == nullptr || descriptor.name.empty())
    return fail(ErrorCode::S403, "state \"{}\" is declared without a {}", descriptor.name,
                descriptor.name.empty() ? "name" : "type of its values");
  Schema value = schema_of(*descriptor.value_type);
  std::optional<Schema> map_key;
  if (is_map && descriptor.map_key_type != nullptr) map_key = schema_of(*descriptor.map_key_type);
  const auto known = std::ranges::find(states_, descriptor.name, &State::name);
  if (known != states_.end()) {
    const State& other = **known;
    if ((other.map != nullptr) == is_map && other.value_schema == value &&
        other.map_key_schema == map_key)
      return known->get();
    return fail(ErrorCode::S403, "state \"{}\" is declared as {} and as {}", descriptor.name,
                described(other.map != nullptr, other.value_schema, other.map_key_schema),
                described(is_map, value, map_key));
  }
  if (restored_ && catalog_.has(operator_name_, descriptor.name))
    return fail(ErrorCode::S432, "state \"{}\" of {} is declared after the restore that has it",
                descriptor.name, operator_name_);
  const checkpoint::StateInCatalog& entry = *TRY(catalog_.declare(
      operator_name_, is_map ? checkpoint::StateInCatalog::MAP : checkpoint::StateInCatalog::VALUE,
      descriptor));
  auto made = std::make_unique<State>();
  made->name = descriptor.name;
  made->value_schema = std::move(value);
  made->map_key_schema = std::move(map_key);
  made->id = {static_cast<std::uint16_t>(entry.state_id())};
  const TieredCells::Spec spec{.id = made->id,
                               .name = descriptor.name,
                               .type = descriptor.value_type,
                               .ttl = descriptor.ttl,
                               .ttl_clock = descriptor.ttl_clock};
  if (is_map)
    made->map = std::make_unique<TieredMap>(shared_, spec);
  else
    made->values = std::make_unique<TieredValues>(shared_, spec);
  TieredCells& cells = is_map ? made->map->elements() : made->values->cells();
  const std::vector<Schema> schemas = TRY(value_schemas_of(entry));
  TRY(cells.set_schemas(schemas));
  states_.push_back(std::move(made));
  return states_.back().get();
}

Result<ValueState*> TieredKeyedState::value(const StateDescriptor& descriptor) {
  return TRY(state(descriptor, false))->values.get();
}

Result<MapState*> TieredKeyedState::map(const StateDescriptor& descriptor) {
  return TRY(state(descriptor, true))->map.get();
}

void TieredKeyedState::collect(KeyGroup group) {
  walk_group_ = group;
  walk_.clear();
  for (const auto& state : states_) {
    TieredCells& cells = state->heads();
    cells.table().for_each_in_group_unordered(group, [&](TieredCells::Entry& entry) {
      if (TieredCells::cell_of(entry).present)
        append_entry_key(group, kPositionId, entry.key(), entry.name_space(), walk_.emplace_back());
    });
    if (!shared_.backing->holds_any()) continue;
    std::string prefix;
    append_state_prefix(group, state->id, prefix);
    const Status status = shared_.backing->scan(
        prefix, end_of_prefix(prefix), [&](std::string_view lsm_key, std::string_view) {
          const auto address = parse_entry_key(lsm_key);
          if (!address) return true;
          // What is in memory is newer.
          const StateKey key{xxh3_64(address->key), address->key, address->name_space};
          if (cells.table().find(key) == nullptr)
            append_entry_key(group, kPositionId, key.key, key.name_space, walk_.emplace_back());
          return true;
        });
    if (!status) shared_.fail_with(Error(status.error()));
  }
  if (shared_.hazards.keys_in_table_order) {
    std::set<std::string> seen;
    std::erase_if(walk_, [&](const std::string& one) { return !seen.insert(one).second; });
    return;
  }
  std::ranges::sort(walk_);
  const auto same = std::ranges::unique(walk_);
  walk_.erase(same.begin(), same.end());
}

std::optional<std::string> TieredKeyedState::keys_from(
    std::string_view from, std::size_t limit, const std::function<void(const StateKey&)>& visit) {
  const auto head = head_of(from);
  std::uint32_t group = head ? head->group.value : groups_.begin;
  const bool goes_on = walk_group_ && walk_group_->value == group && from > walk_from_;
  if (!goes_on && group < groups_.end) collect({static_cast<std::uint16_t>(group)});
  walk_from_.assign(from);
  std::size_t visited = 0;
  while (group < groups_.end) {
    // From where it stopped; a plain search, because a planted bug leaves them unsorted.
    auto at = shared_.hazards.keys_in_table_order ? std::ranges::find(walk_, from)
                                                  : std::ranges::lower_bound(walk_, from);
    if (at == walk_.end() && shared_.hazards.keys_in_table_order) at = walk_.begin();
    for (; at != walk_.end(); ++at) {
      if (visited == limit) return *at;
      const LsmAddress address = *parse_entry_key(*at);
      const StateKey key{xxh3_64(address.key), address.key, address.name_space};
      const bool held =
          std::ranges::any_of(states_, [&](const auto& state) { return state->holds(key); });
      if (!held) continue;
      ++visited;
      visit(key);
    }
    if (++group < groups_.end) collect({static_cast<std::uint16_t>(group)});
  }
  walk_group_.reset();
  return std::nullopt;
}

std::size_t TieredKeyedState::bytes() const {
  std::size_t total = timers_.bytes();
  for (const auto& state : states_)
    total += state->values != nullptr ? state->values->cells().bytes() : state->map->bytes();
  return total;
}

void TieredKeyedState::for_each_cells(const std::function<void(TieredCells&)>& visit) {
  for (const auto& state : states_) {
    if (state->map != nullptr) visit(state->map->elements());
    visit(state->heads());
  }
}

void TieredKeyedState::end_batch() {
  for (const auto& state : states_)
    if (state->values != nullptr) state->values->end_batch();
}

Result<TieredKeyedState::Restored> TieredKeyedState::restore(const DeltaRecord& record) {
  const StateId id = head_of(record.key)->state;
  const auto damaged = [&] {
    return fail(ErrorCode::S431, "a delta has a key of state {} that no key has", id.value);
  };
  if (id == timers_id_) {
    const auto timer = parse_timer_key(record.key);
    if (!timer) return damaged();
    timers_.restore(*timer, record.kind == DeltaKind::kPut);
    return Restored::kInMemory;
  }
  const auto found = std::ranges::find_if(states_, [&](const auto& state) {
    return state->id == id || (state->map != nullptr && state->id.value + 1 == id.value);
  });
  if (found == states_.end()) return Restored::kNotMine;
  State& state = **found;
  const auto address = parse_entry_key(record.key);
  if (!address) return damaged();
  const StateKey key{xxh3_64(address->key), address->key, address->name_space};
  if (record.kind == DeltaKind::kDeletePrefix) {
    if (state.map != nullptr) state.map->restore_cleared(key);
    return Restored::kToStore;
  }
  std::optional<std::string_view> stored;
  if (record.kind == DeltaKind::kPut) stored = record.value;
  const bool stays = !record.dropped || !shared_.backing->exists();
  if (state.map != nullptr && state.id.value + 1 == id.value)
    return state.map->restore_element(key, address->map_key, stored, stays) ? Restored::kInMemory
                                                                            : Restored::kToStore;
  // Heads stay, for the elements that come after them.
  if (state.map != nullptr)
    return state.map->restore_head(key, stored, true) ? Restored::kInMemory : Restored::kToStore;
  return state.values->restore(key, stored, stays) ? Restored::kInMemory : Restored::kToStore;
}

}  // namespace tributary
