#include "runtime/cluster/state_evolution.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "base/migration.h"
#include "base/schema.h"

namespace tributary {
namespace {

using checkpoint::StateInCatalog;

// A type as far as a schema tells it: enough to plan how to read values into it, not to read any.
// The schema outlives it.
class TypeShape {
 public:
  explicit TypeShape(const Schema& schema) : root_(make(schema.root())) {}
  TypeShape(const TypeShape&) = delete;
  TypeShape& operator=(const TypeShape&) = delete;

  const TypeInfo& root() const { return root_; }

 private:
  // Texts and containers, whose size nobody asks for.
  static constexpr std::uint32_t kReferenceBytes = 16;

  const TypeInfo& make(const SchemaType& from) {
    TypeInfo& type = types_.emplace_back();
    type.kind = from.kind;
    type.name = from.name;
    type.size = plain_bytes(from.kind);
    switch (from.kind) {
      case TypeKind::kEnum: {
        auto& enumerators = enumerators_.emplace_back();
        for (const SchemaEnumerator& one : from.enumerators)
          enumerators.push_back({.name = one.name, .value = one.value});
        type.enumerators = enumerators;
        type.size = from.enum_bytes;
        type.is_signed = from.enum_is_signed;
        break;
      }
      case TypeKind::kRecord: {
        auto& fields = fields_.emplace_back();
        for (const SchemaField& field : from.fields) {
          const TypeInfo& part = make(field.type);
          fields.push_back({.name = field.name, .offset = type.size, .type = &part});
          type.size += part.size;
        }
        type.fields = fields;
        break;
      }
      case TypeKind::kMap:
        type.key = &make(from.key());
        [[fallthrough]];
      case TypeKind::kOptional:
      case TypeKind::kList:
        type.element = &make(from.element());
        [[fallthrough]];
      case TypeKind::kText:
        type.size = kReferenceBytes;
        break;
      default:
        break;
    }
    return type;
  }

  std::deque<TypeInfo> types_;
  std::deque<std::vector<FieldInfo>> fields_;
  std::deque<std::vector<EnumeratorInfo>> enumerators_;
  const TypeInfo& root_;
};

// What differs between two schemas of which one can be read as the other.
class Differences {
 public:
  std::string text() && { return std::move(text_); }

  void compare(const SchemaType& was, const SchemaType& now, const std::string& path) {
    if (was.kind != now.kind || was.enum_bytes != now.enum_bytes) {
      add(fmt::format("{} widened from {} to {}", path.empty() ? "it was" : "field " + path,
                      width(was), width(now)));
    }
    if (was.kind != now.kind) return;
    for (const SchemaEnumerator& one : now.enumerators)
      if (std::ranges::find(was.enumerators, one) == was.enumerators.end())
        add(fmt::format("enumerator {} of {} added", one.name, now.name));
    for (const SchemaField& field : now.fields) {
      const std::string inner = path.empty() ? field.name : fmt::format("{}.{}", path, field.name);
      const auto before = std::ranges::find(was.fields, field.name, &SchemaField::name);
      if (before == was.fields.end())
        add(fmt::format("field {} added", inner));
      else
        compare(before->type, field.type, inner);
    }
    for (const SchemaField& field : was.fields)
      if (std::ranges::find(now.fields, field.name, &SchemaField::name) == now.fields.end())
        add(fmt::format("field {} removed",
                        path.empty() ? field.name : fmt::format("{}.{}", path, field.name)));
    if (!was.parts.empty()) compare(was.element(), now.element(), path);
  }

 private:
  static std::string width(const SchemaType& type) {
    return type.kind == TypeKind::kEnum ? fmt::format("{} bytes", type.enum_bytes)
                                        : type.to_string();
  }
  void add(std::string_view one) {
    if (!text_.empty()) text_ += ", ";
    text_ += one;
  }

  std::string text_;
};

Result<Schema> stored_schema(const std::string& bytes) {
  auto schema = Schema::decode(bytes);
  if (!schema) return fail(ErrorCode::S431, "its schema: {}", schema.error().what());
  return schema;
}

std::optional<StateInCatalog::Kind> catalog_kind(std::string_view kind) {
  if (kind == "value") return StateInCatalog::VALUE;
  if (kind == "map" || kind == "list") return StateInCatalog::MAP;
  return std::nullopt;
}

std::string_view text_of(StateInCatalog::Kind kind) {
  switch (kind) {
    case StateInCatalog::VALUE:
      return "value";
    case StateInCatalog::MAP:
      return "map";
    default:
      return "timer";
  }
}

std::unexpected<Error> another_kind(std::string_view was, std::string_view now) {
  return std::unexpected<Error>(std::in_place, ErrorCode::S401,
                                fmt::format("was a {}, is now a {}", was, now),
                                "give the new state another name");
}

Status check_key(const std::string& stored, const std::string& declared) {
  if (stored.empty() || declared.empty()) return {};
  const Schema was = TRY(stored_schema(stored));
  const Schema now = TRY(Schema::decode(declared));
  return check_key_unchanged(was, TypeShape(now).root());
}

template <typename Schemas>
Result<std::string> check_values(const Schemas& stored, const std::string& declared) {
  if (stored.empty() || declared.empty()) return {};
  const Schema now = TRY(Schema::decode(declared));
  const TypeShape shape(now);
  Schema was;
  for (const std::string& bytes : stored) {
    was = TRY(stored_schema(bytes));
    TRY(plan_migration(was, shape.root()));
  }
  Differences differences;
  differences.compare(was.root(), now.root(), "");
  return std::move(differences).text();
}

}  // namespace

Result<std::string> check_state_evolution(const StateInCatalog& stored, const graph::State* was,
                                          const graph::State& now) {
  // A list is kept as a map.
  if (was != nullptr && was->kind() != now.kind()) return another_kind(was->kind(), now.kind());
  if (catalog_kind(now.kind()) != stored.kind())
    return another_kind(text_of(stored.kind()), now.kind());
  TRY(check_key(now.kind() == "map" ? stored.map_key_schema() : stored.key_schema(),
                now.key_schema()));
  // Each value that expires bears the time of its last write.
  if ((stored.ttl_micros() > 0) != (now.ttl_micros() > 0))
    return fail(ErrorCode::S401, "values that {} cannot be read as ones that {}",
                stored.ttl_micros() > 0 ? "expire" : "do not expire",
                now.ttl_micros() > 0 ? "expire" : "do not expire");
  return check_values(stored.value_schemas(), now.value_schema());
}

Result<std::string> check_broadcast_evolution(const graph::State& was, const graph::State& now) {
  if (was.kind() != now.kind()) return another_kind(was.kind(), now.kind());
  TRY(check_key(was.key_schema(), now.key_schema()));
  std::vector<std::string> stored;
  if (!was.value_schema().empty()) stored.push_back(was.value_schema());
  return check_values(stored, now.value_schema());
}

}  // namespace tributary
