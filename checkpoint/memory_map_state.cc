#include "checkpoint/memory_map_state.h"

#include <bit>
#include <cstring>

#include "base/hash.h"

namespace tributary {
namespace {

static_assert(std::endian::native == std::endian::little);

// What a reference costs in the tree, about: its node's share.
constexpr std::size_t kReferenceBytes = 32;

std::uint64_t leading_number(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
  return __builtin_bswap64(number);
}

}  // namespace

MemoryMapState::Probe::Probe(std::string_view key) : bytes(key) {
  if (key.empty()) return;
  first = leading_number(key);
  if (key.size() > 8) second = leading_number(key.substr(8));
}

// The map's number tells equal map keys of different maps apart.
StateKey MemoryMapState::Elements::address(std::string_view map_key) const {
  return {xxh3_64(map_key), map_key, {reinterpret_cast<const char*>(&number), sizeof number}};
}

MemoryMapState::MemoryMapState(const TypeInfo& type, MemoryKeyOrder& order)
    : record_offset_(type.has_references ? sizeof(OwnedReferences) : 0),
      table_(sizeof(Elements*)),
      elements_(record_offset_ + type.size),
      copier_(type),
      order_(order) {}

MemoryMapState::~MemoryMapState() {
  table_.for_each_unordered(
      [](MemoryKeyTable::Entry& entry) { delete *static_cast<Elements**>(entry.payload()); });
  if (!copier_.type().has_references) return;
  elements_.for_each_unordered([this](Element& element) {
    copier_.release(*static_cast<OwnedReferences*>(element.payload()));
  });
}

std::size_t MemoryMapState::bytes() const {
  return table_.bytes() + table_.size() * sizeof(Elements) + elements_.bytes() +
         elements_.size() * kReferenceBytes + copier_.bytes();
}

MemoryMapState::Elements* MemoryMapState::find(const StateKey& key) {
  if (last_ == nullptr || !last_->holds(key)) {
    MemoryKeyTable::Entry* entry = table_.find(key);
    if (entry == nullptr) return nullptr;
    last_ = entry;
  }
  return *static_cast<Elements**>(last_->payload());
}

MemoryMapState::Elements& MemoryMapState::find_or_make(const StateKey& key) {
  if (Elements* found = find(key)) return *found;
  last_ = &table_.find_or_insert(key);
  auto* made = new Elements{.number = ++last_number_, .tree = {}};
  *static_cast<Elements**>(last_->payload()) = made;
  order_.add(*last_);
  return *made;
}

const void* MemoryMapState::get(const StateKey& key, std::string_view map_key) {
  const Elements* map = find(key);
  if (map == nullptr) return nullptr;
  Element* element = elements_.find(map->address(map_key));
  return element == nullptr ? nullptr : record_of(*element);
}

void MemoryMapState::put(const StateKey& key, std::string_view map_key, const void* value) {
  Elements& map = find_or_make(key);
  const StateKey address = map.address(map_key);
  if (Element* known = elements_.find(address)) return write(*known, value);
  Element& element = elements_.find_or_insert(address);
  write(element, value);
  const Probe probe(map_key);
  map.tree.insert(Reference{probe.first, probe.second, &element});
}

bool MemoryMapState::erase(const StateKey& key, std::string_view map_key) {
  Elements* map = find(key);
  if (map == nullptr) return false;
  Element* element = elements_.find(map->address(map_key));
  if (element == nullptr) return false;
  map->tree.erase(map->tree.find(Probe(map_key)));
  free_element(*element);
  if (map->tree.empty()) drop(*last_);
  return true;
}

std::optional<std::string> MemoryMapState::scan_from(
    const StateKey& key, std::string_view from, std::size_t limit,
    const std::function<bool(const MapElement&)>& visit) {
  const Elements* map = find(key);
  if (map == nullptr) return std::nullopt;
  auto at = map->tree.lower_bound(Probe(from));
  if (at == map->tree.end()) return std::nullopt;
  if (limit == 0) return std::string(from);
  for (std::size_t visited = 1;; ++visited) {
    const std::string_view map_key = at->element->key();
    const bool stop = !visit({map_key, record_of(*at->element)}) || visited == limit;
    ++at;
    if (at == map->tree.end()) return std::nullopt;
    if (!stop) continue;
    // The least key above the last one visited, so that an element added in between is seen.
    std::string next(map_key);
    next.push_back('\0');
    return next;
  }
}

std::size_t MemoryMapState::size(const StateKey& key) {
  const Elements* map = find(key);
  return map == nullptr ? 0 : map->tree.size();
}

void MemoryMapState::clear(const StateKey& key) {
  if (find(key) != nullptr) drop(*last_);
}

void MemoryMapState::drop(MemoryKeyTable::Entry& entry) {
  Elements* map = *static_cast<Elements**>(entry.payload());
  for (const Reference& reference : map->tree) free_element(*reference.element);
  delete map;
  order_.remove(entry);
  table_.erase(entry);
  last_ = nullptr;
}

void MemoryMapState::write(Element& element, const void* value) {
  // Types without references have none to give.
  OwnedReferences none;
  copier_.write(value, record_of(element),
                record_offset_ == 0 ? none : *static_cast<OwnedReferences*>(element.payload()));
}

void MemoryMapState::free_element(Element& element) {
  if (record_offset_ != 0) copier_.release(*static_cast<OwnedReferences*>(element.payload()));
  elements_.erase(element);
}

}  // namespace tributary
