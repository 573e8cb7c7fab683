// checkpoint/tiered_map.h
// Map state, element by element: a cell for the head of each map (how many elements it has), a cell
// for each element in memory, and per map an ordered tree of those, for scans. The first 16 bytes
// of a map key lie in the tree, so that a search rarely leaves it.
//
// Owner: TieredStore; its slot's thread only. Invariants: a head with element cells stays in
// memory; a map that is `complete` has no element that is only in the working store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <absl/container/btree_set.h>

#include "checkpoint/keyed_state.h"
#include "checkpoint/tiered_cells.h"

namespace tributary {

class TieredMap final : public MapState, private TieredCells::Owner {
 public:
  // Of the head; elements have the next state id.
  TieredMap(TieredShared& shared, const TieredCells::Spec& spec);
  ~TieredMap() override;

  const void* get(const StateKey& key, std::string_view map_key) override;
  void put(const StateKey& key, std::string_view map_key, const void* value) override;
  bool erase(const StateKey& key, std::string_view map_key) override;
  std::optional<std::string> scan_from(
      const StateKey& key, std::string_view from, std::size_t limit,
      const std::function<bool(const MapElement&)>& visit) override;
  std::size_t size(const StateKey& key) override;
  void clear(const StateKey& key) override;

  TieredCells& heads() { return heads_; }
  const TieredCells& heads() const { return heads_; }
  TieredCells& elements() { return elements_; }
  std::size_t bytes() const;
  bool holds(const StateKey& key) { return find_head(key) != nullptr; }
  // What a restore reads. False, and nothing done, if it is neither in memory nor `stays` there.
  bool restore_head(const StateKey& key, std::optional<std::string_view> stored, bool stays);
  bool restore_element(const StateKey& key, std::string_view map_key,
                       std::optional<std::string_view> stored, bool stays);
  void restore_cleared(const StateKey& key);

 private:
  using Entry = TieredCells::Entry;

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
    Entry* element = nullptr;
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
  // The extra of a head.
  struct Elements {
    std::uint64_t number = 0;  // of this map, never used again
    std::size_t cells = 0;     // in memory, absent ones too
    bool complete = false;
    absl::btree_set<Reference, Before> tree;  // present ones in memory

    StateKey address(std::string_view map_key) const;
  };

  bool may_leave(Entry& entry) override;
  void leaves(Entry& entry) override;

  Elements*& elements_of(Entry& head) const {
    return *static_cast<Elements**>(heads_.extra_of(head));
  }
  std::uint64_t& count_of(Entry& head) const {
    return *static_cast<std::uint64_t*>(heads_.record_of(head));
  }
  static Entry& head_of(TieredCell& element) { return *static_cast<Entry*>(element.value); }
  static bool is_present(Entry& entry) { return TieredCells::cell_of(entry).present; }

  // The head of a map that has elements, or null.
  Entry* find_head(const StateKey& key);
  Entry& find_or_make_head(const StateKey& key);
  Elements& make_elements(Entry& head, bool complete);
  // The element's cell if it is in memory or can be brought there, present or absent; null if it is
  // neither.
  Entry* find_element(Entry& head, std::string_view map_key);
  Entry& make_element(Entry& head, std::string_view map_key);
  void insert(Elements& map, Entry& element);
  void change_count(Entry& head, std::int64_t by);
  // Makes an element absent; the tree does not hold it any more.
  void make_absent(Entry& element);
  void drop_element(Entry& element);
  void drop_head_if_needless(Entry& head);
  bool clear_expired(Entry& head, Entry& element);
  void element_prefix(const Entry& head, std::string& out) const;
  // Brings elements at or above `from` into memory, a page at a time. Nothing when the store has no
  // more; else the last map key that was looked at.
  std::optional<std::string> load_page(Entry& head, std::string_view from, std::size_t limit);

  TieredShared& shared_;
  TieredCells heads_;
  TieredCells elements_;
  Entry* last_ = nullptr;  // the head used last, often the next one too
  std::uint64_t last_number_ = 0;
  std::size_t tree_references_ = 0;
  std::size_t maps_ = 0;
  std::string key_;
};

}  // namespace tributary
