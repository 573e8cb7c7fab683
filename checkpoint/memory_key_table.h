// checkpoint/memory_key_table.h
// Where a state finds its keys: an open-addressing index of (hash tag, entry number) over a slab of
// entries that never move. A batch is resolved in stages, each of which prefetches what the next
// one reads.
//
// Owner: one state; its slot's thread only. The index multiplies the key's
// hash, because all keys of a task share the top bits of theirs (protocol rule 36). Nobody iterates
// over it: its order must not be seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/memory_block.h"

namespace tributary {

class MemoryKeyTable {
 public:
  // One address (key and namespace) and, right behind, the payload of the state that owns the
  // table.
  class alignas(16) Entry {
   public:
    std::string_view key() const { return {bytes(), key_size_}; }
    std::string_view name_space() const { return {bytes() + key_size_, name_space_size_}; }
    bool holds(const StateKey& key) const;
    StateKey state_key() const { return {key_hash_, key(), name_space()}; }
    std::uint64_t key_hash() const { return key_hash_; }
    // Its place in the table, never 0; given again after erase().
    std::uint32_t number() const { return number_; }
    void* payload() { return this + 1; }
    const void* payload() const { return this + 1; }
    static Entry& of_payload(void* payload) { return *(static_cast<Entry*>(payload) - 1); }

   private:
    friend class MemoryKeyTable;
    static constexpr std::size_t kInlineBytes = 32;

    bool matches(const StateKey& key) const;  // holds(), inlined into the look-up
    bool is_inline() const { return std::size_t{key_size_} + name_space_size_ <= kInlineBytes; }
    const char* bytes() const { return is_inline() ? inline_bytes_ : heap_bytes_; }

    // Neighbours among the entries of a key group, by number; 0: none.
    std::uint32_t previous_in_group_;
    std::uint32_t next_in_group_;
    std::uint64_t key_hash_;
    std::uint32_t key_size_;
    std::uint32_t name_space_size_;
    std::uint32_t number_;
    std::uint32_t unused_;
    union {
      char inline_bytes_[kInlineBytes];
      char* heap_bytes_;
    };
  };
  static_assert(sizeof(Entry) == 64);

  // Each entry has `payload_bytes` aligned to 16, zeroed when the entry is made. With
  // `key_group_count` > 0 the entries of a key group can be found. `order`: another one, another
  // order of everything that has none (rule 77); 0: numbers ascend as keys come.
  explicit MemoryKeyTable(std::size_t payload_bytes, std::uint32_t key_group_count = 0,
                          std::uint64_t order = 0);
  MemoryKeyTable(const MemoryKeyTable&) = delete;
  MemoryKeyTable& operator=(const MemoryKeyTable&) = delete;
  ~MemoryKeyTable();

  Entry* find(const StateKey& key) const;
  Entry& find_or_insert(const StateKey& key);
  // entries[i] is for keys[i], found or made; equal keys give the same entry.
  void find_or_insert(std::span<const StateKey> keys, std::span<Entry*> entries);
  // The owner has destroyed the payload.
  void erase(Entry& entry);

  std::size_t size() const { return size_; }
  // Calls `visit` for each entry, in no order: for destroying payloads.
  template <typename Visit>
  void for_each_unordered(Visit visit) {
    for (std::size_t i = 0; i < slot_count(); ++i)
      if (slots()[i].number != 0) visit(entry_at(slots()[i].number));
  }
  // The entry of a number that was given at some time, also after its erase(); up to numbers().
  Entry& entry_at(std::uint32_t number) const;
  std::uint32_t numbers() const { return used_numbers_; }
  // Calls `visit` for each entry of the group, in no order.
  template <typename Visit>
  void for_each_in_group_unordered(KeyGroup group, Visit visit) const {
    for (std::uint32_t at = first_in_group_[group.value]; at != 0;) {
      Entry& entry = entry_at(at);
      at = entry.next_in_group_;
      visit(entry);
    }
  }
  // Bytes in use: entries, index, long keys.
  std::size_t bytes() const {
    return size_ * stride_ + slot_count() * sizeof(Slot) + long_key_bytes_ +
           first_in_group_.size() * sizeof(std::uint32_t);
  }

 private:
  // `number` 0 is an empty slot. The home bucket is the top bits of the tag, so that neither
  // growing nor erasing needs to look at entries.
  struct Slot {
    std::uint32_t tag;
    std::uint32_t number;
  };
  static constexpr std::size_t kFirstChunkEntries = 64;
  static constexpr std::size_t kChunksMax = 27;
  static constexpr std::size_t kBatch = 256;
  // Up to here the whole table stays in the second-level cache and prefetching only costs.
  static constexpr std::size_t kPrefetchFrom = 4096;

  std::size_t slot_count() const { return slot_mask_ + 1; }
  Slot* slots() const { return reinterpret_cast<Slot*>(slots_.get()); }
  std::uint32_t tag_of(const StateKey& key) const;
  std::size_t home_of(std::uint32_t tag) const { return tag >> slot_shift_; }
  void link(Entry& entry);
  void unlink(Entry& entry);
  // The entry in the first slot from home on with this tag, or null at an empty slot.
  Entry* candidate(std::uint32_t tag) const;
  Entry* find(const StateKey& key, std::uint32_t tag) const;
  Entry& insert(const StateKey& key, std::uint32_t tag);
  void resolve_prefetched(std::span<const StateKey> keys, std::span<Entry*> entries);
  void reserve(std::size_t more);
  Entry& new_entry();
  void shuffle_free_numbers();

  const std::size_t stride_;
  const std::uint64_t multiplier_;  // of hashes, odd
  std::uint64_t order_;             // 0: none is wanted
  std::size_t size_ = 0;
  std::size_t long_key_bytes_ = 0;
  MemoryBlock slots_;
  std::size_t slot_mask_ = 0;
  int slot_shift_ = 0;
  // Chunk 0 and 1 have 64 entries, each later one as many as all before it.
  std::array<MemoryBlock, kChunksMax> chunks_;
  std::uint32_t used_numbers_ = 0;  // numbers 1 .. used_numbers_ were given at some time
  std::vector<std::uint32_t> free_numbers_;
  std::vector<std::uint32_t> first_in_group_;
};

}  // namespace tributary
