#include "checkpoint/tiered_catalog.h"

#include <algorithm>

#include "base/migration.h"

namespace tributary {
namespace {

using checkpoint::StateInCatalog;

constexpr std::uint32_t kStateIdMax = 65535;

std::string encoded(const Schema& schema) {
  std::string bytes;
  schema.encode(bytes);
  return bytes;
}

// A key's schema of before against the type of today; both may be missing.
Status check_key(const std::string& stored, const TypeInfo* type, const std::string& attempted) {
  if (stored.empty() || type == nullptr) return {};
  const Schema before = TRY(Schema::decode(stored));
  Status status = check_key_unchanged(before, *type);
  if (!status) return std::unexpected(std::move(status).error().in(attempted));
  return {};
}

}  // namespace

StateInCatalog* TieredCatalog::find(const std::string& operator_name, const std::string& name) {
  const auto found = std::ranges::find_if(entries_, [&](const StateInCatalog& entry) {
    return entry.operator_name() == operator_name && entry.name() == name;
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool TieredCatalog::has(const std::string& operator_name, const std::string& name) const {
  return const_cast<TieredCatalog*>(this)->find(operator_name, name) != nullptr;
}

Status TieredCatalog::restore(const google::protobuf::RepeatedPtrField<StateInCatalog>& entries) {
  for (const StateInCatalog& entry : entries) {
    if (entry.state_id() == 0 || entry.state_id() >= kStateIdMax)
      return fail(ErrorCode::S431, "state \"{}\" of {} has the id {}", entry.name(),
                  entry.operator_name(), entry.state_id());
    StateInCatalog* known = find(entry.operator_name(), entry.name());
    if (known == nullptr) {
      const bool is_taken = std::ranges::any_of(entries_, [&](const StateInCatalog& other) {
        return other.state_id() == entry.state_id();
      });
      if (is_taken)
        return fail(ErrorCode::S432, "the id {} is given to state \"{}\" of {} and to another one",
                    entry.state_id(), entry.name(), entry.operator_name());
      entries_.push_back(entry);
      continue;
    }
    const int common = std::min(known->value_schemas_size(), entry.value_schemas_size());
    const bool same =
        known->state_id() == entry.state_id() && known->kind() == entry.kind() &&
        std::equal(known->value_schemas().begin(), known->value_schemas().begin() + common,
                   entry.value_schemas().begin());
    if (!same)
      return fail(ErrorCode::S432, "tasks disagree about state \"{}\" of {}", entry.name(),
                  entry.operator_name());
    if (entry.value_schemas_size() > common) *known = entry;
  }
  return {};
}

Result<std::uint32_t> TieredCatalog::next_id(std::uint32_t ids) const {
  std::uint32_t next = 1;
  for (const StateInCatalog& entry : entries_)
    next = std::max(next, entry.state_id() + (entry.kind() == StateInCatalog::MAP ? 2 : 1));
  if (next + ids > kStateIdMax) return fail(ErrorCode::S432, "a task has {} states", next);
  return next;
}

Result<const StateInCatalog*> TieredCatalog::declare(const std::string& operator_name, Kind kind,
                                                     const StateDescriptor& descriptor) {
  StateInCatalog* entry = find(operator_name, descriptor.name);
  if (entry == nullptr) {
    const std::uint32_t id = TRY(next_id(kind == StateInCatalog::MAP ? 2 : 1));
    entry = &entries_.emplace_back();
    entry->set_operator_name(operator_name);
    entry->set_name(descriptor.name);
    entry->set_kind(kind);
    entry->set_state_id(id);
  }
  if (kind == StateInCatalog::TIMERS) return entry;
  const std::string attempted =
      fmt::format("restoring state \"{}\" of {}", descriptor.name, operator_name);
  if (entry->kind() != kind)
    return fail(ErrorCode::S401, "{}: it was a {} and is a {}", attempted,
                StateInCatalog::Kind_Name(entry->kind()), StateInCatalog::Kind_Name(kind));
  TRY(check_key(entry->key_schema(), descriptor.key_type, attempted + ", its key"));
  TRY(check_key(entry->map_key_schema(), descriptor.map_key_type, attempted + ", its map key"));
  const bool expires = descriptor.ttl > Duration{};
  if (entry->value_schemas_size() > 0 && (entry->ttl_micros() != 0) != expires)
    return fail(ErrorCode::S401, "{}: values that expire cannot be read as ones that do not",
                attempted);
  if (descriptor.key_type != nullptr)
    entry->set_key_schema(encoded(schema_of(*descriptor.key_type)));
  if (descriptor.map_key_type != nullptr)
    entry->set_map_key_schema(encoded(schema_of(*descriptor.map_key_type)));
  entry->set_ttl_micros(descriptor.ttl.micros);
  entry->set_ttl_clock(static_cast<std::uint32_t>(descriptor.ttl_clock));
  const Schema schema = schema_of(*descriptor.value_type);
  for (const Schema& before : TRY(value_schemas_of(*entry))) {
    auto planned = plan_migration(before, *descriptor.value_type);
    if (!planned) return std::unexpected(std::move(planned).error().in(attempted));
  }
  const int stored = entry->value_schemas_size();
  if (stored == 0 || entry->value_schemas(stored - 1) != encoded(schema))
    entry->add_value_schemas(encoded(schema));
  return entry;
}

Result<std::vector<Schema>> value_schemas_of(const StateInCatalog& entry) {
  std::vector<Schema> schemas;
  for (const std::string& bytes : entry.value_schemas())
    schemas.push_back(TRY(Schema::decode(bytes)));
  return schemas;
}

}  // namespace tributary
