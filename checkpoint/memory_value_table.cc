#include "checkpoint/memory_value_table.h"

#include <algorithm>
#include <cstring>

namespace tributary {
namespace {

constexpr std::size_t kBatch = 256;

}  // namespace

MemoryValueTable::MemoryValueTable(const TypeInfo& type, MemoryKeyOrder& order)
    : record_offset_(sizeof(Cell) + (type.has_references ? sizeof(OwnedReferences) : 0)),
      table_(record_offset_ + type.size),
      copier_(type),
      order_(order) {}

MemoryValueTable::~MemoryValueTable() {
  if (!copier_.type().has_references) return;
  table_.for_each_unordered([this](MemoryKeyTable::Entry& entry) {
    copier_.release(references_of(*static_cast<Cell*>(entry.payload())));
  });
}

void MemoryValueTable::fetch(std::span<const StateKey> keys, std::span<StateEntry*> entries) {
  drop_absent();
  MemoryKeyTable::Entry* found[kBatch];
  for (std::size_t from = 0; from < keys.size(); from += kBatch) {
    const std::size_t count = std::min(kBatch, keys.size() - from);
    table_.find_or_insert(keys.subspan(from, count), {found, count});
    for (std::size_t i = 0; i < count; ++i) {
      auto& cell = *static_cast<Cell*>(found[i]->payload());
      if (!cell.present) [[unlikely]] {
        if (cell.value == nullptr) {
          cell.value = static_cast<char*>(found[i]->payload()) + record_offset_;
          copier_.write_default(cell.value);
        }
        list_absent(cell);
      }
      entries[from + i] = &cell;
    }
  }
}

void MemoryValueTable::assign(StateEntry& entry, const void* value) {
  auto& cell = static_cast<Cell&>(entry);
  if (copier_.type().has_references)
    copier_.write(value, cell.value, references_of(cell));
  else if (value != cell.value)
    std::memmove(cell.value, value, copier_.type().size);
  touch(entry);
}

void MemoryValueTable::touch(StateEntry& entry) {
  if (entry.present) return;
  entry.present = true;
  order_.add(key_of(static_cast<Cell&>(entry)));
}

void MemoryValueTable::clear(StateEntry& entry) {
  auto& cell = static_cast<Cell&>(entry);
  if (cell.present) {
    cell.present = false;
    order_.remove(key_of(cell));
  }
  if (copier_.type().has_references) copier_.release(references_of(cell));
  copier_.write_default(cell.value);
  list_absent(cell);
}

void MemoryValueTable::list_absent(Cell& cell) {
  if (cell.listed) return;
  cell.listed = true;
  absent_.push_back(&cell);
}

void MemoryValueTable::drop_absent() {
  for (Cell* cell : absent_) {
    cell->listed = false;
    if (!cell->present) table_.erase(key_of(*cell));
  }
  absent_.clear();
}

}  // namespace tributary
