// Handles of keyed state, members of a process class: each stands for the state of the key of the
// record at hand.
//
//   Value<Tally> total = value<Tally>("total");
//   MapOf<Text, Charge> charges = map<Text, Charge>("charges");
//   ListOf<Charge> waiting = list<Charge>("waiting");
//
// Names find the state again when a job is restored. What get() and the scans give is valid until
// the next change of that state or the end of the call; set and put copy.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tributary/internal/process_core.h>

#include "base/record.h"

namespace tributary {

template <typename T>
class Value {
 public:
  explicit Value(internal::StateSlot* slot) : slot_(slot) {}

  bool present() const { return entry().present; }
  explicit operator bool() const { return present(); }
  // The default value of T when absent.
  const T& get() const {
    const StateEntry& found = entry();
    return found.present ? *static_cast<const T*>(found.value) : internal::kDefaultValue<T>;
  }
  const T& operator*() const { return get(); }
  const T* operator->() const { return &get(); }

  void set(const T& value) { slot_->values->assign(entry(), &value); }
  // Changes it in place: total.update([&](Tally& t) { t.count += 1; }).
  template <std::invocable<T&> F>
  void update(F&& change) {
    StateEntry& found = entry();
    if constexpr (internal::kTypeInfo<T>.has_references) {
      T changed = get();
      change(changed);
      slot_->values->assign(found, &changed);
    } else {
      if (!found.present) *static_cast<T*>(found.value) = internal::kDefaultValue<T>;
      change(*static_cast<T*>(found.value));
      slot_->values->touch(found);
    }
  }
  void clear() { core().clear(*slot_); }

 private:
  internal::ProcessCore& core() const {
    if (slot_->core == nullptr) internal::used_outside_a_call(*slot_);
    return *slot_->core;
  }
  StateEntry& entry() const { return core().entry(*slot_); }

  internal::StateSlot* slot_;
};

// An ordered map, element by element: only what is touched is read and written.
template <typename MK, typename V>
class MapOf {
 public:
  explicit MapOf(internal::StateSlot* slot) : slot_(slot) {}

  // Null when absent.
  const V* get(const MK& key) const {
    return static_cast<const V*>(internal::map_get(*slot_, &key));
  }
  bool contains(const MK& key) const { return get(key) != nullptr; }
  void put(const MK& key, const V& value) { internal::map_put(*slot_, &key, &value); }
  bool erase(const MK& key) { return internal::map_erase(*slot_, &key); }
  void clear() { internal::map_clear(*slot_); }
  // Of a map that expires: with elements that have expired and that nobody has met since.
  std::size_t size() const { return internal::map_size(*slot_); }

  // Up to `limit` elements in the order of their keys from the cursor on (empty: from the first).
  // `visit(key, value)` may change the map, and may return false to stop. Returns the cursor to go
  // on from, nothing at the end; keep it as a Text of the state. It stays right when elements are
  // added or removed between calls.
  template <std::invocable<const MK&, const V&> F>
  std::optional<std::string> scan_from(std::string_view cursor, std::size_t limit, F&& visit) {
    return internal::map_scan(*slot_, cursor, limit, [&visit](const void* key, const void* value) {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, const MK&, const V&>>) {
        visit(*static_cast<const MK*>(key), *static_cast<const V*>(value));
        return true;
      } else {
        return static_cast<bool>(
            visit(*static_cast<const MK*>(key), *static_cast<const V*>(value)));
      }
    });
  }
  // All elements in order; for maps that are known to be small.
  template <std::invocable<const MK&, const V&> F>
  void for_each(F&& visit) {
    std::string cursor;
    for (;;) {
      std::optional<std::string> next =
          scan_from(cursor, 256, [&visit](const MK& k, const V& v) { visit(k, v); });
      if (!next) return;
      cursor = std::move(*next);
    }
  }
  std::string cursor_at(const MK& key) const { return internal::map_cursor(*slot_, &key); }

 private:
  internal::StateSlot* slot_;
};

template <typename T>
class ListOf {
 public:
  explicit ListOf(internal::StateSlot* slot) : slot_(slot) {}

  void append(const T& value) { internal::list_append(*slot_, &value); }
  std::size_t size() const { return internal::list_size(*slot_); }
  bool empty() const { return size() == 0; }
  // index < size()
  const T& at(std::size_t index) const {
    return *static_cast<const T*>(internal::list_at(*slot_, index));
  }
  void clear() { internal::map_clear(*slot_); }
  template <std::invocable<const T&> F>
  void for_each(F&& visit) const {
    internal::list_for_each(*slot_,
                            [&visit](const void* value) { visit(*static_cast<const T*>(value)); });
  }

 private:
  internal::StateSlot* slot_;
};

class BroadcastContext;

#define TRIBUTARY_INTERNAL_BROADCAST_SENTENCE                                            \
  "broadcast state is written in on_broadcast only: every task must hold the same copy " \
  "(see docs/authors/streams.md)"

// What a broadcast stream has taught every task: the same copy everywhere. Read by any method,
// written by on_broadcast alone: its context is the permission to write.
template <typename MK, typename V>
class BroadcastMap {
 public:
  explicit BroadcastMap(internal::StateSlot* slot) : slot_(slot) {}

  const V* get(const MK& key) const {
    return static_cast<const V*>(internal::broadcast_get(*slot_, &key));
  }
  bool contains(const MK& key) const { return get(key) != nullptr; }
  std::size_t size() const { return internal::broadcast_size(*slot_); }
  // In the order of the keys.
  template <std::invocable<const MK&, const V&> F>
  void for_each(F&& visit) const {
    internal::broadcast_for_each(*slot_, [&visit](const void* key, const void* value) {
      visit(*static_cast<const MK*>(key), *static_cast<const V*>(value));
    });
  }

  template <typename C>
  void put(C& context, const MK& key, const V& value) {
    static_assert(kMayWrite<C>, TRIBUTARY_INTERNAL_BROADCAST_SENTENCE);
    (void)context;
    internal::broadcast_put(*slot_, &key, &value);
  }
  template <typename C>
  bool erase(C& context, const MK& key) {
    static_assert(kMayWrite<C>, TRIBUTARY_INTERNAL_BROADCAST_SENTENCE);
    (void)context;
    return internal::broadcast_erase(*slot_, &key);
  }

 private:
  template <typename C>
  static constexpr bool kMayWrite = std::is_base_of_v<BroadcastContext, C>;

  internal::StateSlot* slot_;
};

}  // namespace tributary
