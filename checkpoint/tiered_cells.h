// checkpoint/tiered_cells.h
// The cells of one state: decoded records in a table that may be larger than memory allows. A cell
// is the unit of change, of snapshots and of eviction: a value, the head of a map, or an element of
// one.
//
// Owner: one state; its slot's thread only. Invariants: a frozen cell is captured (encoded into the
// frozen delta) before it changes or leaves (rule 24); a cell leaves memory only when the working
// store has the same and some delta or base too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/migration.h"
#include "base/record_codec.h"
#include "base/type_info.h"
#include "checkpoint/entry_numbers.h"
#include "checkpoint/keyed_state.h"
#include "checkpoint/lsm_key.h"
#include "checkpoint/memory_key_table.h"
#include "checkpoint/owned_value.h"
#include "checkpoint/tiered_shared.h"

namespace tributary {

// The payload of an entry. Behind it OwnedReferences (types with references only), the record, the
// time it was written (states that expire only), and what the owner keeps.
struct TieredCell : StateEntry {
  enum Flag : std::uint8_t {
    kLive = 1,           // the entry is in use
    kReferenced = 2,     // used since the hand of eviction came by
    kKnown = 4,          // some delta or base may hold it
    kInStore = 8,        // the working store holds some value of it
    kStoreCurrent = 16,  // ... and this very one
    kWriting = 32,       // on its way there, unchanged since
    kListed = 64,        // among the owner's absent ones
  };
  std::uint8_t flags = 0;
  // Epoch of the last change that no delta has; 0: none.
  std::uint32_t stamp = 0;

  bool has(Flag flag) const { return (flags & flag) != 0; }
  void set(Flag flag) { flags = static_cast<std::uint8_t>(flags | flag); }
  void unset(Flag flag) { flags = static_cast<std::uint8_t>(flags & ~flag); }
};
static_assert(sizeof(TieredCell) == 16);

class TieredCells {
 public:
  static constexpr std::size_t kValueBytesMax = std::size_t{64} << 20;
  using Entry = MemoryKeyTable::Entry;

  // Is asked before a cell leaves memory by eviction, and told.
  class Owner {
   public:
    virtual bool may_leave(Entry& entry) = 0;
    virtual void leaves(Entry& entry) = 0;

   protected:
    ~Owner() = default;
  };

  struct Spec {
    StateId id;
    std::string name;  // for messages
    const TypeInfo* type = nullptr;
    // Cells of elements: `value` is the head's entry, not the record; the entry's key is the map
    // key.
    bool of_elements = false;
    std::size_t extra_bytes = 0;  // of the owner, zeroed
    Duration ttl;                 // zero: never expires
    TimeDomain ttl_clock = TimeDomain::kEvent;
    Owner* owner = nullptr;
  };
  TieredCells(TieredShared& shared, const Spec& spec);
  ~TieredCells();

  const Spec& spec() const { return spec_; }
  MemoryKeyTable& table() { return table_; }
  const MemoryKeyTable& table() const { return table_; }
  const ValueCopier& copier() const { return copier_; }
  std::size_t bytes() const {
    return table_.bytes() + copier_.bytes() + dirty_.bytes() + frozen_.bytes();
  }

  static TieredCell& cell_of(Entry& entry) { return *static_cast<TieredCell*>(entry.payload()); }
  static Entry& entry_of(TieredCell& cell) { return Entry::of_payload(&cell); }
  void* record_of(Entry& entry) const {
    return static_cast<char*>(entry.payload()) + record_offset_;
  }
  void* extra_of(Entry& entry) const { return static_cast<char*>(entry.payload()) + extra_offset_; }

  // Makes an absent cell of an entry that the table just made. `head` for elements.
  void begin(Entry& entry, Entry* head = nullptr);
  // Fills cells that were just begun from the working store, inline.
  void load(std::span<Entry*> begun);
  // The same for one whose stored bytes are known.
  void fill(Entry& entry, std::string_view stored);
  // As fill, for what a restore reads: captured, and not in the working store.
  void restore(Entry& entry, std::optional<std::string_view> stored);

  // Before anybody may change it.
  void prepare(TieredCell& cell) {
    if (cell.stamp != shared_.epoch && cell.stamp != 0) [[unlikely]]
      capture_before_change(cell);
  }
  // What was written before its clock began lives from the first look after that.
  bool expired(TieredCell& cell);
  // Copies the record in; then changed().
  void write(TieredCell& cell, const void* value);
  void make_present(TieredCell& cell) {
    cell.present = true;
    changed(cell);
  }
  // Absent, with the defaults of its type.
  void make_absent(TieredCell& cell);
  void changed(TieredCell& cell) {
    constexpr std::uint8_t kStored = TieredCell::kStoreCurrent | TieredCell::kWriting;
    if (spec_.ttl > Duration{}) [[unlikely]]
      note_time(cell);
    if (cell.stamp == shared_.epoch && (cell.flags & kStored) == 0) return;
    note_change(cell);
  }
  // An absent cell that nobody else knows of.
  bool is_needless(const TieredCell& cell) const {
    return !cell.present && !cell.has(TieredCell::kInStore) &&
           (cell.stamp == 0 || !cell.has(TieredCell::kKnown));
  }
  // Out of the table, whatever it holds.
  void drop(Entry& entry);

  void append_lsm_key(Entry& entry, std::string& out) const;
  // The same into room for lsm_key_bytes_max(); gives the position behind.
  std::size_t lsm_key_bytes_max(Entry& entry) const;
  char* write_lsm_key(Entry& entry, char* out) const;

  // Snapshot.
  void freeze() { std::swap(frozen_, dirty_); }
  // Captures up to `limit` frozen cells, less those captured. True when none is left.
  bool sweep(std::size_t& limit);
  // A renewal begins; looks at up to `limit` entries, less those looked at, and notes as changed
  // what is not. True when it came to the end of the table.
  void begin_renewal() { renewal_hand_ = 0; }
  bool renew(std::size_t& limit);

  // Eviction: looks at up to `visits` entries, and lets go what is clean and was not used lately.
  // True if it came around the table.
  bool evict(std::size_t visits);
  // Adds cells to be written to the working store, up to `bytes`; looks at up to `visits` entries.
  struct Written {
    TieredCells* cells = nullptr;
    std::uint32_t number = 0;
  };
  void collect_unwritten(std::size_t visits, std::size_t& bytes, std::vector<LsmWrite>& writes,
                         std::vector<Written>& written);
  void written(std::uint32_t number, bool well);

  // The schemas that values may bear; the last one is written now.
  Status set_schemas(std::span<const Schema> schemas);
  std::size_t encoded_bytes_max(Entry& entry) const;
  char* encode(Entry& entry, char* out) const;

 private:
  bool is_stored(const TieredCell& cell) const {
    return cell.has(TieredCell::kStoreCurrent) ||
           (!cell.present && !cell.has(TieredCell::kInStore));
  }
  OwnedReferences& references_of(TieredCell& cell) const {
    return *reinterpret_cast<OwnedReferences*>(&cell + 1);
  }
  std::int64_t& written_at(Entry& entry) const {
    return *reinterpret_cast<std::int64_t*>(static_cast<char*>(entry.payload()) + ttl_offset_);
  }
  Timestamp now_for(const Entry& address) const;
  Error too_large(const Entry& address, std::size_t bytes) const;
  const Entry& address_of(const TieredCell& cell) const;
  void note_time(TieredCell& cell);
  void note_change(TieredCell& cell);
  void capture_before_change(TieredCell& cell);
  void capture(TieredCell& cell, bool dropped);
  void forget_if_needless(Entry& entry);

  TieredShared& shared_;
  const Spec spec_;
  const std::size_t record_offset_;
  const std::size_t ttl_offset_;
  const std::size_t extra_offset_;
  MemoryKeyTable table_;
  ValueCopier copier_;
  RecordCodec codec_;
  std::vector<Migration> migrations_;  // by schema id
  std::uint32_t schema_id_ = 0;
  Arena decoded_;
  std::vector<std::uint64_t> staged_;  // a decoded record
  std::string key_;
  EntryNumbers dirty_;   // cells changed in this epoch; some are gone since
  EntryNumbers frozen_;  // the same of the frozen epoch, not yet swept
  std::uint32_t hand_ = 0;
  std::uint32_t write_hand_ = 0;
  std::uint32_t renewal_hand_ = 0;
};

}  // namespace tributary
