#include "checkpoint/memory_state.h"

#include <algorithm>

#include "base/error.h"

namespace tributary {
namespace {

std::string described(bool is_map, const Schema& value, const std::optional<Schema>& map_key) {
  if (!is_map) return fmt::format("a value {}", value.root().to_string());
  return fmt::format("a map from {} to {}", map_key ? map_key->root().to_string() : "bytes",
                     value.root().to_string());
}

}  // namespace

MemoryKeyedState::MemoryKeyedState(std::uint32_t key_group_count) : timers_(key_group_count) {
  TRIBUTARY_CHECK(key_group_count >= 1 && key_group_count <= kKeyGroupCountMax, "{} key groups",
                  key_group_count);
}

MemoryKeyedState::~MemoryKeyedState() = default;

Result<MemoryKeyedState::State*> MemoryKeyedState::state(const StateDescriptor& descriptor,
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
  auto made = std::make_unique<State>();
  made->name = descriptor.name;
  made->value_schema = std::move(value);
  made->map_key_schema = std::move(map_key);
  if (is_map)
    made->map = std::make_unique<MemoryMapState>(*descriptor.value_type, order_);
  else
    made->values = std::make_unique<MemoryValueTable>(*descriptor.value_type, order_);
  states_.push_back(std::move(made));
  return states_.back().get();
}

Result<ValueState*> MemoryKeyedState::value(const StateDescriptor& descriptor) {
  return TRY(state(descriptor, false))->values.get();
}

Result<MapState*> MemoryKeyedState::map(const StateDescriptor& descriptor) {
  return TRY(state(descriptor, true))->map.get();
}

const MemoryKeyTable::Entry* MemoryKeyedState::next_key(std::uint64_t from) const {
  const MemoryKeyTable::Entry* entry = order_.next(from);
  // An address in several states is visited where its oldest one stands.
  const auto is_oldest = [&] {
    return states_.size() == 1 || std::ranges::all_of(states_, [&](const auto& state) {
             const MemoryKeyTable::Entry* other = state->keys().find(entry->state_key());
             return other == nullptr || other->sequence == 0 || other->sequence >= entry->sequence;
           });
  };
  while (entry != nullptr && !is_oldest()) entry = order_.next(entry->sequence + 1);
  return entry;
}

std::optional<std::uint64_t> MemoryKeyedState::keys_from(
    std::uint64_t from, std::size_t limit, const std::function<void(const StateKey&)>& visit) {
  // Copies: the visitor may change state, and with it the entry.
  std::string key;
  std::string name_space;
  const MemoryKeyTable::Entry* entry = next_key(from);
  for (std::size_t visited = 0; entry != nullptr && visited < limit; ++visited) {
    const std::uint64_t sequence = entry->sequence;
    const StateKey address = entry->state_key();
    key.assign(address.key);
    name_space.assign(address.name_space);
    visit({address.hash, key, name_space});
    entry = next_key(sequence + 1);
  }
  if (entry == nullptr) return std::nullopt;
  return entry->sequence;
}

std::size_t MemoryKeyedState::bytes() const {
  std::size_t total = order_.bytes() + timers_.bytes();
  for (const auto& state : states_)
    total += state->values != nullptr ? state->values->bytes() : state->map->bytes();
  return total;
}

}  // namespace tributary
