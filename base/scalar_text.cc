#include "base/scalar_text.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "base/excerpt.h"
#include "base/money.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary {
namespace {

template <typename T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

template <typename T>
void append_integer(const void* value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, as<T>(value));
  out.append(digits, end.ptr);
}

void append_amount(const Amount& amount, std::string& out) {
  char digits[48];
  out.append(digits, format_amount(amount, digits));
}

void append_enum(const TypeInfo& type, const void* value, std::string& out) {
  std::int64_t raw = 0;
  std::memcpy(&raw, value, type.size);
  const unsigned unused_bits = 64 - 8 * type.size;
  if (type.is_signed)
    raw = static_cast<std::int64_t>(static_cast<std::uint64_t>(raw) << unused_bits) >> unused_bits;
  const std::string_view name = internal::enumerator_name(type, raw);
  if (name.empty())
    out += fmt::format("{}", raw);
  else
    out += name;
}

template <typename T>
Status read_integer(std::string_view text, void* out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return fail(ErrorCode::D101, "{} is out of range [{}, {}]", excerpt(text),
                +std::numeric_limits<T>::min(), +std::numeric_limits<T>::max());
  if (error != std::errc{} || end != text.data() + text.size() || text.empty())
    return fail(ErrorCode::D101, "{} is not an integer", excerpt(text));
  std::memcpy(out, &value, sizeof value);
  return {};
}

Status read_enum(const TypeInfo& type, std::string_view text, void* out) {
  for (const EnumeratorInfo& enumerator : type.enumerators) {
    if (enumerator.name != text) continue;
    std::memcpy(out, &enumerator.value, type.size);
    return {};
  }
  return fail(ErrorCode::D101, "{} is not one of {}", excerpt(text), type.name);
}

Status read_timestamp(std::string_view text, void* out) {
  if (text == "-inf")
    *static_cast<Timestamp*>(out) = Timestamp::min();
  else if (text == "+inf")
    *static_cast<Timestamp*>(out) = Timestamp::max();
  else
    *static_cast<Timestamp*>(out) = TRY(parse_timestamp(text));
  return {};
}

Status read_currency(std::string_view text, void* out) {
  if (text.empty())
    *static_cast<Currency*>(out) = {};
  else
    *static_cast<Currency*>(out) = TRY(Currency::parse(text));
  return {};
}

Status read_money(std::string_view text, void* out) {
  const std::size_t blank = text.find(' ');
  Money money;
  money.amount = TRY(parse_amount(text.substr(0, blank)));
  if (blank != std::string_view::npos) TRY(read_currency(text.substr(blank + 1), &money.currency));
  *static_cast<Money*>(out) = money;
  return {};
}

}  // namespace

bool has_scalar_text(const TypeInfo& type) { return type.kind <= TypeKind::kText; }

void append_scalar_text(const TypeInfo& type, const void* value, std::string& out) {
  switch (type.kind) {
    case TypeKind::kBool:
      out += as<bool>(value) ? "true" : "false";
      return;
    case TypeKind::kInt8:
      return append_integer<std::int8_t>(value, out);
    case TypeKind::kInt16:
      return append_integer<std::int16_t>(value, out);
    case TypeKind::kInt32:
      return append_integer<std::int32_t>(value, out);
    case TypeKind::kInt64:
      return append_integer<std::int64_t>(value, out);
    case TypeKind::kUInt8:
      return append_integer<std::uint8_t>(value, out);
    case TypeKind::kUInt16:
      return append_integer<std::uint16_t>(value, out);
    case TypeKind::kUInt32:
      return append_integer<std::uint32_t>(value, out);
    case TypeKind::kUInt64:
      return append_integer<std::uint64_t>(value, out);
    case TypeKind::kEnum:
      return append_enum(type, value, out);
    case TypeKind::kTimestamp: {
      char text[40];
      out.append(text, format_timestamp(as<Timestamp>(value), text));
      return;
    }
    case TypeKind::kDuration:
      // Microseconds as an integer: exact for any value.
      return append_integer<std::int64_t>(value, out);
    case TypeKind::kAmount:
      return append_amount(as<Amount>(value), out);
    case TypeKind::kCurrency:
      out += as<Currency>(value).view();
      return;
    case TypeKind::kMoney:
      append_amount(as<Money>(value).amount, out);
      if (!as<Money>(value).currency.view().empty()) {
        out += ' ';
        out += as<Money>(value).currency.view();
      }
      return;
    case TypeKind::kText:
      out += as<Text>(value).view();
      return;
    default:
      TRIBUTARY_CHECK(false, "{} has no text form", type.name);
  }
}

Status read_scalar_text(const TypeInfo& type, std::string_view text, void* out, Arena& arena) {
  switch (type.kind) {
    case TypeKind::kBool:
      if (text != "true" && text != "false")
        return fail(ErrorCode::D101, "{} is neither true nor false", excerpt(text));
      *static_cast<bool*>(out) = text == "true";
      return {};
    case TypeKind::kInt8:
      return read_integer<std::int8_t>(text, out);
    case TypeKind::kInt16:
      return read_integer<std::int16_t>(text, out);
    case TypeKind::kInt32:
      return read_integer<std::int32_t>(text, out);
    case TypeKind::kInt64:
    case TypeKind::kDuration:
      return read_integer<std::int64_t>(text, out);
    case TypeKind::kUInt8:
      return read_integer<std::uint8_t>(text, out);
    case TypeKind::kUInt16:
      return read_integer<std::uint16_t>(text, out);
    case TypeKind::kUInt32:
      return read_integer<std::uint32_t>(text, out);
    case TypeKind::kUInt64:
      return read_integer<std::uint64_t>(text, out);
    case TypeKind::kEnum:
      return read_enum(type, text, out);
    case TypeKind::kTimestamp:
      return read_timestamp(text, out);
    case TypeKind::kAmount:
      *static_cast<Amount*>(out) = TRY(parse_amount(text));
      return {};
    case TypeKind::kCurrency:
      return read_currency(text, out);
    case TypeKind::kMoney:
      return read_money(text, out);
    case TypeKind::kText:
      *static_cast<Text*>(out) = Text(text, arena);
      return {};
    default:
      return fail(ErrorCode::D101, "{} cannot be read from text", type.name);
  }
}

}  // namespace tributary
