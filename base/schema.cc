#include "base/schema.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/varint.h"

namespace tributary {
namespace {

constexpr char kFormatVersion = 1;

struct KindEntry {
  std::string_view name;
  std::uint32_t bytes;
};

// In the order of TypeKind, whose values are those of the stored form.
constexpr KindEntry kKinds[] = {
    {"bool", 1},      {"int8", 1},     {"int16", 2},   {"int32", 4},    {"int64", 8},
    {"uint8", 1},     {"uint16", 2},   {"uint32", 4},  {"uint64", 8},   {"enum", 0},
    {"Timestamp", 8}, {"Duration", 8}, {"Amount", 16}, {"Currency", 4}, {"Money", 20},
    {"Text", 0},      {"Optional", 0}, {"List", 0},    {"Map", 0},      {"record", 0},
};
constexpr std::size_t kKindCount = std::size(kKinds);
static_assert(static_cast<std::size_t>(TypeKind::kRecord) + 1 == kKindCount);

void write_type(const SchemaType& type, ByteWriter& out) {
  out.fixed(static_cast<std::uint8_t>(type.kind));
  switch (type.kind) {
    case TypeKind::kEnum:
      out.prefixed(type.name);
      out.fixed(type.enum_bytes);
      out.fixed(static_cast<std::uint8_t>(type.enum_is_signed));
      out.varint(type.enumerators.size());
      for (const SchemaEnumerator& enumerator : type.enumerators) {
        out.prefixed(enumerator.name);
        out.fixed(enumerator.value);
      }
      break;
    case TypeKind::kRecord:
      out.prefixed(type.name);
      out.varint(type.fields.size());
      for (const SchemaField& field : type.fields) {
        out.prefixed(field.name);
        write_type(field.type, out);
      }
      break;
    default:
      for (const SchemaType& part : type.parts) write_type(part, out);
  }
}

class SchemaParser {
 public:
  explicit SchemaParser(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  Status parse(SchemaType& root) {
    if (static_cast<std::size_t>(end_ - at_) > Schema::kEncodedBytesMax)
      return fail(ErrorCode::D102, "schema of {} bytes; at most {}", end_ - at_,
                  Schema::kEncodedBytesMax);
    const std::uint8_t version = TRY(byte());
    if (version != kFormatVersion)
      return malformed(fmt::format("format version {}, expected {}", version, kFormatVersion));
    TRY(type(root, 1));
    if (at_ != end_) return malformed(fmt::format("{} bytes too many", end_ - at_));
    return {};
  }

 private:
  Status type(SchemaType& into, int depth) {
    if (depth > kTypeDepthMax)
      return fail(ErrorCode::D102, "schema nests deeper than {}", kTypeDepthMax);
    if (++types_ > Schema::kTypesMax)
      return fail(ErrorCode::D102, "schema has more than {} types", Schema::kTypesMax);
    const std::uint8_t kind = TRY(byte());
    if (kind >= kKindCount) return malformed(fmt::format("unknown kind {}", kind));
    into.kind = static_cast<TypeKind>(kind);
    switch (into.kind) {
      case TypeKind::kEnum:
        return enumeration(into);
      case TypeKind::kRecord:
        return record(into, depth);
      case TypeKind::kMap:
        return parts(into, 2, depth);
      case TypeKind::kOptional:
      case TypeKind::kList:
        return parts(into, 1, depth);
      default:
        return {};
    }
  }

  Status parts(SchemaType& into, std::size_t n, int depth) {
    into.parts.resize(n);
    for (SchemaType& part : into.parts) TRY(type(part, depth + 1));
    return {};
  }

  Status enumeration(SchemaType& into) {
    into.name = TRY(name());
    into.enum_bytes = TRY(byte());
    if (into.enum_bytes > 8 || !std::has_single_bit(into.enum_bytes))
      return malformed(fmt::format("enum {} of {} bytes", into.name, into.enum_bytes));
    const std::uint8_t is_signed = TRY(byte());
    if (is_signed > 1) return malformed(fmt::format("enum {}: sign is {}", into.name, is_signed));
    into.enum_is_signed = is_signed == 1;
    const std::uint32_t n = TRY(count());
    enumerators_ += n;
    if (enumerators_ > Schema::kEnumeratorsMax)
      return fail(ErrorCode::D102, "schema has more than {} enumerators", Schema::kEnumeratorsMax);
    std::unordered_set<std::string> names;
    for (std::uint32_t i = 0; i < n; ++i) {
      SchemaEnumerator enumerator;
      enumerator.name = TRY(name());
      if (!names.insert(enumerator.name).second)
        return malformed(fmt::format("enumerator {} twice", enumerator.name));
      if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof enumerator.value))
        return malformed("cut off");
      std::memcpy(&enumerator.value, at_, sizeof enumerator.value);
      at_ += sizeof enumerator.value;
      into.enumerators.push_back(std::move(enumerator));
    }
    return {};
  }

  Status record(SchemaType& into, int depth) {
    into.name = TRY(name());
    const std::uint32_t n = TRY(count());
    if (n == 0) return malformed(fmt::format("record {} without fields", into.name));
    if (n > kRecordFieldsMax)
      return fail(ErrorCode::D102, "schema: record {} has {} fields; at most {}", into.name, n,
                  kRecordFieldsMax);
    for (std::uint32_t i = 0; i < n; ++i) {
      SchemaField field;
      field.name = TRY(name());
      const auto same_name = [&](const SchemaField& other) { return other.name == field.name; };
      if (std::ranges::any_of(into.fields, same_name))
        return malformed(fmt::format("field {} twice", field.name));
      TRY(type(field.type, depth + 1));
      into.fields.push_back(std::move(field));
    }
    return {};
  }

  Result<std::uint8_t> byte() {
    if (at_ == end_) return malformed("cut off");
    return static_cast<std::uint8_t>(*at_++);
  }

  Result<std::uint32_t> count() {
    std::uint32_t n = 0;
    if (!read_varint32(at_, end_, n)) return malformed("bad length");
    return n;
  }

  // No control characters: names end up in messages and terminals.
  Result<std::string> name() {
    const std::uint32_t size = TRY(count());
    if (size == 0) return malformed("empty name");
    if (size > Schema::kNameBytesMax)
      return fail(ErrorCode::D102, "schema: name of {} bytes; at most {}", size,
                  Schema::kNameBytesMax);
    if (static_cast<std::size_t>(end_ - at_) < size) return malformed("cut off");
    std::string text(at_, size);
    at_ += size;
    if (!std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7F; }))
      return malformed("name is not printable");
    return text;
  }

  std::unexpected<Error> malformed(std::string_view reason) const {
    return fail(ErrorCode::D101, "schema: {} at byte {}", reason, at_ - begin_);
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t types_ = 0;
  std::size_t enumerators_ = 0;
};

SchemaType describe(const TypeInfo& type) {
  SchemaType described;
  described.kind = type.kind;
  if (type.kind == TypeKind::kEnum || type.kind == TypeKind::kRecord) described.name = type.name;
  if (type.kind == TypeKind::kEnum) {
    described.enum_bytes = static_cast<std::uint8_t>(type.size);
    described.enum_is_signed = type.is_signed;
  }
  for (const EnumeratorInfo& enumerator : type.enumerators)
    described.enumerators.push_back({std::string(enumerator.name), enumerator.value});
  for (const FieldInfo& field : type.fields)
    described.fields.push_back({std::string(field.name), describe(*field.type)});
  if (type.key != nullptr) described.parts.push_back(describe(*type.key));
  if (type.element != nullptr) described.parts.push_back(describe(*type.element));
  return described;
}

}  // namespace

bool operator==(const SchemaType& a, const SchemaType& b) {
  return a.kind == b.kind && a.name == b.name && a.enum_bytes == b.enum_bytes &&
         a.enum_is_signed == b.enum_is_signed && a.enumerators == b.enumerators &&
         a.fields == b.fields && a.parts == b.parts;
}

std::string SchemaType::to_string() const {
  switch (kind) {
    case TypeKind::kEnum:
    case TypeKind::kRecord:
      return name;
    case TypeKind::kMap:
      return fmt::format("Map<{}, {}>", key().to_string(), element().to_string());
    case TypeKind::kOptional:
    case TypeKind::kList:
      return fmt::format("{}<{}>", kind_name(kind), element().to_string());
    default:
      return std::string(kind_name(kind));
  }
}

Hash128 Schema::fingerprint() const {
  std::string bytes;
  encode(bytes);
  return xxh3_128(bytes);
}

void Schema::encode(std::string& out) const {
  out += kFormatVersion;
  ByteWriter writer(out);
  write_type(root_, writer);
}

Result<Schema> Schema::decode(std::string_view bytes) {
  SchemaType root;
  TRY(SchemaParser(bytes).parse(root));
  return Schema(std::move(root));
}

Schema schema_of(const TypeInfo& type) { return Schema(describe(type)); }

bool same_encoding(const SchemaType& a, const SchemaType& b) {
  const auto same_field = [](const SchemaField& x, const SchemaField& y) {
    return x.name == y.name && same_encoding(x.type, y.type);
  };
  return a.kind == b.kind && a.enum_bytes == b.enum_bytes && a.enum_is_signed == b.enum_is_signed &&
         std::ranges::equal(a.fields, b.fields, same_field) &&
         std::ranges::equal(a.parts, b.parts, same_encoding);
}

std::string_view kind_name(TypeKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

std::uint32_t plain_bytes(TypeKind kind) { return kKinds[static_cast<std::size_t>(kind)].bytes; }

}  // namespace tributary
