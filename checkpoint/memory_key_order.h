// checkpoint/memory_key_order.h
// The order of first insertion over the addresses of an operator's states: a log of (sequence,
// entry). An entry that lost its state or was reused bears another sequence, so that its old place
// in the log is recognised as dead.
//
// Owner: MemoryKeyedState; its slot's thread only. Relies on entries that are never given back
// while the table lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "checkpoint/memory_key_table.h"

namespace tributary {

class MemoryKeyOrder {
 public:
  // The entry holds state from now on; it held none before.
  void add(MemoryKeyTable::Entry& entry) {
    entry.sequence = ++last_sequence_;
    log_.push_back({entry.sequence, &entry});
  }
  // The entry holds no state any more.
  void remove(MemoryKeyTable::Entry& entry) {
    entry.sequence = 0;
    if (++dead_ > log_.size() / 2 && dead_ >= kDeadKept) drop_dead();
  }

  // The first living entry with sequence >= `from`, or null.
  const MemoryKeyTable::Entry* next(std::uint64_t from) const;
  std::size_t bytes() const { return log_.size() * sizeof(Item); }

 private:
  static constexpr std::size_t kDeadKept = 1024;
  struct Item {
    std::uint64_t sequence = 0;
    MemoryKeyTable::Entry* entry = nullptr;
  };
  void drop_dead();

  std::uint64_t last_sequence_ = 0;
  std::vector<Item> log_;  // ascending by sequence
  std::size_t dead_ = 0;
  // Where next() ended: keys are visited one after the other.
  mutable std::size_t last_found_ = 0;
};

}  // namespace tributary
