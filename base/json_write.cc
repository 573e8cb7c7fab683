#include <algorithm>
#include <charconv>
#include <cstring>
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

// The end of the text under construction, behind which there is room: bytes are written there
// without asking the string for each of them.
class JsonOutput {
 public:
  explicit JsonOutput(std::string& text) : text_(text) { grow(text.size(), 0); }
  ~JsonOutput() { text_.resize(static_cast<std::size_t>(at_ - text_.data())); }
  JsonOutput(const JsonOutput&) = delete;
  JsonOutput& operator=(const JsonOutput&) = delete;

  // Room for `bytes` more; the caller writes there and says with move_to() where it ended.
  char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]]
      grow(static_cast<std::size_t>(at_ - text_.data()), bytes);
    return at_;
  }
  void move_to(char* at) { at_ = at; }

  void add(char byte) {
    *room(1) = byte;
    ++at_;
  }
  void add(std::string_view bytes) {
    char* to = room(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    at_ = to + bytes.size();
  }

 private:
  void grow(std::size_t used, std::size_t bytes) {
    std::size_t wanted = text_.capacity();
    if (wanted < used + bytes) wanted = std::max(2 * wanted, used + bytes);
    // What was made is in [0, used); the rest stays as it is.
    text_.resize_and_overwrite(wanted, [](char*, std::size_t size) { return size; });
    at_ = text_.data() + used;
    end_ = text_.data() + text_.size();
  }

  std::string& text_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

void add_escaped(unsigned char byte, JsonOutput& out) {
  switch (byte) {
    case '"':
      return out.add("\\\"");
    case '\\':
      return out.add("\\\\");
    case '\n':
      return out.add("\\n");
    case '\r':
      return out.add("\\r");
    case '\t':
      return out.add("\\t");
    default: {
      constexpr char kDigits[] = "0123456789abcdef";
      out.add("\\u00");
      out.add(kDigits[byte >> 4]);
      out.add(kDigits[byte & 15]);
    }
  }
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// Whether all eight bytes stand for themselves: none above 0x7F, below 0x20, a quote or a
// backslash.
bool are_plain(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const auto below = [&](std::uint64_t value, std::uint64_t limit) {
    return (value - kOnes * limit) & ~value;
  };
  const std::uint64_t control = below(eight, 0x20);
  const std::uint64_t quote = below(eight ^ (kOnes * '"'), 1);
  const std::uint64_t backslash = below(eight ^ (kOnes * '\\'), 1);
  return ((eight | control | quote | backslash) & kHigh) == 0;
}

// Copies a text whose bytes all stand for themselves; false if they do not (then the bytes at `to`
// mean nothing). Eight bytes at a time, the last ones overlapping.
bool copy_plain(std::string_view text, char* to) {
  const char* from = text.data();
  const std::size_t size = text.size();
  std::uint64_t eight = 0;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      std::memcpy(&eight, from + i, 8);
      if (!are_plain(eight)) return false;
      std::memcpy(to + i, &eight, 8);
    }
    std::memcpy(&eight, from + size - 8, 8);
    std::memcpy(to + size - 8, &eight, 8);
    return are_plain(eight);
  }
  if (size >= 4) {
    std::uint32_t four[2];
    std::memcpy(&four[0], from, 4);
    std::memcpy(&four[1], from + size - 4, 4);
    std::memcpy(to, &four[0], 4);
    std::memcpy(to + size - 4, &four[1], 4);
    return are_plain(std::uint64_t{four[1]} << 32 | four[0]);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!is_plain(from[i])) return false;
    to[i] = from[i];
  }
  return true;
}

void write_escaped(std::string_view text, JsonOutput& out) {
  out.add('"');
  std::size_t plain = 0;  // start of the bytes not yet written
  for (std::size_t i = 0; i < text.size();) {
    if (is_plain(text[i])) {
      ++i;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte >= 0x80 ? utf8_length(text.substr(i)) : 0;
    if (length > 0) {
      i += length;
      continue;
    }
    out.add(text.substr(plain, i - plain));
    if (byte >= 0x80)
      out.add("\xEF\xBF\xBD");
    else
      add_escaped(byte, out);
    plain = ++i;
  }
  out.add(text.substr(plain));
  out.add('"');
}

void write_string(std::string_view text, JsonOutput& out) {
  char* to = out.room(text.size() + 2);
  if (!copy_plain(text, to + 1)) [[unlikely]]
    return write_escaped(text, out);
  *to = '"';
  to += text.size() + 1;
  *to++ = '"';
  out.move_to(to);
}

void write_scalar(const TypeInfo& type, const void* value, JsonOutput& out) {
  std::string text;
  append_scalar_text(type, value, text);
  out.add(text);
}

template <typename T>
void write_integer(const void* value, JsonOutput& out) {
  constexpr std::size_t kDigitsMax = 24;
  char* to = out.room(kDigitsMax);
  out.move_to(std::to_chars(to, to + kDigitsMax, *static_cast<const T*>(value)).ptr);
}

void write_amount(const Amount& amount, JsonOutput& out) {
  char* to = out.room(50);
  *to++ = '"';
  to += format_amount(amount, to);
  *to++ = '"';
  out.move_to(to);
}

void write_value(const TypeInfo& type, const void* value, JsonOutput& out);

// A field's name is short, and copied more cheaply than by a call.
char* copy_name(std::string_view name, char* to) {
  const char* from = name.data();
  const std::size_t size = name.size();
  if (size >= 8 && size <= 16) {
    std::uint64_t parts[2];
    std::memcpy(&parts[0], from, 8);
    std::memcpy(&parts[1], from + size - 8, 8);
    std::memcpy(to, &parts[0], 8);
    std::memcpy(to + size - 8, &parts[1], 8);
  } else if (size >= 4 && size < 8) {
    std::uint32_t parts[2];
    std::memcpy(&parts[0], from, 4);
    std::memcpy(&parts[1], from + size - 4, 4);
    std::memcpy(to, &parts[0], 4);
    std::memcpy(to + size - 4, &parts[1], 4);
  } else {
    std::memcpy(to, from, size);
  }
  return to + size;
}

void write_record(const TypeInfo& type, const void* value, JsonOutput& out) {
  char before = '{';
  for (const FieldInfo& field : type.fields) {
    const char* at = bytes_of(value) + field.offset;
    const TypeInfo* shown = field.type;
    if (shown->kind == TypeKind::kOptional) {
      if (!*reinterpret_cast<const bool*>(at)) continue;
      at += shown->element_offset;
      shown = shown->element;
    }
    char* to = out.room(field.name.size() + 4);
    *to++ = before;
    before = ',';
    *to++ = '"';
    to = copy_name(field.name, to);
    *to++ = '"';
    *to++ = ':';
    out.move_to(to);
    if (shown->kind == TypeKind::kText) {
      write_string(reinterpret_cast<const Text*>(at)->view(), out);
    } else if (shown->kind == TypeKind::kAmount) {
      write_amount(*reinterpret_cast<const Amount*>(at), out);
    } else {
      write_value(*shown, at, out);
    }
  }
  if (before == '{') out.add('{');
  out.add('}');
}

void write_list(const TypeInfo& type, const RawList& list, JsonOutput& out) {
  out.add('[');
  for (std::size_t i = 0; i < list.size; ++i) {
    if (i > 0) out.add(',');
    write_value(*type.element, bytes_of(list.data) + i * type.element->size, out);
  }
  out.add(']');
}

void write_map(const TypeInfo& type, const RawList& map, JsonOutput& out) {
  const bool is_object = has_scalar_text(*type.key);
  out.add(is_object ? '{' : '[');
  std::string key;
  for (std::size_t i = 0; i < map.size; ++i) {
    const char* entry = bytes_of(map.data) + i * type.entry_size;
    if (i > 0) out.add(',');
    if (is_object) {
      key.clear();
      append_scalar_text(*type.key, entry, key);
      write_string(key, out);
      out.add(':');
    } else {
      out.add('[');
      write_value(*type.key, entry, out);
      out.add(',');
    }
    write_value(*type.element, entry + type.element_offset, out);
    if (!is_object) out.add(']');
  }
  out.add(is_object ? '}' : ']');
}

void write_value(const TypeInfo& type, const void* value, JsonOutput& out) {
  switch (type.kind) {
    case TypeKind::kText:
      return write_string(static_cast<const Text*>(value)->view(), out);
    case TypeKind::kAmount:
      return write_amount(*static_cast<const Amount*>(value), out);
    case TypeKind::kTimestamp: {
      char* to = out.room(42);
      *to++ = '"';
      to += format_timestamp(*static_cast<const Timestamp*>(value), to);
      *to++ = '"';
      return out.move_to(to);
    }
    case TypeKind::kEnum:
      out.add('"');
      write_scalar(type, value, out);
      return out.add('"');
    case TypeKind::kCurrency:
      return write_string(static_cast<const Currency*>(value)->view(), out);
    case TypeKind::kMoney: {
      const auto& money = *static_cast<const Money*>(value);
      out.add(R"({"amount":)");
      write_amount(money.amount, out);
      out.add(R"(,"currency":)");
      write_string(money.currency.view(), out);
      return out.add('}');
    }
    case TypeKind::kOptional:
      if (*static_cast<const bool*>(value))
        return write_value(*type.element, bytes_of(value) + type.element_offset, out);
      return out.add("null");
    case TypeKind::kList:
      return write_list(type, *static_cast<const RawList*>(value), out);
    case TypeKind::kMap:
      return write_map(type, *static_cast<const RawList*>(value), out);
    case TypeKind::kRecord:
      return write_record(type, value, out);
    case TypeKind::kBool:
      return out.add(*static_cast<const bool*>(value) ? "true" : "false");
    case TypeKind::kInt32:
      return write_integer<std::int32_t>(value, out);
    case TypeKind::kInt64:
      return write_integer<std::int64_t>(value, out);
    default:
      return write_scalar(type, value, out);
  }
}

}  // namespace

void write_json(const TypeInfo& type, const void* value, std::string& out) {
  JsonOutput output(out);
  write_value(type, value, output);
}

std::ostream& internal::print(std::ostream& out, const TypeInfo& type, const void* value) {
  std::string line;
  write_json(type, value, line);
  return out << line;
}

}  // namespace tributary
