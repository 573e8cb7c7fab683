// checkpoint/memory_map_state.h
// Map state in memory: all elements in one hash table, for points, and per key and namespace an
// ordered tree of pointers to them, for scans. The first 16 bytes of a map key lie in the tree, so
// that a search rarely leaves it.
//
// Owner: MemoryKeyedState; its slot's thread only. Invariant: a key in the table has at least one
// element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <absl/container/btree_set.h>

#include "base/type_info.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/memory_key_order.h"
#include "checkpoint/memory_key_table.h"
#include "checkpoint/owned_value.h"

namespace tributary {

class MemoryMapState final : public MapState {
 public:
  MemoryMapState(const TypeInfo& type, MemoryKeyOrder& order);
  ~MemoryMapState() override;

  const void* get(const StateKey& key, std::string_view map_key) override;
  void put(const StateKey& key, std::string_view map_key, const void* value) override;
  bool erase(const StateKey& key, std::string_view map_key) override;
  std::optional<std::string> scan_from(
      const StateKey& key, std::string_view from, std::size_t limit,
      const std::function<bool(const MapElement&)>& visit) override;
  std::size_t size(const StateKey& key) override;
  void clear(const StateKey& key) override;

  const MemoryKeyTable& keys() const { return table_; }
  std::size_t bytes() const;

 private:
  // Key: the map key; namespace: its map's number. Payload: OwnedReferences (types with references
  // only), the record.
  using Element = MemoryKeyTable::Entry;

  // A map key with its first 16 bytes as numbers; shorter keys are filled with zeros.
  struct Probe {
    explicit Probe(std::string_view bytes);
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::string_view bytes;
  };
  struct Reference {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    Element* element = nullptr;
  };
  struct Before {
    using is_transparent = void;
    static std::string_view key(const Reference& reference) { return reference.element->key(); }
    bool operator()(const Reference& a, const Reference& b) const {
      if (a.first != b.first) return a.first < b.first;
      return a.second != b.second ? a.second < b.second : key(a) < key(b);
    }
    bool operator()(const Reference& a, const Probe& b) const {
      if (a.first != b.first) return a.first < b.first;
      return a.second != b.second ? a.second < b.second : key(a) < b.bytes;
    }
    bool operator()(const Probe& a, const Reference& b) const {
      if (a.first != b.first) return a.first < b.first;
      return a.second != b.second ? a.second < b.second : a.bytes < key(b);
    }
  };
  struct Elements {
    std::uint64_t number = 0;  // of this map, never used again
    absl::btree_set<Reference, Before> tree;

    StateKey address(std::string_view map_key) const;
  };

  // The elements of a key, or null.
  Elements* find(const StateKey& key);
  Elements& find_or_make(const StateKey& key);
  void* record_of(Element& element) const {
    return static_cast<char*>(element.payload()) + record_offset_;
  }
  void write(Element& element, const void* value);
  void free_element(Element& element);
  void drop(MemoryKeyTable::Entry& entry);

  const std::size_t record_offset_;
  MemoryKeyTable table_;  // payload: Elements*
  MemoryKeyTable elements_;
  ValueCopier copier_;
  MemoryKeyOrder& order_;
  MemoryKeyTable::Entry* last_ = nullptr;  // the key used last, often the next one too
  std::uint64_t last_number_ = 0;
};

}  // namespace tributary
