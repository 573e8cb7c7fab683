// checkpoint/memory_map_state.h
// Map state in memory: per key and namespace an ordered tree of pointers to elements. The first 16 bytes of a map key
// lie in the tree, so that a search rarely leaves it.
//
// Owner: MemoryKeyedState; its slot's thread only. Invariant: a key in the table has at least one element.
#pragma once

#include <absl/container/btree_set.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

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
  std::optional<std::string> scan_from(const StateKey& key, std::string_view from, std::size_t limit,
                                       const std::function<bool(const MapElement&)>& visit) override;
  std::size_t size(const StateKey& key) override;
  void clear(const StateKey& key) override;

  const MemoryKeyTable& keys() const { return table_; }
  std::size_t bytes() const { return table_.bytes() + element_bytes_ + copier_.bytes(); }

 private:
  // One heap block: this, the record, the map key's bytes.
  struct alignas(16) Element {
    OwnedReferences references;
    std::size_t key_size = 0;
    void* record() { return this + 1; }
  };
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
    std::size_t record_bytes = 0;
    std::string_view key(const Reference& reference) const {
      return {static_cast<const char*>(reference.element->record()) + record_bytes, reference.element->key_size};
    }
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
  using Elements = absl::btree_set<Reference, Before>;

  // The elements of a key, or null.
  Elements* find(const StateKey& key);
  Elements& find_or_make(const StateKey& key);
  Element* make_element(std::string_view map_key, const void* value);
  void free_element(Element* element);
  std::size_t element_bytes(const Element& element) const {
    return sizeof(Element) + before_.record_bytes + element.key_size;
  }
  void drop(MemoryKeyTable::Entry& entry);

  MemoryKeyTable table_;  // payload: Elements*
  ValueCopier copier_;
  MemoryKeyOrder& order_;
  const Before before_;
  MemoryKeyTable::Entry* last_ = nullptr;  // the key used last, often the next one too
  std::size_t element_bytes_ = 0;
};

}  // namespace tributary
