#include "operators/broadcast_table.h"

#include <cstring>
#include <utility>

namespace tributary::internal {

BroadcastTable::BroadcastTable(const TypeInfo& value_type, const TypeInfo& key_type)
    : value_type_(value_type), codec_(key_type) {}

char* BroadcastTable::copy(const TypeInfo& type, const void* from, Arena& arena) {
  char* to = arena.allocate(type.size, 16);
  if (type.has_references) {
    deep_copy(type, from, to, arena);
  } else {
    std::memcpy(to, from, type.size);
  }
  return to;
}

const void* BroadcastTable::get(const void* key) const {
  std::string bytes;
  codec_.encode(key, bytes);
  const auto found = cells_.find(bytes);
  return found == cells_.end() ? nullptr : found->second.value;
}

void BroadcastTable::put(const void* key, const void* value) {
  std::string bytes;
  codec_.encode(key, bytes);
  // Made before the old one goes: `value` may be in it.
  Cell cell;
  cell.key = copy(codec_.type(), key, cell.arena);
  cell.value = copy(value_type_, value, cell.arena);
  cells_.insert_or_assign(std::move(bytes), std::move(cell));
}

bool BroadcastTable::erase(const void* key) {
  std::string bytes;
  codec_.encode(key, bytes);
  return cells_.erase(bytes) > 0;
}

void BroadcastTable::for_each(
    const std::function<void(const void* key, const void* value)>& visit) const {
  for (const auto& [bytes, cell] : cells_) visit(cell.key, cell.value);
}

}  // namespace tributary::internal
