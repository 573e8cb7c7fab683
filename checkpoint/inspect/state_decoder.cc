#include "checkpoint/inspect/state_decoder.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "base/bytes.h"
#include "base/excerpt.h"
#include "base/json.h"
#include "base/scalar_text.h"

namespace tributary {
namespace {

using checkpoint::StateInCatalog;

constexpr std::size_t kTypedBytesMax = 1 << 20;

// Room for one value of a type, aligned for any.
class ValuePlace {
 public:
  explicit ValuePlace(const TypeInfo& type)
      : bytes_(static_cast<char*>(
            ::operator new(std::max<std::size_t>(type.size, 1), std::align_val_t(kAlignment)))) {
    std::fill_n(bytes_, type.size, '\0');
  }
  ~ValuePlace() { ::operator delete(bytes_, std::align_val_t(kAlignment)); }
  ValuePlace(const ValuePlace&) = delete;
  ValuePlace& operator=(const ValuePlace&) = delete;
  char* get() const { return bytes_; }

 private:
  static constexpr std::size_t kAlignment = 16;
  char* bytes_;
};

std::string hexadecimal(std::string_view bytes) {
  std::string text = "0x";
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> bytes_of_hexadecimal(std::string_view text) {
  if (!text.starts_with("0x") || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(16 * high + low));
  }
  return bytes;
}

std::unexpected<Error> refused(std::string_view typed, std::string_view why) {
  return std::unexpected(Error(ErrorCode::C114, fmt::format("{}: {}", excerpt(typed), why),
                               "tributary state describe PATH shows the types of keys"));
}

std::unexpected<Error> no_value(const StateInCatalog& entry, std::string_view why) {
  return fail(ErrorCode::S441, "state \"{}\" of {}: {}", entry.name(), entry.operator_name(), why);
}

void append_fields(const SchemaType& type, std::string& out);

void append_type(const SchemaType& type, std::string& out) {
  switch (type.kind) {
    case TypeKind::kRecord:
      out += type.name + " {";
      append_fields(type, out);
      out += '}';
      return;
    case TypeKind::kEnum:
      out += type.name + " (";
      for (std::size_t i = 0; i < type.enumerators.size(); ++i)
        out += (i == 0 ? "" : ", ") + type.enumerators[i].name;
      out += ')';
      return;
    case TypeKind::kOptional:
    case TypeKind::kList:
    case TypeKind::kMap:
      out += kind_name(type.kind);
      out += '<';
      for (std::size_t i = 0; i < type.parts.size(); ++i) {
        if (i > 0) out += ", ";
        append_type(type.parts[i], out);
      }
      out += '>';
      return;
    default:
      out += kind_name(type.kind);
  }
}

void append_fields(const SchemaType& type, std::string& out) {
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    out += (i == 0 ? "" : ", ") + type.fields[i].name + ": ";
    append_type(type.fields[i].type, out);
  }
}

}  // namespace

std::string schema_text(const SchemaType& type) {
  std::string text;
  append_type(type, text);
  return text;
}

Result<KeyText> KeyText::make(std::string_view schema) {
  KeyText made;
  if (schema.empty()) return made;
  const auto decoded = Schema::decode(schema);
  if (!decoded) return fail(ErrorCode::S431, "the schema of a key: {}", decoded.error().what());
  if (!is_key_schema(decoded->root()))
    return fail(ErrorCode::S431, "{} is no type of keys", schema_text(decoded->root()));
  made.type_text_ = schema_text(decoded->root());
  made.made_ = std::make_unique<DynamicType>(*decoded);
  made.codec_ = std::make_unique<KeyCodec>(made.made_->info());
  return made;
}

Result<std::string> KeyText::to_json(std::string_view bytes) const {
  if (codec_ == nullptr) return '"' + hexadecimal(bytes) + '"';
  const ValuePlace key(codec_->type());
  Arena arena;
  const Status read = codec_->decode_exact(bytes, key.get(), arena);
  if (!read)
    return fail(ErrorCode::S441, "{} is no {}: {}", hexadecimal(bytes.substr(0, 64)), type_text_,
                read.error().what());
  std::string json;
  write_json(codec_->type(), key.get(), json);
  return json;
}

Result<std::string> KeyText::to_bytes(std::string_view text) const {
  if (text.size() > kTypedBytesMax)
    return refused(text, fmt::format("{} bytes; at most {} are read", text.size(), kTypedBytesMax));
  if (codec_ == nullptr) {
    const auto bytes = bytes_of_hexadecimal(text);
    if (!bytes) return refused(text, "the key has no schema: write its bytes as 0x2a…");
    return *bytes;
  }
  const TypeInfo& type = codec_->type();
  const ValuePlace key(type);
  Arena arena;
  const Status read = type.kind == TypeKind::kRecord
                          ? read_json(type, text, key.get(), arena,
                                      {.require_all_fields = true, .refuse_unknown_fields = true})
                          : read_scalar_text(type, text, key.get(), arena);
  if (!read) return refused(text, fmt::format("expected {}: {}", type_text_, read.error().what()));
  std::string bytes;
  codec_->encode(key.get(), bytes);
  return bytes;
}

Result<StateDecoder> StateDecoder::make(const StateInCatalog& entry) {
  const auto attempted = [&](Error error) {
    return std::unexpected(std::move(error).in(
        fmt::format("state \"{}\" of {}", entry.name(), entry.operator_name())));
  };
  StateDecoder made;
  made.entry_ = entry;
  auto keys = KeyText::make(entry.key_schema());
  if (!keys) return attempted(std::move(keys).error());
  made.keys_ = std::move(*keys);
  auto map_keys = KeyText::make(entry.map_key_schema());
  if (!map_keys) return attempted(std::move(map_keys).error());
  made.map_keys_ = std::move(*map_keys);
  for (const std::string& bytes : entry.value_schemas()) {
    const auto schema = Schema::decode(bytes);
    if (!schema)
      return attempted(Error(ErrorCode::S431, "a value's schema: " + schema.error().what()));
    DynamicType type(*schema);
    auto decode = plan_migration(*schema, type.info());
    if (!decode)
      return attempted(Error(ErrorCode::S431, "a value's schema: " + decode.error().what()));
    made.values_.push_back(std::make_unique<Schemas>(Schemas{std::move(type), *std::move(decode)}));
    made.value_type_ = schema_text(schema->root());
  }
  return made;
}

Result<StateDecoder::Value> StateDecoder::value(std::string_view stored) const {
  ByteReader reader(stored);
  const std::uint64_t schema = reader.varint();
  Value value;
  if (entry_.ttl_micros() > 0) value.written = Timestamp{reader.fixed<std::int64_t>()};
  if (!reader.ok()) return no_value(entry_, "a value is cut off");
  if (schema >= values_.size())
    return no_value(entry_, fmt::format("a value bears schema {} of {}", schema, values_.size()));
  const Schemas& schemas = *values_[schema];
  const ValuePlace decoded(schemas.type.info());
  Arena arena;
  const Status read = schemas.decode.decode_exact(reader.rest(), decoded.get(), arena);
  if (!read) return no_value(entry_, read.error().what());
  write_json(schemas.type.info(), decoded.get(), value.json);
  return value;
}

Result<std::uint64_t> StateDecoder::map_size(std::string_view stored) const {
  ByteReader reader(stored);
  const bool is_first_schema = reader.varint() == 0;
  const auto size = reader.fixed<std::uint64_t>();
  if (!is_first_schema || !reader.finished())
    return no_value(entry_, "the head of a map is no number");
  return size;
}

std::string name_space_text(std::string_view name_space) {
  if (name_space.empty()) return {};
  if (name_space.size() == 8) return format_timestamp({read_ordered(name_space.data())});
  return hexadecimal(name_space);
}

Result<std::string> name_space_bytes(std::string_view text) {
  if (auto bytes = bytes_of_hexadecimal(text)) return *std::move(bytes);
  const auto at = parse_timestamp(text);
  if (!at)
    return refused(text, "a namespace is the start of a window, such as 2026-09-01T10:00Z, or 0x…");
  std::string bytes;
  append_ordered(bytes, at->micros);
  return bytes;
}

}  // namespace tributary
