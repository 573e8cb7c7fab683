#include "base/money.h"

#include <algorithm>
#include <cstring>

#include "base/digits.h"

namespace tributary {
namespace {

constexpr int kDecimals = 18;
constexpr int kLargestExponent = 15;  // |amount| <= 10^15

constexpr auto kPowersOfTen = [] {
  std::array<UInt128, 39> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();
constexpr UInt128 kLargestUnits = kPowersOfTen[kDecimals + kLargestExponent];

constexpr UInt128 magnitude(Int128 value) {
  return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
}
constexpr Int128 with_sign(UInt128 value, bool negative) {
  return static_cast<Int128>(negative ? -value : value);
}
constexpr unsigned digit_of(char c) { return static_cast<unsigned char>(c) - unsigned{'0'}; }

std::unexpected<Error> overflow(const char* attempted, Amount a, Amount b) {
  return fail(ErrorCode::D103, "{} {} and {}: out of range", attempted, format_amount(a),
              format_amount(b));
}

// The general form, with an exponent or many digits. Works on the digits' positions, so that it
// neither overflows nor depends on the text's length.
DecimalFault parse_long_decimal(const char* at, const char* end, bool negative, Amount& out) {
  const char* const whole = at;
  while (at != end && digit_of(*at) <= 9) ++at;
  if (at == whole) return DecimalFault::kNotADecimal;
  const char* const point = at;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    while (at != end && digit_of(*at) <= 9) ++at;
    if (at == fraction) return DecimalFault::kNotADecimal;
  }
  const char* const digits_end = at;

  std::int64_t exponent = 0;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    bool down = false;
    if (at != end && (*at == '-' || *at == '+')) down = *at++ == '-';
    const char* const exponent_start = at;
    for (; at != end && digit_of(*at) <= 9; ++at)
      exponent = std::min<std::int64_t>(exponent * 10 + digit_of(*at), std::int64_t{1} << 48);
    if (at == exponent_start) return DecimalFault::kNotADecimal;
    if (down) exponent = -exponent;
  }
  if (at != end) return DecimalFault::kNotADecimal;

  // The power of ten of a digit's place.
  const auto place = [&](const char* digit) {
    return exponent + (digit < point ? point - digit - 1 : point - digit);
  };
  const char* first = whole;
  while (first != digits_end && (*first == '0' || *first == '.')) ++first;
  if (first == digits_end) {
    out = {};
    return DecimalFault::kNone;
  }
  const char* last = digits_end - 1;
  while (*last == '0' || *last == '.') --last;
  if (place(first) > kLargestExponent) return DecimalFault::kOverflow;
  if (place(last) < -kDecimals) return DecimalFault::kTooManyDecimals;

  UInt128 units = 0;  // at most 34 digits
  for (const char* digit = first; digit <= last; ++digit)
    if (*digit != '.') units = units * 10 + digit_of(*digit);
  units *= kPowersOfTen[static_cast<std::size_t>(place(last) + kDecimals)];
  if (units > kLargestUnits) return DecimalFault::kOverflow;
  out.units = with_sign(units, negative);
  return DecimalFault::kNone;
}

// Writes the decimal digits of `value` so that they end at `end`; returns their start.
char* write_backwards(std::uint64_t value, char* end) {
  do {
    *--end = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return end;
}

}  // namespace

Result<Amount> add(Amount a, Amount b) {
  Amount sum;
  if (__builtin_add_overflow(a.units, b.units, &sum.units)) return overflow("adding", a, b);
  return sum;
}

Result<Amount> subtract(Amount a, Amount b) {
  Amount difference;
  if (__builtin_sub_overflow(a.units, b.units, &difference.units))
    return overflow("subtracting", a, b);
  return difference;
}

Result<Amount> negate(Amount a) {
  Amount result;
  if (__builtin_sub_overflow(Int128{0}, a.units, &result.units))
    return fail(ErrorCode::D103, "negating {}: out of range", format_amount(a));
  return result;
}

DecimalFault parse_decimal(std::string_view text, Amount& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  // Nearly all amounts: up to 19 characters, thus at most 18 decimals and a mantissa below 2^64.
  if (end - at > 19) return parse_long_decimal(at, end, negative, out);
  const char* const start = at;
  std::uint64_t mantissa = 0;
  for (; at != end && digit_of(*at) <= 9; ++at) mantissa = mantissa * 10 + digit_of(*at);
  if (at == start) return DecimalFault::kNotADecimal;
  std::size_t decimals = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    for (; at != end && digit_of(*at) <= 9; ++at) mantissa = mantissa * 10 + digit_of(*at);
    decimals = static_cast<std::size_t>(at - fraction);
    if (decimals == 0) return DecimalFault::kNotADecimal;
  }
  if (at != end) return parse_long_decimal(start, end, negative, out);
  const UInt128 units = mantissa * kPowersOfTen[kDecimals - decimals];
  if (units > kLargestUnits) return DecimalFault::kOverflow;
  out.units = with_sign(units, negative);
  return DecimalFault::kNone;
}

Result<Amount> parse_amount(std::string_view text) {
  Amount amount;
  const char* why = "";
  switch (parse_decimal(text, amount)) {
    case DecimalFault::kNone:
      return amount;
    case DecimalFault::kNotADecimal:
      why = "not a decimal number";
      break;
    case DecimalFault::kTooManyDecimals:
      why = "more than 18 decimals";
      break;
    case DecimalFault::kOverflow:
      why = "beyond 10^15";
      break;
  }
  return fail(ErrorCode::D104, "cannot read \"{}\" as an amount: {}", text.substr(0, 64), why);
}

std::size_t format_amount(Amount a, char* out) {
  constexpr std::uint64_t kUnit = 1'000'000'000'000'000'000;
  char* at = out;
  if (a.units < 0) *at++ = '-';
  const UInt128 units = magnitude(a.units);
  UInt128 whole = 0;
  std::uint64_t rest = 0;
  if (units >> 64 == 0) {
    whole = static_cast<std::uint64_t>(units) / kUnit;
    rest = static_cast<std::uint64_t>(units) % kUnit;
  } else {
    whole = units / kUnit;
    rest = static_cast<std::uint64_t>(units - whole * kUnit);
  }

  std::array<char, 40> digits;
  char* const digits_end = digits.data() + digits.size();
  char* start = digits_end;
  // Only far beyond what parse_decimal reads is the whole part longer than 64 bits.
  if (whole >> 64 != 0) {
    const char* const low = write_backwards(static_cast<std::uint64_t>(whole % kUnit), start);
    start -= kDecimals;
    std::fill(start, start + (low - start), '0');
    start = write_backwards(static_cast<std::uint64_t>(whole / kUnit), start);
  } else {
    start = write_backwards(static_cast<std::uint64_t>(whole), start);
  }
  const auto whole_length = static_cast<std::size_t>(digits_end - start);
  std::memcpy(at, start, whole_length);
  at += whole_length;

  if (rest != 0) {
    constexpr std::uint64_t kHalf = 1'000'000'000;
    *at++ = '.';
    char* const fraction = at;
    at = write_9_digits(at, static_cast<std::uint32_t>(rest / kHalf));
    if (const auto low = static_cast<std::uint32_t>(rest % kHalf); low != 0)
      at = write_9_digits(at, low);
    at = without_trailing_zeros(fraction, at);
  }
  return static_cast<std::size_t>(at - out);
}

std::string format_amount(Amount a) {
  std::array<char, 48> text;
  return {text.data(), format_amount(a, text.data())};
}

Result<Currency> Currency::parse(std::string_view text) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 3 || !std::all_of(text.begin(), text.end(), is_capital))
    return fail(ErrorCode::D101, "cannot read \"{}\" as a currency: expected three capital letters",
                text.substr(0, 64));
  return Currency{{text[0], text[1], text[2], '\0'}};
}

namespace {

Status same_currency(const char* attempted, const Money& a, const Money& b) {
  if (a.currency == b.currency) return {};
  return fail(ErrorCode::D106, "{} {} {} and {} {}: different currencies", attempted,
              format_amount(a.amount), a.currency.view(), format_amount(b.amount),
              b.currency.view());
}

}  // namespace

Result<Money> add(const Money& a, const Money& b) {
  TRY(same_currency("adding", a, b));
  return Money{TRY(add(a.amount, b.amount)), a.currency};
}

Result<Money> subtract(const Money& a, const Money& b) {
  TRY(same_currency("subtracting", a, b));
  return Money{TRY(subtract(a.amount, b.amount)), a.currency};
}

}  // namespace tributary
