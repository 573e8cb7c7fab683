// base/money.h
// Exact money: a signed 128-bit integer in units of 10^-18, with its currency beside it where it
// matters.
//
// Decides: the text form, the range, and the exact largest-remainder split. Overflow is an error,
// never a wrap. No floating point anywhere. Source of split: the attribution jobs' specification
// (largest remainder).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary {

using Int128 = __int128;
using UInt128 = unsigned __int128;

// A number of 10^-18 units. Trivially copyable; comparison is numeric.
struct Amount {
  Int128 units = 0;

  static constexpr Int128 kOne = static_cast<Int128>(1'000'000'000) * 1'000'000'000;  // 1.0

  constexpr bool is_zero() const { return units == 0; }
  friend constexpr auto operator<=>(const Amount&, const Amount&) = default;
};

// Checked arithmetic: D103 on overflow.
Result<Amount> add(Amount a, Amount b);
Result<Amount> subtract(Amount a, Amount b);
Result<Amount> negate(Amount a);
// For hot loops whose operands are bounded by |10^15|: false on overflow, `sum` is then unchanged.
[[nodiscard]] constexpr bool add_to(Amount& sum, Amount a) {
  Int128 result = 0;
  if (__builtin_add_overflow(sum.units, a.units, &result)) return false;
  sum.units = result;
  return true;
}

// Why a decimal was refused; the jobs' dead letters name it.
enum class DecimalFault : std::uint8_t { kNone, kNotADecimal, kTooManyDecimals, kOverflow };

// Reads "-12.5", "5.2E-9", "0". At most 18 significant decimals after applying the exponent
// (trailing zeros do not count), |amount| <= 10^15. No sign "+", no "inf", no blanks, no leading
// dot. `out` is set only on kNone.
DecimalFault parse_decimal(std::string_view text, Amount& out);
// The same as a Result, D104 with the text (cut to 64 bytes) and the reason.
Result<Amount> parse_amount(std::string_view text);

// No exponent, no trailing zeros, no "-0": "20.52022672899".
std::string format_amount(Amount a);
// The same into a buffer of at least 48 bytes; returns the length.
std::size_t format_amount(Amount a, char* out);

// Three capital letters, stored inline. An empty currency is "no currency".
struct Currency {
  std::array<char, 4> letters{};

  static Result<Currency> parse(std::string_view text);
  constexpr std::string_view view() const { return {letters.data(), letters[0] == 0 ? 0U : 3U}; }
  friend constexpr auto operator<=>(const Currency&, const Currency&) = default;
};

struct Money {
  Amount amount;
  Currency currency;

  friend constexpr bool operator==(const Money&, const Money&) = default;
};

// D106 when the currencies differ, D103 on overflow.
Result<Money> add(const Money& a, const Money& b);
Result<Money> subtract(const Money& a, const Money& b);

// Splits `total` by weights: q_i = floor(|total| * w_i / W) with a 256-bit product; the units that
// are left go one each to the largest remainders, ties to the smaller index (callers order targets
// by id in bytes); the sign is put back. The shares sum to `total` exactly; the result does not
// depend on anything but (total, weights), and split(-total) = -split(total). Returns false, with
// `shares` untouched, when W = 0 or a weight is negative or the weights' sum overflows. `shares`
// has the weights' length. Weights are any non-negative 128-bit integers.
[[nodiscard]] bool split(Amount total, std::span<const Int128> weights, std::span<Amount> shares);

// How a report shows amounts: the total rounded half away from zero to `digits` (0..18) decimals;
// each row floored to that grid and the missing units given to the largest remainders, so that the
// rows add up to the shown total. `shown` has the rows' length. Returns the shown total. D103 when
// the rows' sum overflows.
Result<Amount> round_rows(std::span<const Amount> rows, int digits, std::span<Amount> shown);

}  // namespace tributary
