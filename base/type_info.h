// base/type_info.h
// What the engine knows of a record type at run time: a table of fields with offsets and kinds.
// Codecs, JSON, CSV, schemas, copies and equality are driven by it, so that none of them is a
// template in a header.
//
// Every type of a record is trivially copyable; what it refers to (long Text, List, Map) lies in an
// arena. Tables are static and immutable. Two shared libraries may hold equal tables at other
// addresses: compare by schema, not address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace tributary {

enum class TypeKind : std::uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kEnum,       // stored as its underlying integer; `enumerators` names the values
  kTimestamp,  // int64 microseconds
  kDuration,   // int64 microseconds
  kAmount,     // int128, 10^-18
  kCurrency,   // 4 bytes
  kMoney,      // Amount, Currency
  kText,
  kOptional,  // element
  kList,      // element
  kMap,       // key, element; sorted by key
  kRecord,    // fields
};

struct TypeInfo;

struct FieldInfo {
  std::string_view name;
  std::uint32_t offset = 0;
  const TypeInfo* type = nullptr;
};

struct EnumeratorInfo {
  std::string_view name;
  std::int64_t value = 0;
};

struct TypeInfo {
  TypeKind kind = TypeKind::kBool;
  std::uint32_t size = 0;
  std::uint32_t alignment = 1;
  // True if a value may refer to bytes outside itself, so that a plain memcpy shares them.
  bool has_references = false;
  std::string_view name;                // record, enum: the declared name; else the kind's name
  const TypeInfo* element = nullptr;    // optional, list, map
  const TypeInfo* key = nullptr;        // map
  std::uint32_t element_offset = 0;     // optional: of the value; map: of the value within an entry
  std::uint32_t entry_size = 0;         // map: size of an entry {key, value}
  std::span<const FieldInfo> fields{};  // record
  std::span<const EnumeratorInfo> enumerators{};  // enum
  const void* default_value = nullptr;  // record: a value made by the default member initialisers
  // Record: its fields with references, those of nested records in their place (offsets from this
  // record).
  std::span<const FieldInfo> references{};
  bool is_signed = false;  // enum: of its underlying integer
};

// How the table-driven code sees List and Map (elements or entries one after the other) ...
struct RawList {
  const void* data = nullptr;
  std::uint32_t size = 0;
};
// ... and Optional: a bool at offset 0, the value at element_offset.
inline constexpr std::uint32_t kOptionalFlagOffset = 0;

// How deep types may nest: a record of integers has depth 2, a list of it 3.
inline constexpr int kTypeDepthMax = 16;
inline constexpr std::size_t kRecordFieldsMax = 64;

// Copies a value to `to` (size bytes, aligned) with everything it refers to in `arena`. Call for
// has_references types; for others it is a memcpy.
void deep_copy(const TypeInfo& type, const void* from, void* to, Arena& arena);
// Bytes outside the value that deep_copy would allocate (an upper bound with padding).
std::size_t referenced_bytes(const TypeInfo& type, const void* value);
bool equal(const TypeInfo& type, const void* a, const void* b);
// Canonical order: -1, 0, 1. Text by bytes, Optional empty first, List and Map lexicographic,
// records by field.
int compare(const TypeInfo& type, const void* a, const void* b);

// The type's table: type_info<Charge>(). Defined for every field type and for TRIBUTARY_RECORD
// types (base/record.h).
template <typename T>
const TypeInfo& type_info();

}  // namespace tributary
