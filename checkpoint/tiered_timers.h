// checkpoint/tiered_timers.h
// The timers of one operator: an ordered tree per clock in the total order (time, key group, key
// bytes, namespace, name), protocol rule 41.
//
// Owner: TieredStore; its slot's thread only. Invariants: a timer set since the last freeze is in a
// list and in no delta; cancelling it leaves no trace. The end of any other timer (one that a
// renewal put into the list, too) is a record in the delta at hand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/btree_set.h>

#include "checkpoint/keyed_state.h"
#include "checkpoint/lsm_key.h"
#include "checkpoint/tiered_shared.h"

namespace tributary {

class TieredTimers final : public TimerStore {
 public:
  TieredTimers(TieredShared& shared, StateId id) : shared_(shared), id_(id) {}
  ~TieredTimers() override;

  void set(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at) override;
  void cancel(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at) override;
  std::optional<Timestamp> earliest(TimeDomain domain) const override;
  std::optional<Timer> pop_due(TimeDomain domain, Timestamp now) override;
  std::size_t size(TimeDomain domain) const override;

  std::size_t bytes() const { return bytes_; }
  void freeze() { frozen_.swap(unsaved_); }
  // Writes up to `limit` frozen timers, less those written. True when none is left.
  bool sweep(std::size_t& limit);
  // As TieredCells: notes timers of before as set in this epoch.
  void begin_renewal() { renewed_to_ = {}; }
  bool renew(std::size_t& limit);
  // What a restore reads; saved already.
  void restore(const LsmTimer& timer, bool is_set);

 private:
  // Key, namespace and name lie behind it.
  struct Item {
    std::uint64_t key_hash = 0;
    Timestamp at;
    std::uint32_t key_size = 0;
    std::uint32_t name_space_size = 0;
    std::uint32_t name_size = 0;
    std::uint32_t epoch = 0;  // of the list that it is in; 0: in none, some delta has it
    std::uint32_t place = 0;  // in that list
    KeyGroup group;
    TimeDomain domain = TimeDomain::kEvent;
    bool over = false;   // cancelled or fired since the freeze; the sweep frees it
    bool known = false;  // some delta or base may hold it

    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
    std::string_view key() const { return {bytes(), key_size}; }
    std::string_view name_space() const { return {bytes() + key_size, name_space_size}; }
    std::string_view name() const { return {bytes() + key_size + name_space_size, name_size}; }
    std::size_t size() const { return sizeof(Item) + key_size + name_space_size + name_size; }
  };
  struct Probe {
    Timestamp at;
    KeyGroup group;
    std::string_view key;
    std::string_view name_space;
    std::string_view name;
  };
  struct Before {
    using is_transparent = void;
    static Probe probe(const Item* item) {
      return {item->at, item->group, item->key(), item->name_space(), item->name()};
    }
    static bool before(const Probe& a, const Probe& b);
    bool operator()(const Item* a, const Item* b) const { return before(probe(a), probe(b)); }
    bool operator()(const Item* a, const Probe& b) const { return before(probe(a), b); }
    bool operator()(const Probe& a, const Item* b) const { return before(a, probe(b)); }
  };
  using Items = absl::btree_set<Item*, Before>;

  Items& items(TimeDomain domain) { return items_[static_cast<std::size_t>(domain)]; }
  const Items& items(TimeDomain domain) const { return items_[static_cast<std::size_t>(domain)]; }
  // Null if there is one already.
  Item* insert(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at);
  // It is out of the tree.
  void end(Item* item);
  void note(Item* item);
  static void forget(Item* item, std::vector<Item*>& list);
  void save(Item* item);
  void free_item(Item* item);
  void append_key(const Item& item, std::string& out) const;

  TieredShared& shared_;
  const StateId id_;
  std::array<Items, 2> items_;
  std::size_t bytes_ = 0;
  std::vector<Item*> unsaved_;  // set in this epoch
  std::vector<Item*> frozen_;   // set in the frozen one, not yet swept
  // How far a renewal has come: a clock, and the key of the timer to go on from.
  struct Renewed {
    std::size_t domain = 0;
    std::string key;
  };
  Renewed renewed_to_;
  std::string key_;
};

}  // namespace tributary
