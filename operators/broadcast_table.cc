#include "operators/broadcast_table.h"

#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/migration.h"
#include "base/record_codec.h"
#include "base/schema.h"

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

void BroadcastTable::encode(std::string& out) const {
  ByteWriter writer(out);
  std::string schema;
  schema_of(codec_.type()).encode(schema);
  writer.prefixed(schema);
  schema.clear();
  schema_of(value_type_).encode(schema);
  writer.prefixed(schema);
  writer.varint(cells_.size());
  const RecordCodec values(value_type_);
  std::string value;
  for (const auto& [bytes, cell] : cells_) {
    value.clear();
    values.encode(cell.value, value);
    writer.prefixed(bytes);
    writer.prefixed(value);
  }
}

Status BroadcastTable::decode(std::string_view bytes) {
  const auto damaged = [] {
    return fail(ErrorCode::S431, "a copy of broadcast state is cut or damaged");
  };
  ByteReader reader(bytes);
  const std::string_view key_bytes = reader.prefixed(Schema::kEncodedBytesMax);
  const std::string_view value_bytes = reader.prefixed(Schema::kEncodedBytesMax);
  const auto count = reader.varint();
  if (!reader.ok()) return damaged();
  const Schema key_schema = TRY(Schema::decode(key_bytes));
  TRY(check_key_unchanged(key_schema, codec_.type()));
  const Schema value_schema = TRY(Schema::decode(value_bytes));
  const Migration migration = TRY(plan_migration(value_schema, value_type_));
  std::map<std::string, Cell, std::less<>> cells;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view key = reader.prefixed(bytes.size());
    const std::string_view value = reader.prefixed(bytes.size());
    if (!reader.ok()) return damaged();
    Cell cell;
    cell.key = cell.arena.allocate(codec_.type().size, 16);
    cell.value = cell.arena.allocate(value_type_.size, 16);
    TRY(codec_.decode_exact(key, cell.key, cell.arena));
    TRY(migration.decode_exact(value, cell.value, cell.arena));
    cells.insert_or_assign(std::string(key), std::move(cell));
  }
  if (!reader.finished()) return damaged();
  cells_ = std::move(cells);
  return {};
}

}  // namespace tributary::internal
