// The handles of processes: declaring them, and the map, list and broadcast state behind them.
#include <cstring>
#include <map>
#include <utility>

#include <tributary/internal/process_core.h>

#include "operators/broadcast_table.h"

namespace tributary::internal {
namespace {

// Elements of one scan that are copied at a time at most, whatever the author asks for.
constexpr std::size_t kScanMax = 4096;

// The canonical bytes of a map key, in the slot's scratch.
std::string_view encoded(StateSlot& slot, const void* map_key) {
  slot.map_key.clear();
  slot.map_codec->encode(map_key, slot.map_key);
  return slot.map_key;
}

MapState& state_of(StateSlot& slot) {
  if (slot.core == nullptr || slot.map == nullptr) used_outside_a_call(slot);
  return *slot.map;
}

}  // namespace

ProcessBase::ProcessBase() = default;
ProcessBase::~ProcessBase() = default;

StateSlot* ProcessBase::declare(SlotKind kind, std::string_view name, const TypeInfo& value,
                                const TypeInfo* map_key, std::optional<Ttl> expires) {
  auto slot = std::make_unique<StateSlot>();
  slot->kind = kind;
  slot->name = name;
  slot->value_type = &value;
  slot->map_key_type = map_key;
  slot->expires = expires;
  if (map_key != nullptr) slot->map_codec = std::make_unique<KeyCodec>(*map_key);
  if (kind == SlotKind::kBroadcast)
    slot->broadcast = std::make_unique<BroadcastTable>(value, *map_key);
  slots_.push_back(std::move(slot));
  return slots_.back().get();
}

StateSlot::StateSlot() = default;
StateSlot::~StateSlot() = default;

void used_outside_a_call(const StateSlot& slot) {
  TRIBUTARY_CHECK(
      false,
      "state \"{}\" is used where there is no key: use it in on_record, on_timer and on_wake only",
      slot.name);
  std::unreachable();
}

std::vector<StateDeclaration> declared_states(ProcessBase& prototype, const TypeInfo& key_type) {
  std::vector<StateDeclaration> states;
  for (const auto& slot : prototype.slots()) {
    StateDeclaration declared{.name = slot->name,
                              .kind = {},
                              .key = nullptr,
                              .value = slot->value_type,
                              .expires = slot->expires};
    switch (slot->kind) {
      case SlotKind::kValue:
        declared.kind = "value";
        declared.key = &key_type;
        break;
      case SlotKind::kMap:
        declared.kind = "map";
        declared.key = slot->map_key_type;
        break;
      case SlotKind::kList:
        declared.kind = "list";
        declared.key = &key_type;
        break;
      case SlotKind::kBroadcast:
        declared.kind = "broadcast";
        declared.key = slot->map_key_type;
        break;
    }
    states.push_back(std::move(declared));
  }
  return states;
}

Status check_ttls(ProcessBase& prototype, std::string_view process) {
  for (const auto& slot : prototype.slots()) {
    if (!slot->expires || slot->expires->after > Duration{}) continue;
    return std::unexpected(
        Error(ErrorCode::G317,
              fmt::format("state \"{}\" of {} has a time to live of {}", slot->name, process,
                          format_duration(slot->expires->after)),
              "give it one that is longer than nothing, or none"));
  }
  return {};
}

void ProcessCore::clear(StateSlot& slot) {
  StateEntry& found = entry(slot);
  if (!found.present) return;
  slot.values->clear(found);
  slot.stale = true;
}

const void* map_get(StateSlot& slot, const void* map_key) {
  MapState& state = state_of(slot);
  return state.get(slot.core->address(), encoded(slot, map_key));
}

void map_put(StateSlot& slot, const void* map_key, const void* value) {
  MapState& state = state_of(slot);
  state.put(slot.core->address(), encoded(slot, map_key), value);
}

bool map_erase(StateSlot& slot, const void* map_key) {
  MapState& state = state_of(slot);
  return state.erase(slot.core->address(), encoded(slot, map_key));
}

void map_clear(StateSlot& slot) { state_of(slot).clear(slot.core->address()); }
std::size_t map_size(StateSlot& slot) { return state_of(slot).size(slot.core->address()); }

std::string map_cursor(StateSlot& slot, const void* map_key) {
  return std::string(encoded(slot, map_key));
}

std::optional<std::string> map_scan(
    StateSlot& slot, std::string_view cursor, std::size_t limit,
    const std::function<bool(const void* map_key, const void* value)>& visit) {
  MapState& state = state_of(slot);
  struct Copied {
    std::string key_bytes;
    char* key;
    char* value;
  };
  Arena arena;
  std::vector<Copied> elements;
  std::optional<std::string> next = state.scan_from(
      slot.core->address(), cursor, std::min(limit, kScanMax), [&](const MapElement& element) {
        Copied copied{.key_bytes = std::string(element.map_key),
                      .key = arena.allocate(slot.map_key_type->size, 16),
                      .value = arena.allocate(slot.value_type->size, 16)};
        std::string_view bytes = element.map_key;
        const Status decoded = slot.map_codec->decode(bytes, copied.key, arena);
        TRIBUTARY_CHECK(decoded.has_value(), "state {}: {}", slot.name, decoded.error().what());
        if (slot.value_type->has_references) {
          deep_copy(*slot.value_type, element.value, copied.value, arena);
        } else {
          std::memcpy(copied.value, element.value, slot.value_type->size);
        }
        elements.push_back(std::move(copied));
        return true;
      });
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (visit(elements[i].key, elements[i].value)) continue;
    return i + 1 < elements.size() ? std::optional(std::move(elements[i + 1].key_bytes)) : next;
  }
  return next;
}

namespace {

// Where the list begins. What has expired is a run at its front, which the scan takes away.
std::uint64_t list_front(StateSlot& slot) {
  std::uint64_t front = 0;
  if (!slot.expires) return front;
  state_of(slot).scan_from(slot.core->address(), {}, 1, [&](const MapElement& first) {
    Arena none;
    std::string_view bytes = first.map_key;
    const Status decoded = slot.map_codec->decode(bytes, &front, none);
    TRIBUTARY_CHECK(decoded.has_value(), "list {}: {}", slot.name, decoded.error().what());
    return true;
  });
  return front;
}

}  // namespace

std::size_t list_size(StateSlot& slot) {
  list_front(slot);
  return map_size(slot);
}

void list_append(StateSlot& slot, const void* value) {
  MapState& state = state_of(slot);
  std::uint64_t index = list_front(slot) + state.size(slot.core->address());
  // A clock that went back may have left holes: what is behind them stays.
  while (slot.expires && state.get(slot.core->address(), encoded(slot, &index)) != nullptr) ++index;
  state.put(slot.core->address(), encoded(slot, &index), value);
}

const void* list_at(StateSlot& slot, std::uint64_t index) {
  MapState& state = state_of(slot);
  const std::uint64_t at = list_front(slot) + index;
  const void* found = state.get(slot.core->address(), encoded(slot, &at));
  TRIBUTARY_CHECK(found != nullptr, "list {} has no element {}", slot.name, index);
  return found;
}

void list_for_each(StateSlot& slot, const std::function<void(const void* value)>& visit) {
  if (!slot.expires) {
    const std::size_t count = map_size(slot);
    for (std::uint64_t i = 0; i < count; ++i) visit(list_at(slot, i));
    return;
  }
  std::optional<std::string> cursor("");
  while (cursor) {
    cursor = map_scan(slot, *cursor, kScanMax, [&visit](const void*, const void* value) {
      visit(value);
      return true;
    });
  }
}

const void* broadcast_get(const StateSlot& slot, const void* map_key) {
  return slot.broadcast->get(map_key);
}
void broadcast_put(StateSlot& slot, const void* map_key, const void* value) {
  slot.broadcast->put(map_key, value);
}
bool broadcast_erase(StateSlot& slot, const void* map_key) {
  return slot.broadcast->erase(map_key);
}
std::size_t broadcast_size(const StateSlot& slot) { return slot.broadcast->size(); }
void broadcast_for_each(const StateSlot& slot,
                        const std::function<void(const void* map_key, const void* value)>& visit) {
  slot.broadcast->for_each(visit);
}

}  // namespace tributary::internal
