#include "checkpoint/tiered_map.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/record.h"

namespace tributary {
namespace {

struct MapHead {
  std::uint64_t count = 0;
};
TRIBUTARY_RECORD(MapHead, count);

// What a reference costs in the tree, about: its node's share.
constexpr std::size_t kReferenceBytes = 32;
// Up to here a map is cleared one by one: a deleted range makes every read of the store dearer.
constexpr std::size_t kErasedSingly = 64;
constexpr std::size_t kPageElements = 256;

std::uint64_t leading_number(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
  return __builtin_bswap64(number);
}

TieredCells::Spec head_spec(TieredCells::Spec spec, TieredCells::Owner* owner) {
  spec.type = &type_info<MapHead>();
  spec.extra_bytes = sizeof(void*);
  spec.ttl = Duration{};
  spec.owner = owner;
  return spec;
}

TieredCells::Spec element_spec(TieredCells::Spec spec, TieredCells::Owner* owner) {
  ++spec.id.value;
  spec.of_elements = true;
  spec.owner = owner;
  return spec;
}

}  // namespace

TieredMap::Probe::Probe(std::string_view key) : bytes(key) {
  if (key.empty()) return;
  first = leading_number(key);
  if (key.size() > 8) second = leading_number(key.substr(8));
}

// The map's number tells equal map keys of different maps apart.
StateKey TieredMap::Elements::address(std::string_view map_key) const {
  return {xxh3_64(map_key), map_key, {reinterpret_cast<const char*>(&number), sizeof number}};
}

TieredMap::TieredMap(TieredShared& shared, const TieredCells::Spec& spec)
    : shared_(shared),
      heads_(shared, head_spec(spec, this)),
      elements_(shared, element_spec(spec, this)) {
  const Schema schema = schema_of(type_info<MapHead>());
  const Status status = heads_.set_schemas({&schema, 1});
  TRIBUTARY_CHECK(status.has_value(), "{}", status.error().what());
}

TieredMap::~TieredMap() {
  heads_.table().for_each_unordered([this](Entry& head) { delete elements_of(head); });
}

std::size_t TieredMap::bytes() const {
  return heads_.bytes() + elements_.bytes() + maps_ * sizeof(Elements) +
         tree_references_ * kReferenceBytes;
}

TieredMap::Elements& TieredMap::make_elements(Entry& head, bool complete) {
  auto* made = new Elements{.number = ++last_number_, .cells = 0, .complete = complete, .tree = {}};
  ++maps_;
  elements_of(head) = made;
  return *made;
}

TieredMap::Entry* TieredMap::find_head(const StateKey& key) {
  if (last_ == nullptr || !last_->holds(key)) {
    Entry* head = heads_.table().find(key);
    if (head == nullptr) {
      if (!shared_.backing->holds_any()) return nullptr;
      head = &heads_.table().find_or_insert(key);
      heads_.begin(*head);
      heads_.load({&head, 1});
    }
    last_ = head;
  }
  TieredCell& cell = TieredCells::cell_of(*last_);
  cell.set(TieredCell::kReferenced);
  if (!cell.present) return nullptr;
  if (elements_of(*last_) == nullptr) make_elements(*last_, false);
  return last_;
}

TieredMap::Entry& TieredMap::find_or_make_head(const StateKey& key) {
  if (Entry* found = find_head(key)) return *found;
  if (last_ == nullptr || !last_->holds(key)) {
    last_ = &heads_.table().find_or_insert(key);
    heads_.begin(*last_);
  }
  // It has no elements, so all of them are in memory.
  if (Elements* known = elements_of(*last_))
    known->complete = true;
  else
    make_elements(*last_, true);
  return *last_;
}

void TieredMap::change_count(Entry& head, std::int64_t by) {
  TieredCell& cell = TieredCells::cell_of(head);
  heads_.prepare(cell);
  std::uint64_t& count = count_of(head);
  count += static_cast<std::uint64_t>(by);
  if (count > 0) return heads_.make_present(cell);
  heads_.make_absent(cell);
  drop_head_if_needless(head);
}

void TieredMap::drop_head_if_needless(Entry& head) {
  if (!heads_.is_needless(TieredCells::cell_of(head)) || shared_.backing->holds_any()) return;
  if (const Elements* map = elements_of(head); map != nullptr && map->cells > 0) return;
  leaves(head);
  heads_.drop(head);
}

TieredMap::Entry& TieredMap::make_element(Entry& head, std::string_view map_key) {
  Elements& map = *elements_of(head);
  Entry& element = elements_.table().find_or_insert(map.address(map_key));
  elements_.begin(element, &head);
  ++map.cells;
  return element;
}

void TieredMap::insert(Elements& map, Entry& element) {
  const Probe probe(element.key());
  if (map.tree.insert(Reference{probe.first, probe.second, &element}).second) ++tree_references_;
}

TieredMap::Entry* TieredMap::find_element(Entry& head, std::string_view map_key) {
  Elements& map = *elements_of(head);
  Entry* element = elements_.table().find(map.address(map_key));
  if (element != nullptr) {
    TieredCells::cell_of(*element).set(TieredCell::kReferenced);
    return element;
  }
  if (map.complete || !shared_.backing->holds_any()) return nullptr;
  element = &make_element(head, map_key);
  elements_.load({&element, 1});
  if (is_present(*element)) insert(map, *element);
  return element;
}

// Whether the element had outlived its time, and is gone now.
bool TieredMap::clear_expired(Entry& head, Entry& element) {
  if (!elements_.expired(TieredCells::cell_of(element))) return false;
  Elements& map = *elements_of(head);
  tree_references_ -= map.tree.erase(Probe(element.key()));
  make_absent(element);
  change_count(head, -1);
  return true;
}

const void* TieredMap::get(const StateKey& key, std::string_view map_key) {
  Entry* head = find_head(key);
  if (head == nullptr) return nullptr;
  Entry* element = find_element(*head, map_key);
  if (element == nullptr || !is_present(*element) || clear_expired(*head, *element)) return nullptr;
  return elements_.record_of(*element);
}

void TieredMap::put(const StateKey& key, std::string_view map_key, const void* value) {
  Entry& head = find_or_make_head(key);
  Entry* element = find_element(head, map_key);
  if (element == nullptr) element = &make_element(head, map_key);
  TieredCell& cell = TieredCells::cell_of(*element);
  elements_.prepare(cell);
  const bool is_new = !cell.present;
  elements_.write(cell, value);
  elements_.make_present(cell);
  if (!is_new) return;
  insert(*elements_of(head), *element);
  change_count(head, 1);
}

bool TieredMap::erase(const StateKey& key, std::string_view map_key) {
  Entry* head = find_head(key);
  if (head == nullptr) return false;
  Entry* element = find_element(*head, map_key);
  if (element == nullptr || !is_present(*element)) return false;
  if (clear_expired(*head, *element)) return false;
  tree_references_ -= elements_of(*head)->tree.erase(Probe(map_key));
  make_absent(*element);
  change_count(*head, -1);
  return true;
}

void TieredMap::make_absent(Entry& element) {
  TieredCell& cell = TieredCells::cell_of(element);
  elements_.prepare(cell);
  elements_.make_absent(cell);
  // A complete map need not remember what is absent.
  const bool is_remembered = shared_.backing->holds_any() && !elements_of(head_of(cell))->complete;
  if (elements_.is_needless(cell) && !is_remembered) drop_element(element);
}

void TieredMap::drop_element(Entry& element) {
  --elements_of(head_of(TieredCells::cell_of(element)))->cells;
  elements_.drop(element);
}

std::size_t TieredMap::size(const StateKey& key) {
  Entry* head = find_head(key);
  return head == nullptr ? 0 : count_of(*head);
}

void TieredMap::element_prefix(const Entry& head, std::string& out) const {
  append_entry_key(shared_.group_of(head.key_hash()), elements_.spec().id, head.key(),
                   head.name_space(), out);
}

void TieredMap::clear(const StateKey& key) {
  Entry* head = find_head(key);
  if (head == nullptr) return;
  Elements& map = *elements_of(*head);
  const bool singly = map.complete && map.tree.size() <= kErasedSingly;
  std::vector<Entry*> in_memory;
  in_memory.reserve(map.tree.size());
  for (const Reference& reference : map.tree) in_memory.push_back(reference.element);
  tree_references_ -= map.tree.size();
  map.tree.clear();
  const bool tracked = shared_.chain != nullptr;
  for (Entry* element : in_memory) {
    if (singly || !tracked) {
      make_absent(*element);
      continue;
    }
    elements_.prepare(TieredCells::cell_of(*element));
    drop_element(*element);
  }
  if (!singly && tracked) {
    key_.clear();
    element_prefix(*head, key_);
    DeltaWriter& writer = shared_.chain->current();
    writer.erase_prefix(key_);
    shared_.chain->written(writer);
    if (shared_.backing->exists()) {
      shared_.backing->delete_prefix(key_);
      shared_.backing->forget_reads();
    }
  }
  map.complete = true;
  heads_.prepare(TieredCells::cell_of(*head));
  heads_.make_absent(TieredCells::cell_of(*head));
  drop_head_if_needless(*head);
}

std::optional<std::string> TieredMap::load_page(Entry& head, std::string_view from,
                                                std::size_t limit) {
  std::string prefix;
  element_prefix(head, prefix);
  const std::size_t prefix_size = prefix.size();
  const std::string end = end_of_prefix(prefix);
  Elements& map = *elements_of(head);
  std::optional<std::string> last;
  std::size_t seen = 0;
  bool more = false;
  const Status status = shared_.backing->scan(
      prefix.append(from), end, [&](std::string_view lsm_key, std::string_view value) {
        if (seen == limit) {
          more = true;
          return false;
        }
        ++seen;
        const std::string_view map_key = lsm_key.substr(prefix_size);
        last.emplace(map_key);
        if (elements_.table().find(map.address(map_key)) != nullptr) return true;
        Entry& element = make_element(head, map_key);
        elements_.fill(element, value);
        insert(map, element);
        return true;
      });
  if (!status) shared_.fail_with(Error(status.error()));
  return more ? last : std::nullopt;
}

std::optional<std::string> TieredMap::scan_from(
    const StateKey& key, std::string_view from, std::size_t limit,
    const std::function<bool(const MapElement&)>& visit) {
  Entry* head = find_head(key);
  if (head == nullptr) return std::nullopt;
  Elements& map = *elements_of(*head);
  // Up to where memory has everything; nothing: to the end.
  std::optional<std::string> known_to;
  const auto load_from = [&](std::string_view map_key) {
    if (map.complete || !shared_.backing->holds_any()) return;
    const bool from_first = map_key.empty();
    known_to = load_page(*head, map_key, std::max(limit + 1, kPageElements));
    if (from_first && !known_to) map.complete = true;
  };
  load_from(from);
  auto at = map.tree.lower_bound(Probe(from));
  std::string next(from);
  for (std::size_t visited = 0;;) {
    while (known_to && (at == map.tree.end() || at->element->key() > *known_to)) {
      std::string above = *std::exchange(known_to, std::nullopt);
      above.push_back('\0');
      load_from(above);
      at = map.tree.lower_bound(Probe(above));
    }
    if (at == map.tree.end()) return std::nullopt;
    if (visited == limit) return next;
    Entry& element = *at->element;
    ++at;
    if (elements_.expired(TieredCells::cell_of(element))) {
      next.assign(element.key());
      clear_expired(*head, element);
      // With its last element the head may go.
      head = find_head(key);
      if (head == nullptr) return std::nullopt;
      TRIBUTARY_CHECK(elements_of(*head) == &map, "the head of a map left during a scan");
      next.push_back('\0');
      at = map.tree.lower_bound(Probe(next));
      continue;
    }
    TieredCells::cell_of(element).set(TieredCell::kReferenced);
    const bool goes_on = visit({element.key(), elements_.record_of(element)});
    ++visited;
    // The least key above the last one visited, so that an element added in between is seen.
    next.assign(element.key());
    next.push_back('\0');
    if (!goes_on) limit = visited;
  }
}

bool TieredMap::may_leave(Entry& entry) {
  const TieredCell& cell = TieredCells::cell_of(entry);
  // An element's value is its head, a head's is its record.
  if (cell.value != heads_.record_of(entry)) return true;
  const Elements* map = elements_of(entry);
  return map == nullptr || map->cells == 0;
}

void TieredMap::leaves(Entry& entry) {
  TieredCell& cell = TieredCells::cell_of(entry);
  if (cell.value != heads_.record_of(entry)) {
    Elements& map = *elements_of(head_of(cell));
    // One that is absent leaves nothing behind that would have to be read, and what is deleted with
    // its whole map may still be in the store.
    if (cell.present) {
      tree_references_ -= map.tree.erase(Probe(entry.key()));
      map.complete = false;
    }
    --map.cells;
    return;
  }
  if (Elements* map = elements_of(entry)) {
    delete map;
    --maps_;
    elements_of(entry) = nullptr;
  }
  if (last_ == &entry) last_ = nullptr;
}

bool TieredMap::restore_head(const StateKey& key, std::optional<std::string_view> stored,
                             bool stays) {
  Entry* head = heads_.table().find(key);
  if (head == nullptr) {
    if (!stays) return false;
    if (!stored && !shared_.backing->holds_any()) return true;
    head = &heads_.table().find_or_insert(key);
    heads_.begin(*head);
  }
  heads_.restore(*head, stored);
  // Elements may be in the base, and in deltas that come later.
  if (elements_of(*head) == nullptr)
    make_elements(*head, false);
  else
    elements_of(*head)->complete = false;
  drop_head_if_needless(*head);
  return true;
}

bool TieredMap::restore_element(const StateKey& key, std::string_view map_key,
                                std::optional<std::string_view> stored, bool stays) {
  Entry* head = heads_.table().find(key);
  if (head == nullptr) {
    if (!stays) return false;
    if (!stored && !shared_.backing->holds_any()) return true;
    // Its head comes later, or has not changed since it was stored.
    head = &heads_.table().find_or_insert(key);
    heads_.begin(*head);
    if (shared_.backing->holds_any()) heads_.load({&head, 1});
  }
  if (elements_of(*head) == nullptr) make_elements(*head, false);
  Elements& map = *elements_of(*head);
  Entry* element = elements_.table().find(map.address(map_key));
  if (element == nullptr) {
    if (!stays) return false;
    if (!stored && !shared_.backing->holds_any()) return true;
    element = &make_element(*head, map_key);
  }
  if (is_present(*element)) tree_references_ -= map.tree.erase(Probe(map_key));
  elements_.restore(*element, stored);
  if (is_present(*element))
    insert(map, *element);
  else if (elements_.is_needless(TieredCells::cell_of(*element)))
    drop_element(*element);
  return true;
}

void TieredMap::restore_cleared(const StateKey& key) {
  Entry* head = heads_.table().find(key);
  if (head == nullptr || elements_of(*head) == nullptr) return;
  Elements& map = *elements_of(*head);
  std::vector<Entry*> in_memory;
  for (const Reference& reference : map.tree) in_memory.push_back(reference.element);
  tree_references_ -= map.tree.size();
  map.tree.clear();
  for (Entry* element : in_memory) drop_element(*element);
}

}  // namespace tributary
