#include "base/dynamic_type.h"

#include <algorithm>

#include "base/list.h"
#include "base/money.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary {
namespace {

// The compiled table of a kind that has nothing within; null for the others.
const TypeInfo* plain_type(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return &type_info<bool>();
    case TypeKind::kInt8:
      return &type_info<std::int8_t>();
    case TypeKind::kInt16:
      return &type_info<std::int16_t>();
    case TypeKind::kInt32:
      return &type_info<std::int32_t>();
    case TypeKind::kInt64:
      return &type_info<std::int64_t>();
    case TypeKind::kUInt8:
      return &type_info<std::uint8_t>();
    case TypeKind::kUInt16:
      return &type_info<std::uint16_t>();
    case TypeKind::kUInt32:
      return &type_info<std::uint32_t>();
    case TypeKind::kUInt64:
      return &type_info<std::uint64_t>();
    case TypeKind::kTimestamp:
      return &type_info<Timestamp>();
    case TypeKind::kDuration:
      return &type_info<Duration>();
    case TypeKind::kAmount:
      return &type_info<Amount>();
    case TypeKind::kCurrency:
      return &type_info<Currency>();
    case TypeKind::kMoney:
      return &type_info<Money>();
    case TypeKind::kText:
      return &type_info<Text>();
    case TypeKind::kEnum:
    case TypeKind::kOptional:
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return nullptr;
  }
  return nullptr;
}

std::uint32_t aligned(std::uint32_t size, std::uint32_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

DynamicType::DynamicType(const Schema& schema)
    : tables_(std::make_unique<Tables>()), root_(add(schema.root())) {}

const TypeInfo* DynamicType::add(const SchemaType& type) {
  if (const TypeInfo* plain = plain_type(type.kind)) return plain;
  TypeInfo& info = tables_->types.emplace_back();
  info.kind = type.kind;
  info.name = kind_name(type.kind);
  if (type.kind == TypeKind::kRecord || type.kind == TypeKind::kEnum)
    info.name = tables_->names.emplace_back(type.name);
  switch (type.kind) {
    case TypeKind::kEnum: {
      info.size = info.alignment = type.enum_bytes;
      info.is_signed = type.enum_is_signed;
      auto& enumerators = tables_->enumerators.emplace_back();
      for (const SchemaEnumerator& one : type.enumerators)
        enumerators.push_back({tables_->names.emplace_back(one.name), one.value});
      info.enumerators = enumerators;
      break;
    }
    case TypeKind::kOptional:
      info.element = add(type.element());
      info.alignment = info.element->alignment;
      info.element_offset = aligned(1, info.alignment);
      info.size = info.element_offset + aligned(info.element->size, info.alignment);
      info.has_references = info.element->has_references;
      break;
    case TypeKind::kMap:
      info.key = add(type.key());
      [[fallthrough]];
    case TypeKind::kList:
      info.element = add(type.element());
      info.size = sizeof(RawList);
      info.alignment = alignof(RawList);
      info.has_references = true;
      if (info.key == nullptr) break;
      info.element_offset = aligned(info.key->size, info.element->alignment);
      info.entry_size = aligned(info.element_offset + info.element->size,
                                std::max(info.key->alignment, info.element->alignment));
      break;
    default:
      add_record(type, info);
  }
  return &info;
}

void DynamicType::add_record(const SchemaType& type, TypeInfo& info) {
  auto& fields = tables_->fields.emplace_back();
  auto& references = tables_->fields.emplace_back();
  for (const SchemaField& field : type.fields) {
    const TypeInfo* of = add(field.type);
    info.alignment = std::max(info.alignment, of->alignment);
    const std::uint32_t offset = aligned(info.size, of->alignment);
    info.size = offset + of->size;
    const FieldInfo& made =
        fields.emplace_back(FieldInfo{tables_->names.emplace_back(field.name), offset, of});
    if (!of->has_references) continue;
    info.has_references = true;
    if (of->kind != TypeKind::kRecord) references.push_back(made);
    for (const FieldInfo& inner : of->references)
      references.push_back({inner.name, offset + inner.offset, inner.type});
  }
  info.size = aligned(info.size, info.alignment);
  info.fields = fields;
  info.references = references;
  // 16 bytes more than it has: aligned for whatever it holds.
  auto& zeros = tables_->zeros.emplace_back(info.size / 8 + 3);
  const auto at = reinterpret_cast<std::uintptr_t>(zeros.data());
  info.default_value = reinterpret_cast<const char*>(zeros.data()) + (at % 16 == 0 ? 0 : 8);
}

bool is_key_schema(const SchemaType& type) {
  switch (type.kind) {
    case TypeKind::kAmount:
    case TypeKind::kMoney:
    case TypeKind::kOptional:
    case TypeKind::kList:
    case TypeKind::kMap:
      return false;
    case TypeKind::kRecord:
      return std::ranges::all_of(
          type.fields, [](const SchemaField& field) { return is_key_schema(field.type); });
    default:
      return true;
  }
}

}  // namespace tributary
