#include "checkpoint/memory_map_state.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/error.h"

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

MemoryMapState::MemoryMapState(const TypeInfo& type, MemoryKeyOrder& order)
    : table_(sizeof(Elements*)), copier_(type), order_(order), before_{type.size} {}

MemoryMapState::~MemoryMapState() {
  table_.for_each_unordered([this](MemoryKeyTable::Entry& entry) {
    Elements* elements = *static_cast<Elements**>(entry.payload());
    for (const Reference& reference : *elements) free_element(reference.element);
    delete elements;
  });
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
  auto* made = new Elements(before_);
  *static_cast<Elements**>(last_->payload()) = made;
  order_.add(*last_);
  return *made;
}

const void* MemoryMapState::get(const StateKey& key, std::string_view map_key) {
  const Elements* elements = find(key);
  if (elements == nullptr) return nullptr;
  const auto found = elements->find(Probe(map_key));
  return found == elements->end() ? nullptr : found->element->record();
}

void MemoryMapState::put(const StateKey& key, std::string_view map_key, const void* value) {
  Elements& elements = find_or_make(key);
  const Probe probe(map_key);
  const auto at = elements.lower_bound(probe);
  if (at != elements.end() && !elements.key_comp()(probe, *at)) {
    copier_.write(value, at->element->record(), at->element->references);
    return;
  }
  elements.insert(at, Reference{probe.first, probe.second, make_element(map_key, value)});
}

bool MemoryMapState::erase(const StateKey& key, std::string_view map_key) {
  Elements* elements = find(key);
  if (elements == nullptr) return false;
  const auto at = elements->find(Probe(map_key));
  if (at == elements->end()) return false;
  Element* element = at->element;
  elements->erase(at);
  free_element(element);
  if (elements->empty()) drop(*last_);
  return true;
}

std::optional<std::string> MemoryMapState::scan_from(const StateKey& key, std::string_view from, std::size_t limit,
                                                     const std::function<bool(const MapElement&)>& visit) {
  const Elements* elements = find(key);
  if (elements == nullptr) return std::nullopt;
  auto at = elements->lower_bound(Probe(from));
  if (at == elements->end()) return std::nullopt;
  if (limit == 0) return std::string(from);
  for (std::size_t visited = 1;; ++visited) {
    const std::string_view map_key = before_.key(*at);
    const bool stop = !visit({map_key, at->element->record()}) || visited == limit;
    ++at;
    if (at == elements->end()) return std::nullopt;
    if (!stop) continue;
    // The least key above the last one visited, so that an element added in between is seen.
    std::string next(map_key);
    next.push_back('\0');
    return next;
  }
}

std::size_t MemoryMapState::size(const StateKey& key) {
  const Elements* elements = find(key);
  return elements == nullptr ? 0 : elements->size();
}

void MemoryMapState::clear(const StateKey& key) {
  if (find(key) != nullptr) drop(*last_);
}

void MemoryMapState::drop(MemoryKeyTable::Entry& entry) {
  Elements* elements = *static_cast<Elements**>(entry.payload());
  for (const Reference& reference : *elements) free_element(reference.element);
  delete elements;
  order_.remove(entry);
  table_.erase(entry);
  last_ = nullptr;
}

MemoryMapState::Element* MemoryMapState::make_element(std::string_view map_key, const void* value) {
  const std::size_t bytes = sizeof(Element) + before_.record_bytes + map_key.size();
  void* block = std::malloc(bytes);
  TRIBUTARY_CHECK(block != nullptr, "no memory for a map element of {} bytes", bytes);
  auto* element = new (block) Element;
  element->key_size = map_key.size();
  if (!map_key.empty())
    std::memcpy(static_cast<char*>(element->record()) + before_.record_bytes, map_key.data(), map_key.size());
  copier_.write(value, element->record(), element->references);
  element_bytes_ += bytes + kReferenceBytes;
  return element;
}

void MemoryMapState::free_element(Element* element) {
  element_bytes_ -= element_bytes(*element) + kReferenceBytes;
  copier_.release(element->references);
  std::free(element);
}

}  // namespace tributary
