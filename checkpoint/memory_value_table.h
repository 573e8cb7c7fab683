// checkpoint/memory_value_table.h
// Value state in memory: the record lies in its key's table entry and is changed in place.
//
// Owner: MemoryKeyedState; its slot's thread only. Keys that were fetched and are absent stay in
// the table, pinned, until the next fetch, so that a batch may clear a key and set it again.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/type_info.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/memory_key_order.h"
#include "checkpoint/memory_key_table.h"
#include "checkpoint/owned_value.h"

namespace tributary {

class MemoryValueTable final : public ValueState {
 public:
  MemoryValueTable(const TypeInfo& type, MemoryKeyOrder& order);
  ~MemoryValueTable() override;

  void fetch(std::span<const StateKey> keys, std::span<StateEntry*> entries) override;
  void assign(StateEntry& entry, const void* value) override;
  void touch(StateEntry& entry) override;
  void clear(StateEntry& entry) override;

  const MemoryKeyTable& keys() const { return table_; }
  std::size_t bytes() const { return table_.bytes() + copier_.bytes(); }

 private:
  // The payload of an entry. Behind it OwnedReferences (types with references only), then the
  // record.
  struct Cell : StateEntry {
    bool listed = false;  // in absent_
  };
  static_assert(sizeof(Cell) == 16);
  static_assert(sizeof(OwnedReferences) == 16);

  static MemoryKeyTable::Entry& key_of(Cell& cell) {
    return MemoryKeyTable::Entry::of_payload(&cell);
  }
  static OwnedReferences& references_of(Cell& cell) {
    return *reinterpret_cast<OwnedReferences*>(&cell + 1);
  }
  void list_absent(Cell& cell);
  void drop_absent();

  const std::size_t record_offset_;
  MemoryKeyTable table_;
  ValueCopier copier_;
  MemoryKeyOrder& order_;
  std::vector<Cell*> absent_;  // absent at the last fetch or cleared since
};

}  // namespace tributary
