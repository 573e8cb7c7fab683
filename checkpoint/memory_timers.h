// checkpoint/memory_timers.h
// Timers in memory: one ordered tree per clock, in the total order (time, key group, key bytes,
// namespace, name).
//
// Owner: MemoryKeyedState; its slot's thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <absl/container/btree_set.h>

#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"

namespace tributary {

class MemoryTimers final : public TimerStore {
 public:
  explicit MemoryTimers(std::uint32_t key_group_count);

  void set(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at) override;
  void cancel(TimeDomain domain, const StateKey& key, std::string_view name, Timestamp at) override;
  std::optional<Timestamp> earliest(TimeDomain domain) const override;
  std::optional<Timer> pop_due(TimeDomain domain, Timestamp now) override;
  std::size_t size(TimeDomain domain) const override;

  std::size_t bytes() const { return bytes_; }

 private:
  struct Probe {
    Timestamp at;
    KeyGroup group;
    std::string_view key;
    std::string_view name_space;
    std::string_view name;
  };
  // In the tree; `bytes` is key, namespace and name behind a header.
  struct Item {
    Timestamp at;
    KeyGroup group;
    std::unique_ptr<char[]> bytes;
  };
  struct Header {
    std::uint64_t key_hash = 0;
    std::uint32_t key_size = 0;
    std::uint32_t name_space_size = 0;
    std::uint32_t name_size = 0;
  };
  static Header header_of(const Item& item);
  static Probe probe_of(const Item& item);
  Probe probe_of(const StateKey& key, std::string_view name, Timestamp at) const;
  struct Before {
    using is_transparent = void;
    bool operator()(const Item& a, const Item& b) const;
    bool operator()(const Item& a, const Probe& b) const;
    bool operator()(const Probe& a, const Item& b) const;
  };
  using Items = absl::btree_set<Item, Before>;

  Items& items(TimeDomain domain) { return items_[static_cast<std::size_t>(domain)]; }
  const Items& items(TimeDomain domain) const { return items_[static_cast<std::size_t>(domain)]; }
  static std::size_t bytes_of(const Header& header);

  const std::uint32_t key_group_count_;
  std::array<Items, 2> items_;
  std::size_t bytes_ = 0;
};

}  // namespace tributary
