// base/map.h
// Map<K, V>: a read-only view of entries sorted by key, in the batch's arena; 16 bytes, trivially
// copyable.
//
// Invariant: keys ascend strictly in canonical order (type_info.h, compare). A Map never outlives
// what it views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/arena.h"
#include "base/type_info.h"

namespace tributary {

// Copies `size` entries of the map type to the arena with all they refer to, sorted; of equal keys
// the last one wins.
RawList copy_sorted_entries(const TypeInfo& map, const void* entries, std::size_t size,
                            Arena& arena);
// The entry with this key, or null.
const void* find_entry(const TypeInfo& map, const RawList& entries, const void* key);

template <typename K, typename V>
class Map {
 public:
  struct Entry {
    K key{};
    V value{};
  };
  using key_type = K;
  using mapped_type = V;
  static_assert(std::is_trivially_copyable_v<Entry>,
                "Map<K, V>: K and V must be field types of records");

  constexpr Map() = default;
  // Entries may come in any order; of equal keys the last one wins.
  static Map copy(std::span<const Entry> entries, Arena& arena) {
    Map map;
    map.raw_ = copy_sorted_entries(type_info<Map>(), entries.data(), entries.size(), arena);
    return map;
  }

  std::size_t size() const { return raw_.size; }
  bool empty() const { return raw_.size == 0; }
  const Entry* begin() const { return static_cast<const Entry*>(raw_.data); }
  const Entry* end() const { return begin() + raw_.size; }
  // Null when absent. Binary search.
  const V* find(const K& key) const {
    const void* entry = find_entry(type_info<Map>(), raw_, &key);
    return entry == nullptr ? nullptr : &static_cast<const Entry*>(entry)->value;
  }

  friend bool operator==(const Map& a, const Map& b) { return equal(type_info<Map>(), &a, &b); }

 private:
  RawList raw_;
};
static_assert(sizeof(Map<int, int>) == 16);

}  // namespace tributary
