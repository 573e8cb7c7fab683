// checkpoint/keyed_state.h
// The interface of keyed state: what survives, seen by operators. The tiered store implements it
// (tiered_store.h), with or without a store on disk; neither shows here.
//
// Decides: the shape of access. Value entries are fetched for a whole batch by one virtual call and
// are stable until the next fetch or the end of the task's turn; map elements and timers are
// reached one by one or by ordered scan with a cursor. Thread: the slot's only. Nothing observable
// depends on table order or on what is in memory: scans go by key bytes, key iteration by key group
// and key bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/timestamp.h"
#include "base/type_info.h"

namespace tributary {

// One address in a state: the key's canonical bytes (base/key_codec.h), its hash, and a namespace
// (a window; may be empty).
struct StateKey {
  std::uint64_t hash = 0;
  std::string_view key;
  std::string_view name_space;
};

// A decoded value with the bytes it refers to. `value` is a record of the state's type. Changed in
// place by the operator through ValueState::assign or, for types without references, directly.
struct StateEntry {
  void* value = nullptr;
  bool present = false;
};

// Value state: one value per key and namespace.
class ValueState {
 public:
  virtual ~ValueState() = default;
  // Resolves all keys of a batch at once; entries[i] is for keys[i]; equal keys give the same
  // entry. Entries stay valid and in place until the next fetch() of this state or the end of the
  // task's turn (a barrier or an eviction may follow it); a cleared one may be set again before
  // that. An absent entry's value holds the defaults of its type. What is not in memory is read
  // from disk meanwhile.
  virtual void fetch(std::span<const StateKey> keys, std::span<StateEntry*> entries) = 0;
  // Whether fetch() of these keys would not have to read from disk. If not, the reading has begun,
  // and `on_ready` is called once on this thread, between two turns: rule 40, the batch is parked
  // until then. A later fetch() is right in any case.
  virtual bool prefetch(std::span<const StateKey> keys, std::function<void()> on_ready) = 0;
  // Copies `value` with what it refers to into the entry; present afterwards. `value` may alias the
  // entry.
  virtual void assign(StateEntry& entry, const void* value) = 0;
  // The value was changed in place (types without references), or made present: must be told, once
  // per change.
  virtual void touch(StateEntry& entry) = 0;
  virtual void clear(StateEntry& entry) = 0;
};

// An element of an ordered map; views are valid until the next call.
struct MapElement {
  std::string_view map_key;  // canonical bytes
  const void* value = nullptr;
};

// Map state: per key and namespace an ordered map from canonical key bytes to values, element by
// element. List state is a map from the element's index (8 bytes big endian) to the element.
class MapState {
 public:
  virtual ~MapState() = default;
  // Null if absent; valid until the next call on this state.
  virtual const void* get(const StateKey& key, std::string_view map_key) = 0;
  virtual void put(const StateKey& key, std::string_view map_key, const void* value) = 0;
  virtual bool erase(const StateKey& key, std::string_view map_key) = 0;
  // Up to `limit` elements with map key >= `from`, in order; `visit` returns false to stop, and
  // must not change this state. Returns the map key to go on from, or nullopt at the end. The
  // cursor stays right when elements are added or removed between calls: it is the least key above
  // the last one visited.
  virtual std::optional<std::string> scan_from(
      const StateKey& key, std::string_view from, std::size_t limit,
      const std::function<bool(const MapElement&)>& visit) = 0;
  virtual std::size_t size(const StateKey& key) = 0;
  virtual void clear(const StateKey& key) = 0;
};

// The two clocks of timers.
enum class TimeDomain : std::uint8_t { kEvent, kProcessing };

struct Timer {
  Timestamp at;
  std::uint64_t key_hash = 0;
  std::string key;
  std::string name_space;
  std::string name;
};

// Timers in total order: (time, key group, key bytes, namespace, name). One timer per (key,
// namespace, name, time).
class TimerStore {
 public:
  virtual ~TimerStore() = default;
  virtual void set(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at) = 0;
  virtual void cancel(TimeDomain domain, const StateKey& key, std::string_view name,
                      Timestamp at) = 0;
  // The earliest timer, without removing it.
  virtual std::optional<Timestamp> earliest(TimeDomain domain) const = 0;
  // Removes and returns the first timer with time <= now.
  virtual std::optional<Timer> pop_due(TimeDomain domain, Timestamp now) = 0;
  virtual std::size_t size(TimeDomain domain) const = 0;
};

struct StateDescriptor {
  std::string name;  // unique in the operator
  const TypeInfo* key_type = nullptr;
  const TypeInfo* value_type = nullptr;
  const TypeInfo* map_key_type = nullptr;  // map state
  // Values and elements are absent once they have not been written for so long, counted on the
  // event-time clock of their key group or, by choice, on processing time. Zero: never.
  Duration ttl;
  TimeDomain ttl_clock = TimeDomain::kEvent;
};

// All keyed state of one operator in one task.
class KeyedState {
 public:
  virtual ~KeyedState() = default;
  // The same handle for the same name; another kind or type under a known name is an error. Handles
  // live as long as this object.
  virtual Result<ValueState*> value(const StateDescriptor& descriptor) = 0;
  virtual Result<MapState*> map(const StateDescriptor& descriptor) = 0;
  virtual TimerStore& timers() = 0;
  // The event-time clock of the key group of this key: the task's, or what the group had seen
  // elsewhere before it came here, if that is later (rule 32). Lateness counts on it.
  virtual Timestamp event_time(std::uint64_t key_hash) const = 0;
  // The latest of all groups here; no group is ahead of a task that has reached it.
  virtual Timestamp latest_event_time() const = 0;
  // Iterates over the addresses (key and namespace) that hold any value or map element, each once,
  // in the order of key group, key bytes and namespace. Resumably: visits up to `limit` from
  // position `from` (empty at first) and returns the next position, or nullopt at the end; a
  // position stays right whatever changes in between, and across a restore. `visit` may change
  // state; a key that gets its first state meanwhile may be visited or not. For wake_keys.
  virtual std::optional<std::string> keys_from(
      std::string_view from, std::size_t limit,
      const std::function<void(const StateKey&)>& visit) = 0;
  virtual std::size_t bytes() const = 0;
  // Whether some of it may be on disk alone: if not, no fetch reads, and prefetch() is needless.
  virtual bool may_miss() const = 0;
};

}  // namespace tributary
