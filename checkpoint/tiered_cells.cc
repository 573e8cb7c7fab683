#include "checkpoint/tiered_cells.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/excerpt.h"
#include "base/varint.h"

namespace tributary {
namespace {

std::size_t aligned8(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

}  // namespace

TieredCells::TieredCells(TieredShared& shared, const Spec& spec)
    : shared_(shared),
      spec_(spec),
      record_offset_(sizeof(TieredCell) +
                     (spec.type->has_references ? sizeof(OwnedReferences) : 0)),
      ttl_offset_(aligned8(record_offset_ + spec.type->size)),
      extra_offset_(ttl_offset_ + (spec.ttl > Duration{} ? sizeof(std::int64_t) : 0)),
      // Elements are found by their map.
      table_(extra_offset_ + spec.extra_bytes, spec.of_elements ? 0 : shared.key_group_count,
             shared.table_order),
      copier_(*spec.type),
      codec_(*spec.type),
      staged_(aligned8(spec.type->size) / 8 + 2) {}

TieredCells::~TieredCells() {
  if (!spec_.type->has_references) return;
  table_.for_each_unordered(
      [this](Entry& entry) { copier_.release(references_of(cell_of(entry))); });
}

Status TieredCells::set_schemas(std::span<const Schema> schemas) {
  migrations_.clear();
  for (const Schema& schema : schemas) {
    auto planned = plan_migration(schema, *spec_.type);
    if (!planned)
      return std::unexpected(
          std::move(planned).error().in(fmt::format("restoring state \"{}\"", spec_.name)));
    migrations_.push_back(*std::move(planned));
  }
  schema_id_ = static_cast<std::uint32_t>(schemas.size() - 1);
  return {};
}

void TieredCells::begin(Entry& entry, Entry* head) {
  TieredCell& cell = cell_of(entry);
  cell.flags = TieredCell::kLive | TieredCell::kReferenced;
  cell.value = spec_.of_elements ? static_cast<void*>(head) : record_of(entry);
  copier_.write_default(record_of(entry));
}

void TieredCells::load(std::span<Entry*> begun) {
  std::vector<std::pair<std::string, Entry*>> wanted;
  wanted.reserve(begun.size());
  for (Entry* entry : begun) {
    append_lsm_key(*entry, wanted.emplace_back(std::string(), entry).first);
  }
  std::ranges::sort(wanted);
  std::vector<std::string> keys;
  keys.reserve(wanted.size());
  for (auto& [key, entry] : wanted) keys.push_back(std::move(key));
  std::vector<std::optional<std::string>> values(keys.size());
  if (Status status = shared_.backing->multi_get(keys, values); !status)
    return shared_.fail_with(std::move(status).error());
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) fill(*wanted[i].second, *values[i]);
}

void TieredCells::fill(Entry& entry, std::string_view stored) {
  TieredCell& cell = cell_of(entry);
  restore(entry, stored);
  cell.set(TieredCell::kInStore);
  cell.set(TieredCell::kStoreCurrent);
}

void TieredCells::restore(Entry& entry, std::optional<std::string_view> stored) {
  TieredCell& cell = cell_of(entry);
  cell.stamp = 0;
  cell.flags = static_cast<std::uint8_t>((cell.flags | TieredCell::kKnown) &
                                         ~(TieredCell::kStoreCurrent | TieredCell::kWriting));
  // What it holds may be older.
  if (shared_.backing->holds_any()) cell.set(TieredCell::kInStore);
  if (!stored) {
    cell.unset(TieredCell::kKnown);
    if (cell.present) {
      if (spec_.type->has_references) copier_.release(references_of(cell));
      copier_.write_default(record_of(entry));
      cell.present = false;
    }
    return;
  }
  ByteReader reader(*stored);
  const std::uint64_t schema = reader.varint();
  std::int64_t written = 0;
  if (spec_.ttl > Duration{}) written = reader.fixed<std::int64_t>();
  decoded_.reset();
  Status status;
  if (!reader.ok() || schema >= migrations_.size())
    status = fail(ErrorCode::S431, "a value of state {} bears schema {} of {}", spec_.id.value,
                  schema, migrations_.size());
  else
    status = migrations_[schema].decode_exact(reader.rest(), staged_.data(), decoded_);
  if (!status) return shared_.fail_with(std::move(status).error());
  OwnedReferences none;
  copier_.write(staged_.data(), record_of(entry),
                spec_.type->has_references ? references_of(cell) : none);
  if (spec_.ttl > Duration{}) written_at(entry) = written;
  cell.present = true;
}

const TieredCells::Entry& TieredCells::address_of(const TieredCell& cell) const {
  if (spec_.of_elements) return *static_cast<const Entry*>(cell.value);
  return Entry::of_payload(const_cast<TieredCell*>(&cell));
}

Timestamp TieredCells::now_for(const Entry& address) const {
  if (spec_.ttl_clock == TimeDomain::kProcessing)
    return shared_.clock != nullptr ? shared_.clock->now() : Timestamp::min();
  return shared_.clocks.for_expiry(shared_.group_of(address.key_hash()));
}

bool TieredCells::expired(TieredCell& cell) {
  if (spec_.ttl <= Duration{} || !cell.present) return false;
  const Timestamp written{written_at(entry_of(cell))};
  const Timestamp now = now_for(address_of(cell));
  if (written > Timestamp::min()) return now >= saturating_add(written, spec_.ttl);
  if (now > Timestamp::min()) {
    prepare(cell);
    changed(cell);
  }
  return false;
}

Error TieredCells::too_large(const Entry& address, std::size_t bytes) const {
  return {ErrorCode::S433, fmt::format("state \"{}\" was given a value of {} MiB for the key {}",
                                       spec_.name, bytes >> 20, excerpt(address.key()))};
}

void TieredCells::write(TieredCell& cell, const void* value) {
  Entry& entry = entry_of(cell);
  if (spec_.type->has_references) {
    copier_.write(value, record_of(entry), references_of(cell));
    if (references_of(cell).capacity > kValueBytesMax) [[unlikely]]
      shared_.fail_with(too_large(address_of(cell), references_of(cell).capacity));
  } else if (value != record_of(entry))
    std::memmove(record_of(entry), value, spec_.type->size);
}

void TieredCells::make_absent(TieredCell& cell) {
  if (spec_.type->has_references) copier_.release(references_of(cell));
  copier_.write_default(record_of(entry_of(cell)));
  if (!cell.present) return;
  cell.present = false;
  changed(cell);
}

void TieredCells::note_time(TieredCell& cell) {
  written_at(entry_of(cell)) = now_for(address_of(cell)).micros;
}

void TieredCells::note_change(TieredCell& cell) {
  cell.unset(TieredCell::kStoreCurrent);
  cell.unset(TieredCell::kWriting);
  if (cell.stamp == shared_.epoch) return;
  cell.stamp = shared_.epoch;
  dirty_.add(entry_of(cell).number());
}

void TieredCells::capture_before_change(TieredCell& cell) {
  if (shared_.hazards.no_pre_image)
    cell.stamp = 0;
  else
    capture(cell, false);
}

void TieredCells::capture(TieredCell& cell, bool dropped) {
  TieredChain& chain = *shared_.chain;
  DeltaWriter& writer = cell.stamp == shared_.epoch ? chain.current() : chain.frozen();
  cell.stamp = 0;
  if (!cell.present && !cell.has(TieredCell::kKnown)) return;
  Entry& entry = entry_of(cell);
  if (cell.present) {
    writer.put(
        lsm_key_bytes_max(entry), encoded_bytes_max(entry), dropped,
        [&](char* out) { return write_lsm_key(entry, out); },
        [&](char* out) { return encode(entry, out); });
    cell.set(TieredCell::kKnown);
  } else {
    key_.clear();
    append_lsm_key(entry, key_);
    if (!shared_.hazards.deltas_without_deletes) writer.erase(key_, dropped);
    cell.unset(TieredCell::kKnown);
  }
  chain.written(writer);
}

void TieredCells::drop(Entry& entry) {
  TieredCell& cell = cell_of(entry);
  if (spec_.type->has_references) copier_.release(references_of(cell));
  cell.flags = 0;
  cell.stamp = 0;
  cell.present = false;
  table_.erase(entry);
}

void TieredCells::append_lsm_key(Entry& entry, std::string& out) const {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + lsm_key_bytes_max(entry), [&](char* bytes, std::size_t) {
    return static_cast<std::size_t>(write_lsm_key(entry, bytes + before) - bytes);
  });
}

std::size_t TieredCells::lsm_key_bytes_max(Entry& entry) const {
  const Entry& address = address_of(cell_of(entry));
  return entry_key_bytes_max(address.key(), address.name_space()) +
         (spec_.of_elements ? entry.key().size() : 0);
}

char* TieredCells::write_lsm_key(Entry& entry, char* out) const {
  const Entry& address = address_of(cell_of(entry));
  out = write_entry_key(shared_.group_of(address.key_hash()), spec_.id, address.key(),
                        address.name_space(), out);
  if (!spec_.of_elements) return out;
  const std::string_view map_key = entry.key();
  if (!map_key.empty()) std::memcpy(out, map_key.data(), map_key.size());
  return out + map_key.size();
}

std::size_t TieredCells::encoded_bytes_max(Entry& entry) const {
  return kVarint32BytesMax + sizeof(std::int64_t) + codec_.encoded_bytes_max(record_of(entry));
}

char* TieredCells::encode(Entry& entry, char* out) const {
  out = write_varint32(schema_id_, out);
  if (spec_.ttl > Duration{}) {
    std::memcpy(out, &written_at(entry), sizeof(std::int64_t));
    out += sizeof(std::int64_t);
  }
  return codec_.encode(record_of(entry), out);
}

bool TieredCells::sweep(std::size_t& limit) {
  return frozen_.take(limit, [this](std::uint32_t number) {
    TieredCell& cell = cell_of(table_.entry_at(number));
    // Captured meanwhile, changed in the next epoch, or another one of the same number.
    if (cell.stamp == 0 || cell.stamp == shared_.epoch) return;
    capture(cell, false);
    if (!cell.present) forget_if_needless(entry_of(cell));
  });
}

bool TieredCells::renew(std::size_t& limit) {
  for (; limit > 0 && renewal_hand_ < table_.numbers(); --limit) {
    Entry& entry = table_.entry_at(++renewal_hand_);
    TieredCell& cell = cell_of(entry);
    if (!cell.present || cell.stamp == shared_.epoch) continue;
    prepare(cell);
    cell.stamp = shared_.epoch;
    dirty_.add(renewal_hand_);
  }
  return renewal_hand_ >= table_.numbers();
}

void TieredCells::forget_if_needless(Entry& entry) {
  TieredCell& cell = cell_of(entry);
  if (!is_needless(cell) || cell.has(TieredCell::kListed) || shared_.backing->holds_any()) return;
  if (spec_.owner != nullptr) {
    if (!spec_.owner->may_leave(entry)) return;
    spec_.owner->leaves(entry);
  }
  drop(entry);
}

bool TieredCells::evict(std::size_t visits) {
  for (; visits > 0; --visits) {
    if (hand_ >= table_.numbers()) {
      hand_ = 0;
      return true;
    }
    Entry& entry = table_.entry_at(++hand_);
    TieredCell& cell = cell_of(entry);
    if (!cell.has(TieredCell::kLive)) continue;
    if (cell.has(TieredCell::kReferenced)) {
      cell.unset(TieredCell::kReferenced);
      continue;
    }
    if (!is_stored(cell) && !shared_.hazards.unstored_may_leave) continue;
    if (cell.has(TieredCell::kListed)) continue;
    if (spec_.owner != nullptr && !spec_.owner->may_leave(entry)) continue;
    if (cell.stamp != 0) capture(cell, true);
    key_.clear();
    append_lsm_key(entry, key_);
    shared_.backing->left_memory(key_);
    if (spec_.owner != nullptr) spec_.owner->leaves(entry);
    drop(entry);
  }
  return false;
}

void TieredCells::collect_unwritten(std::size_t visits, std::size_t& bytes,
                                    std::vector<LsmWrite>& writes, std::vector<Written>& written) {
  for (; visits > 0 && bytes > 0 && table_.numbers() > 0; --visits) {
    write_hand_ = write_hand_ >= table_.numbers() ? 1 : write_hand_ + 1;
    Entry& entry = table_.entry_at(write_hand_);
    TieredCell& cell = cell_of(entry);
    // What is in use will change again; the other hand takes the mark off what is not.
    if (!cell.has(TieredCell::kLive) || is_stored(cell) || cell.has(TieredCell::kReferenced))
      continue;
    LsmWrite& write = writes.emplace_back();
    append_lsm_key(entry, write.key);
    if (cell.present)
      write.value.emplace().resize_and_overwrite(
          encoded_bytes_max(entry), [&](char* out, std::size_t) {
            return static_cast<std::size_t>(encode(entry, out) - out);
          });
    const std::size_t size = write.key.size() + (write.value ? write.value->size() : 0) + 64;
    bytes -= std::min(bytes, size);
    cell.set(TieredCell::kInStore);
    cell.set(TieredCell::kWriting);
    written.push_back({this, write_hand_});
  }
}

void TieredCells::written(std::uint32_t number, bool well) {
  TieredCell& cell = cell_of(table_.entry_at(number));
  if (!cell.has(TieredCell::kWriting)) return;
  cell.unset(TieredCell::kWriting);
  if (well) cell.set(TieredCell::kStoreCurrent);
}

}  // namespace tributary
