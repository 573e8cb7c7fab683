#include <ostream>

#include "base/json.h"
#include "base/money.h"
#include "base/record.h"
#include "base/scalar_text.h"
#include "base/text.h"

namespace tributary {
namespace {

const char* bytes_of(const void* value) { return static_cast<const char*>(value); }

// The length of the UTF-8 sequence at the front of `text` whose first byte is >= 0x80; 0 if it is
// none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, beyond U+10FFFF.
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

void append_escaped(unsigned char byte, std::string& out) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr char kDigits[] = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

void write_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t plain = 0;  // start of the bytes not yet written
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') [[likely]] {
      ++i;
      continue;
    }
    const std::size_t length = byte >= 0x80 ? utf8_length(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out.append(text, plain, i - plain);
    if (byte >= 0x80)
      out += "\xEF\xBF\xBD";
    else
      append_escaped(byte, out);
    plain = ++i;
  }
  out.append(text, plain);
  out += '"';
}

void write_value(const TypeInfo& type, const void* value, std::string& out);

void write_record(const TypeInfo& type, const void* value, std::string& out) {
  out += '{';
  bool first = true;
  for (const FieldInfo& field : type.fields) {
    const char* at = bytes_of(value) + field.offset;
    const TypeInfo* shown = field.type;
    if (shown->kind == TypeKind::kOptional) {
      if (!*reinterpret_cast<const bool*>(at)) continue;
      at += shown->element_offset;
      shown = shown->element;
    }
    out += first ? "\"" : ",\"";
    first = false;
    out += field.name;
    out += "\":";
    write_value(*shown, at, out);
  }
  out += '}';
}

void write_list(const TypeInfo& type, const RawList& list, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < list.size; ++i) {
    if (i > 0) out += ',';
    write_value(*type.element, bytes_of(list.data) + i * type.element->size, out);
  }
  out += ']';
}

void write_map(const TypeInfo& type, const RawList& map, std::string& out) {
  const bool is_object = has_scalar_text(*type.key);
  out += is_object ? '{' : '[';
  std::string key;
  for (std::size_t i = 0; i < map.size; ++i) {
    const char* entry = bytes_of(map.data) + i * type.entry_size;
    if (i > 0) out += ',';
    if (is_object) {
      key.clear();
      append_scalar_text(*type.key, entry, key);
      write_string(key, out);
      out += ':';
    } else {
      out += '[';
      write_value(*type.key, entry, out);
      out += ',';
    }
    write_value(*type.element, entry + type.element_offset, out);
    if (!is_object) out += ']';
  }
  out += is_object ? '}' : ']';
}

void write_value(const TypeInfo& type, const void* value, std::string& out) {
  switch (type.kind) {
    case TypeKind::kText:
      return write_string(static_cast<const Text*>(value)->view(), out);
    case TypeKind::kEnum:
    case TypeKind::kTimestamp:
    case TypeKind::kAmount:
      out += '"';
      append_scalar_text(type, value, out);
      out += '"';
      return;
    case TypeKind::kCurrency:
      return write_string(static_cast<const Currency*>(value)->view(), out);
    case TypeKind::kMoney: {
      const auto& money = *static_cast<const Money*>(value);
      char digits[48];
      out += R"({"amount":")";
      out.append(digits, format_amount(money.amount, digits));
      out += R"(","currency":)";
      write_string(money.currency.view(), out);
      out += '}';
      return;
    }
    case TypeKind::kOptional:
      if (*static_cast<const bool*>(value))
        return write_value(*type.element, bytes_of(value) + type.element_offset, out);
      out += "null";
      return;
    case TypeKind::kList:
      return write_list(type, *static_cast<const RawList*>(value), out);
    case TypeKind::kMap:
      return write_map(type, *static_cast<const RawList*>(value), out);
    case TypeKind::kRecord:
      return write_record(type, value, out);
    default:
      return append_scalar_text(type, value, out);
  }
}

}  // namespace

void write_json(const TypeInfo& type, const void* value, std::string& out) {
  write_value(type, value, out);
}

std::ostream& internal::print(std::ostream& out, const TypeInfo& type, const void* value) {
  std::string line;
  write_json(type, value, line);
  return out << line;
}

}  // namespace tributary
