#include "checkpoint/memory_key_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"

namespace tributary {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
// So many numbers are drawn in another order at once; divides the size of a chunk.
constexpr std::uint32_t kShuffled = 16;

// memcmp by a call costs more than the comparison of a usual key.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  const auto differ8 = [&](std::size_t at) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a + at, 8);
    std::memcpy(&y, b + at, 8);
    return x ^ y;
  };
  if (size >= 8) {
    if (size > 32) return std::memcmp(a, b, size) == 0;
    std::uint64_t differ = differ8(size - 8);
    for (std::size_t at = 0; at + 8 < size; at += 8) differ |= differ8(at);
    return differ == 0;
  }
  if (size >= 4) {
    std::uint32_t x[2];
    std::uint32_t y[2];
    std::memcpy(&x[0], a, 4);
    std::memcpy(&y[0], b, 4);
    std::memcpy(&x[1], a + size - 4, 4);
    std::memcpy(&y[1], b + size - 4, 4);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }
  for (std::size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

}  // namespace

inline bool MemoryKeyTable::Entry::matches(const StateKey& key) const {
  if (key_hash_ != key.hash || key_size_ != key.key.size() ||
      name_space_size_ != key.name_space.size())
    return false;
  const char* mine = bytes();
  return same_bytes(mine, key.key.data(), key_size_) &&
         (name_space_size_ == 0 ||
          same_bytes(mine + key_size_, key.name_space.data(), name_space_size_));
}

bool MemoryKeyTable::Entry::holds(const StateKey& key) const { return matches(key); }

MemoryKeyTable::MemoryKeyTable(std::size_t payload_bytes, std::uint32_t key_group_count,
                               std::uint64_t order)
    : stride_(sizeof(Entry) + ((payload_bytes + 15) & ~std::size_t{15})),
      multiplier_(order == 0 ? kGolden : mix64(order) | 1),
      order_(order),
      slots_(make_memory_block(kFirstSlots * sizeof(Slot))),
      slot_mask_(kFirstSlots - 1),
      slot_shift_(32 - std::countr_zero(kFirstSlots)),
      first_in_group_(key_group_count) {}

MemoryKeyTable::~MemoryKeyTable() {
  if (long_key_bytes_ == 0) return;
  for_each_unordered([](Entry& entry) {
    if (!entry.is_inline()) std::free(entry.heap_bytes_);
  });
}

// The key's hash is mixed well but for the bits that the task's keys share, its top ones; the
// multiplication brings the others there.
inline std::uint32_t MemoryKeyTable::tag_of(const StateKey& key) const {
  std::uint64_t hash = key.hash;
  // A window's namespace is its start: no call for that.
  if (key.name_space.size() == 8) {
    std::uint64_t number = 0;
    std::memcpy(&number, key.name_space.data(), 8);
    hash ^= mix64(number);
  } else if (!key.name_space.empty()) {
    hash ^= xxh3_64(key.name_space);
  }
  return static_cast<std::uint32_t>((hash * multiplier_) >> 32);
}

MemoryKeyTable::Entry& MemoryKeyTable::entry_at(std::uint32_t number) const {
  const std::uint32_t position = number - 1;
  const auto chunk = static_cast<std::size_t>(std::bit_width(position / kFirstChunkEntries));
  const std::size_t first = chunk == 0 ? 0 : kFirstChunkEntries << (chunk - 1);
  return *reinterpret_cast<Entry*>(chunks_[chunk].get() + (position - first) * stride_);
}

MemoryKeyTable::Entry* MemoryKeyTable::candidate(std::uint32_t tag) const {
  for (std::size_t at = home_of(tag);; at = (at + 1) & slot_mask_) {
    const Slot slot = slots()[at];
    if (slot.number == 0) return nullptr;
    if (slot.tag == tag) return &entry_at(slot.number);
  }
}

MemoryKeyTable::Entry* MemoryKeyTable::find(const StateKey& key, std::uint32_t tag) const {
  for (std::size_t at = home_of(tag);; at = (at + 1) & slot_mask_) {
    const Slot slot = slots()[at];
    if (slot.number == 0) return nullptr;
    if (slot.tag != tag) continue;
    Entry& entry = entry_at(slot.number);
    if (entry.matches(key)) [[likely]]
      return &entry;
  }
}

MemoryKeyTable::Entry* MemoryKeyTable::find(const StateKey& key) const {
  return find(key, tag_of(key));
}

MemoryKeyTable::Entry& MemoryKeyTable::find_or_insert(const StateKey& key) {
  const std::uint32_t tag = tag_of(key);
  if (Entry* found = find(key, tag)) return *found;
  reserve(1);
  return insert(key, tag);
}

void MemoryKeyTable::find_or_insert(std::span<const StateKey> keys, std::span<Entry*> entries) {
  if (size_ >= kPrefetchFrom) {
    for (std::size_t from = 0; from < keys.size(); from += kBatch) {
      const std::size_t count = std::min(kBatch, keys.size() - from);
      resolve_prefetched(keys.subspan(from, count), entries.subspan(from, count));
    }
    return;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) entries[i] = &find_or_insert(keys[i]);
}

void MemoryKeyTable::resolve_prefetched(std::span<const StateKey> keys, std::span<Entry*> entries) {
  // Before the stages: growing in the middle would make the prefetched slots the wrong ones.
  reserve(keys.size());
  std::uint32_t tags[kBatch];
  for (std::size_t i = 0; i < keys.size(); ++i) {
    tags[i] = tag_of(keys[i]);
    __builtin_prefetch(&slots()[home_of(tags[i])]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    entries[i] = candidate(tags[i]);
    __builtin_prefetch(entries[i]);
    __builtin_prefetch(reinterpret_cast<const char*>(entries[i]) + sizeof(Entry));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (entries[i] != nullptr && entries[i]->matches(keys[i])) [[likely]]
      continue;
    // Absent, another key of the same tag, or made by an earlier key of this batch.
    Entry* found = find(keys[i], tags[i]);
    entries[i] = found != nullptr ? found : &insert(keys[i], tags[i]);
  }
}

void MemoryKeyTable::reserve(std::size_t more) {
  if ((size_ + more) * 4 <= slot_count() * 3) return;
  std::size_t count = slot_count();
  while ((size_ + more) * 4 > count * 3) count *= 2;
  TRIBUTARY_CHECK(count <= std::size_t{1} << 31, "a state of {} keys in one task", size_);
  const MemoryBlock old = std::move(slots_);
  const Slot* old_slots = reinterpret_cast<const Slot*>(old.get());
  const std::size_t old_count = slot_count();
  slots_ = make_memory_block(count * sizeof(Slot));
  slot_mask_ = count - 1;
  slot_shift_ = 32 - std::countr_zero(count);
  for (std::size_t i = 0; i < old_count; ++i) {
    if (old_slots[i].number == 0) continue;
    std::size_t at = home_of(old_slots[i].tag);
    while (slots()[at].number != 0) at = (at + 1) & slot_mask_;
    slots()[at] = old_slots[i];
  }
}

// Draws who is next, from fresh ones if there are none.
void MemoryKeyTable::shuffle_free_numbers() {
  if (free_numbers_.empty()) {
    const auto chunk = static_cast<std::size_t>(std::bit_width(used_numbers_ / kFirstChunkEntries));
    if (chunks_[chunk] == nullptr)
      chunks_[chunk] =
          make_memory_block((kFirstChunkEntries << (chunk == 0 ? 0 : chunk - 1)) * stride_);
    for (std::uint32_t i = 0; i < kShuffled; ++i) free_numbers_.push_back(++used_numbers_);
  }
  order_ = mix64(order_);
  std::swap(free_numbers_[order_ % free_numbers_.size()], free_numbers_.back());
}

MemoryKeyTable::Entry& MemoryKeyTable::new_entry() {
  if (order_ != 0) [[unlikely]]
    shuffle_free_numbers();
  if (!free_numbers_.empty()) {
    const std::uint32_t number = free_numbers_.back();
    free_numbers_.pop_back();
    Entry& entry = entry_at(number);
    std::memset(static_cast<void*>(&entry), 0, stride_);
    entry.number_ = number;
    return entry;
  }
  const std::uint32_t position = used_numbers_++;
  const auto chunk = static_cast<std::size_t>(std::bit_width(position / kFirstChunkEntries));
  if (chunks_[chunk] == nullptr) {
    const std::size_t entries = kFirstChunkEntries << (chunk == 0 ? 0 : chunk - 1);
    chunks_[chunk] = make_memory_block(entries * stride_);
  }
  Entry& entry = entry_at(used_numbers_);
  entry.number_ = used_numbers_;
  return entry;
}

MemoryKeyTable::Entry& MemoryKeyTable::insert(const StateKey& key, std::uint32_t tag) {
  Entry& entry = new_entry();
  entry.key_hash_ = key.hash;
  entry.key_size_ = static_cast<std::uint32_t>(key.key.size());
  entry.name_space_size_ = static_cast<std::uint32_t>(key.name_space.size());
  char* bytes = entry.inline_bytes_;
  if (!entry.is_inline()) {
    const std::size_t size = key.key.size() + key.name_space.size();
    bytes = entry.heap_bytes_ = static_cast<char*>(std::malloc(size));
    TRIBUTARY_CHECK(bytes != nullptr, "no memory for a key of {} bytes", size);
    long_key_bytes_ += size;
  }
  if (!key.key.empty()) std::memcpy(bytes, key.key.data(), key.key.size());
  if (!key.name_space.empty())
    std::memcpy(bytes + key.key.size(), key.name_space.data(), key.name_space.size());

  std::size_t at = home_of(tag);
  while (slots()[at].number != 0) at = (at + 1) & slot_mask_;
  slots()[at] = {tag, entry.number_};
  ++size_;
  if (!first_in_group_.empty()) link(entry);
  return entry;
}

void MemoryKeyTable::link(Entry& entry) {
  const auto groups = static_cast<std::uint32_t>(first_in_group_.size());
  std::uint32_t& first = first_in_group_[key_group_of(entry.key_hash_, groups).value];
  entry.previous_in_group_ = 0;
  entry.next_in_group_ = first;
  if (order_ % 2 != 0 && first != 0) [[unlikely]] {
    // Behind the first one.
    Entry& ahead = entry_at(first);
    entry.previous_in_group_ = first;
    entry.next_in_group_ = ahead.next_in_group_;
    ahead.next_in_group_ = entry.number_;
    if (entry.next_in_group_ != 0)
      entry_at(entry.next_in_group_).previous_in_group_ = entry.number_;
    return;
  }
  if (first != 0) entry_at(first).previous_in_group_ = entry.number_;
  first = entry.number_;
}

void MemoryKeyTable::unlink(Entry& entry) {
  const auto groups = static_cast<std::uint32_t>(first_in_group_.size());
  if (entry.next_in_group_ != 0)
    entry_at(entry.next_in_group_).previous_in_group_ = entry.previous_in_group_;
  if (entry.previous_in_group_ != 0)
    entry_at(entry.previous_in_group_).next_in_group_ = entry.next_in_group_;
  else
    first_in_group_[key_group_of(entry.key_hash_, groups).value] = entry.next_in_group_;
}

void MemoryKeyTable::erase(Entry& entry) {
  std::size_t hole = home_of(tag_of(entry.state_key()));
  while (slots()[hole].number != entry.number_) hole = (hole + 1) & slot_mask_;
  // Closes the gap: whoever would not be found past an empty slot moves into it.
  for (std::size_t at = (hole + 1) & slot_mask_; slots()[at].number != 0;
       at = (at + 1) & slot_mask_) {
    const std::size_t from_home = (at - home_of(slots()[at].tag)) & slot_mask_;
    if (from_home < ((at - hole) & slot_mask_)) continue;
    slots()[hole] = slots()[at];
    hole = at;
  }
  slots()[hole] = {};
  if (!entry.is_inline()) {
    long_key_bytes_ -= std::size_t{entry.key_size_} + entry.name_space_size_;
    std::free(entry.heap_bytes_);
  }
  if (!first_in_group_.empty()) unlink(entry);
  free_numbers_.push_back(entry.number_);
  --size_;
}

}  // namespace tributary
