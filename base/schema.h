// base/schema.h
// A schema: the description of a record type that is stored beside its encoded values, so that a
// later program can read them. Names, kinds and nesting; no offsets, no defaults, no addresses.
//
// Decides: the bytes of a schema (docs/formats/schema.md), its limits, and its 128-bit fingerprint.
// Thread: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/type_info.h"

namespace tributary {

struct SchemaField;

struct SchemaEnumerator {
  std::string name;
  std::int64_t value = 0;

  friend bool operator==(const SchemaEnumerator&, const SchemaEnumerator&) = default;
};

// One type of a schema; nested types lie within it.
struct SchemaType {
  TypeKind kind = TypeKind::kBool;
  std::string name;                           // record, enum
  std::uint8_t enum_bytes = 0;                // enum: size of the underlying integer
  bool enum_is_signed = false;                // enum
  std::vector<SchemaEnumerator> enumerators;  // enum, in order of declaration
  std::vector<SchemaField> fields;            // record
  std::vector<SchemaType> parts;              // optional, list: element; map: key, element

  const SchemaType& key() const { return parts.front(); }
  const SchemaType& element() const { return parts.back(); }

  // "Money", "List<Text>", "Map<Text, Amount>", the name of a record or enum.
  std::string to_string() const;

  friend bool operator==(const SchemaType&, const SchemaType&);
};

struct SchemaField {
  std::string name;
  SchemaType type;

  friend bool operator==(const SchemaField&, const SchemaField&) = default;
};

class Schema {
 public:
  Schema() = default;
  explicit Schema(SchemaType root) : root_(std::move(root)) {}

  const SchemaType& root() const { return root_; }
  // Of the encoded bytes: equal schemas have equal fingerprints, whichever program computes them.
  Hash128 fingerprint() const;

  void encode(std::string& out) const;
  // All of `bytes`. D101 when malformed, D102 beyond the limits below.
  static Result<Schema> decode(std::string_view bytes);

  friend bool operator==(const Schema&, const Schema&) = default;

  static constexpr std::size_t kEncodedBytesMax = 1 << 20;
  static constexpr std::size_t kTypesMax = 4096;
  static constexpr std::size_t kEnumeratorsMax = 4096;
  static constexpr std::size_t kNameBytesMax = 255;

 private:
  SchemaType root_;
};

Schema schema_of(const TypeInfo& type);

// Whether values of both have the same stored bytes: all but the names of types and the
// enumerators.
bool same_encoding(const SchemaType& a, const SchemaType& b);

// The name of a kind as messages show it: "int32", "Timestamp", "Money".
std::string_view kind_name(TypeKind kind);
// The bytes of a plain kind in the binary form, 0 for other kinds and for enums (whose size is
// their own).
std::uint32_t plain_bytes(TypeKind kind);

}  // namespace tributary
