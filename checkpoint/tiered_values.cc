#include "checkpoint/tiered_values.h"

#include <algorithm>
#include <utility>

namespace tributary {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::uint8_t kInUse = TieredCell::kLive | TieredCell::kReferenced;

}  // namespace

void TieredValues::fetch(std::span<const StateKey> keys, std::span<StateEntry*> entries) {
  drop_absent();
  TieredCells::Entry* found[kBatch];
  for (std::size_t from = 0; from < keys.size(); from += kBatch) {
    const std::size_t count = std::min(kBatch, keys.size() - from);
    cells_.table().find_or_insert(keys.subspan(from, count), {found, count});
    bool plain = cells_.spec().ttl <= Duration{};
    for (std::size_t i = 0; i < count; ++i) {
      TieredCell& cell = TieredCells::cell_of(*found[i]);
      entries[from + i] = &cell;
      plain &= cell.present && (cell.flags & kInUse) == kInUse &&
               (cell.stamp == shared_.epoch || cell.stamp == 0);
    }
    if (plain) [[likely]]
      continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (TieredCells::cell_of(*found[i]).has(TieredCell::kLive)) continue;
      cells_.begin(*found[i]);
      begun_.push_back(found[i]);
    }
    if (!begun_.empty() && shared_.backing->holds_any()) cells_.load(begun_);
    begun_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      TieredCell& cell = TieredCells::cell_of(*found[i]);
      cells_.prepare(cell);
      cell.set(TieredCell::kReferenced);
      if (cells_.expired(cell)) cells_.make_absent(cell);
      if (!cell.present) list_absent(cell);
    }
  }
}

bool TieredValues::prefetch(std::span<const StateKey> keys, std::function<void()> on_ready) {
  if (!shared_.backing->holds_any()) return true;
  struct Wanted {
    std::string lsm_key;
    StateKey key;
  };
  std::vector<Wanted> wanted;
  for (const StateKey& key : keys) {
    if (TieredCells::Entry* entry = cells_.table().find(key)) {
      TieredCells::cell_of(*entry).set(TieredCell::kReferenced);
      continue;
    }
    Wanted& one = wanted.emplace_back();
    one.key = key;
    append_entry_key(shared_.group_of(key.hash), cells_.spec().id, key.key, key.name_space,
                     one.lsm_key);
  }
  if (wanted.empty()) return true;
  std::ranges::sort(wanted, {}, &Wanted::lsm_key);
  const auto same = std::ranges::unique(wanted, {}, &Wanted::lsm_key);
  wanted.erase(same.begin(), same.end());
  std::vector<std::string> lsm_keys;
  std::vector<std::uint64_t> hashes;
  for (Wanted& one : wanted) {
    lsm_keys.push_back(std::move(one.lsm_key));
    hashes.push_back(one.key.hash);
  }
  shared_.backing->read(
      std::move(lsm_keys),
      [this, hashes = std::move(hashes), on_ready = std::move(on_ready)](
          std::span<const std::string> read, Result<TieredBacking::Values> values) {
        if (!values) shared_.fail_with(std::move(values).error());
        for (std::size_t i = 0; values && i < read.size(); ++i) {
          if (shared_.backing->may_be_old(read[i]) && !shared_.hazards.old_reads_count) continue;
          const auto address = parse_entry_key(read[i]);
          const StateKey key{hashes[i], address->key, address->name_space};
          if (cells_.table().find(key) != nullptr) continue;
          TieredCells::Entry& entry = cells_.table().find_or_insert(key);
          cells_.begin(entry);
          if ((*values)[i]) cells_.fill(entry, *(*values)[i]);
        }
        on_ready();
      });
  return false;
}

void TieredValues::assign(StateEntry& entry, const void* value) {
  auto& cell = static_cast<TieredCell&>(entry);
  cells_.write(cell, value);
  cells_.make_present(cell);
}

void TieredValues::touch(StateEntry& entry) {
  cells_.make_present(static_cast<TieredCell&>(entry));
}

void TieredValues::clear(StateEntry& entry) {
  auto& cell = static_cast<TieredCell&>(entry);
  cells_.make_absent(cell);
  list_absent(cell);
}

bool TieredValues::holds(const StateKey& key) {
  TieredCells::Entry* entry = cells_.table().find(key);
  if (entry == nullptr) {
    if (!shared_.backing->holds_any()) return false;
    entry = &cells_.table().find_or_insert(key);
    cells_.begin(*entry);
    cells_.load({&entry, 1});
    list_absent(TieredCells::cell_of(*entry));
  }
  TieredCell& cell = TieredCells::cell_of(*entry);
  return cell.present && !cells_.expired(cell);
}

bool TieredValues::restore(const StateKey& key, std::optional<std::string_view> stored,
                           bool stays) {
  TieredCells::Entry* entry = cells_.table().find(key);
  if (entry == nullptr) {
    if (!stays) return false;
    if (!stored && !shared_.backing->holds_any()) return true;
    entry = &cells_.table().find_or_insert(key);
    cells_.begin(*entry);
  }
  cells_.restore(*entry, stored);
  if (cells_.is_needless(TieredCells::cell_of(*entry)) && !shared_.backing->holds_any())
    cells_.drop(*entry);
  return true;
}

void TieredValues::list_absent(TieredCell& cell) {
  if (cell.has(TieredCell::kListed)) return;
  cell.set(TieredCell::kListed);
  absent_.push_back(&cell);
}

void TieredValues::drop_absent() {
  for (TieredCell* cell : absent_) {
    cell->unset(TieredCell::kListed);
    // Where there is a working store, it is remembered that a key is absent.
    if (cells_.is_needless(*cell) && !shared_.backing->holds_any())
      cells_.drop(TieredCells::entry_of(*cell));
  }
  absent_.clear();
}

}  // namespace tributary
