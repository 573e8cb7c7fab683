// The exact largest-remainder split of base/money.h, and its use for reports.
#include <algorithm>
#include <bit>
#include <memory>

#include "base/money.h"

namespace tributary {
namespace {

constexpr int kDecimals = 18;

constexpr UInt128 magnitude(Int128 value) {
  return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
}
constexpr Int128 with_sign(UInt128 value, bool negative) {
  return static_cast<Int128>(negative ? -value : value);
}

struct Quotient {
  UInt128 quotient;
  UInt128 remainder;
};

// One step of the schoolbook division with 64-bit digits (Knuth, 4.3.1 D): (high, next) / divisor,
// where the divisor's top bit is set and high < divisor.
std::uint64_t divide_step(UInt128& high, std::uint64_t next, UInt128 divisor) {
  const auto d1 = static_cast<std::uint64_t>(divisor >> 64);
  const auto d0 = static_cast<std::uint64_t>(divisor);
  const auto h1 = static_cast<std::uint64_t>(high >> 64);
  const auto h0 = static_cast<std::uint64_t>(high);

  // The estimate is never too small, and at most two too large.
  std::uint64_t digit = h1 >= d1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(high / d1);

  // high * 2^64 + next - digit * divisor, in three digits; `borrow` tells that it is negative.
  const UInt128 low_product = static_cast<UInt128>(digit) * d0;
  const UInt128 high_product =
      static_cast<UInt128>(digit) * d1 + static_cast<std::uint64_t>(low_product >> 64);
  UInt128 rest = (static_cast<UInt128>(h0) << 64) | next;
  const UInt128 subtrahend = (high_product << 64) | static_cast<std::uint64_t>(low_product);
  const bool carry = rest < subtrahend;
  rest -= subtrahend;
  // The third digit: 0 when the estimate is right, else all ones until the divisor is added back.
  std::uint64_t top = h1 - static_cast<std::uint64_t>(high_product >> 64) - (carry ? 1 : 0);
  while (top != 0) {
    --digit;
    rest += divisor;
    if (rest < divisor) ++top;
  }
  high = rest;
  return digit;
}

// a * b / divisor, where the quotient fits in 128 bits (b <= divisor).
Quotient multiply_divide(UInt128 a, UInt128 b, UInt128 divisor) {
  const auto a0 = static_cast<std::uint64_t>(a);
  const auto a1 = static_cast<std::uint64_t>(a >> 64);
  const auto b0 = static_cast<std::uint64_t>(b);
  const auto b1 = static_cast<std::uint64_t>(b >> 64);
  if (a1 == 0 && b1 == 0) {
    const UInt128 product = static_cast<UInt128>(a0) * b0;
    const UInt128 quotient = product / divisor;
    return {quotient, product - quotient * divisor};
  }
  const UInt128 p00 = static_cast<UInt128>(a0) * b0;
  const UInt128 p01 = static_cast<UInt128>(a0) * b1;
  const UInt128 p10 = static_cast<UInt128>(a1) * b0;
  const UInt128 p11 = static_cast<UInt128>(a1) * b1;
  const UInt128 middle =
      (p00 >> 64) + static_cast<std::uint64_t>(p01) + static_cast<std::uint64_t>(p10);
  UInt128 high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
  UInt128 low = (middle << 64) | static_cast<std::uint64_t>(p00);
  if (high == 0) {
    const UInt128 quotient = low / divisor;
    return {quotient, low - quotient * divisor};
  }
  // b <= divisor keeps the quotient within 128 bits; equality is the one case where high may be
  // as large as the divisor allows, and its answer is known.
  if (b == divisor) return {a, 0};

  const auto divisor_high = static_cast<std::uint64_t>(divisor >> 64);
  const int shift = divisor_high != 0 ? std::countl_zero(divisor_high)
                                      : 64 + std::countl_zero(static_cast<std::uint64_t>(divisor));
  if (shift != 0) {
    high = (high << shift) | (low >> (128 - shift));
    low <<= shift;
  }
  const UInt128 normal = divisor << shift;
  const std::uint64_t q1 = divide_step(high, static_cast<std::uint64_t>(low >> 64), normal);
  const std::uint64_t q0 = divide_step(high, static_cast<std::uint64_t>(low), normal);
  return {(static_cast<UInt128>(q1) << 64) | q0, high >> shift};
}

struct Remainder {
  UInt128 value;
  std::size_t index;

  // The order in which left-over units are given.
  friend bool operator<(const Remainder& a, const Remainder& b) {
    return a.value != b.value ? a.value > b.value : a.index < b.index;
  }
};

// Room for one remainder a target; few targets need no heap.
class Remainders {
 public:
  explicit Remainders(std::size_t count) : count_(count) {
    if (count > kInline) heap_ = std::make_unique_for_overwrite<Remainder[]>(count);
    first_ = count > kInline ? heap_.get() : inline_.data();
  }
  Remainder& operator[](std::size_t i) { return first_[i]; }

  // The `count` targets that get a unit, in no particular order.
  std::span<const Remainder> largest(std::size_t count) {
    if (count == 1)
      std::swap(first_[0], *std::min_element(first_, first_ + count_));
    else if (count > 1 && count < count_)
      std::nth_element(first_, first_ + count, first_ + count_);
    return {first_, count};
  }

 private:
  static constexpr std::size_t kInline = 32;
  std::size_t count_;
  std::unique_ptr<Remainder[]> heap_;
  std::array<Remainder, kInline> inline_;
  Remainder* first_;
};

}  // namespace

bool split(Amount total, std::span<const Int128> weights, std::span<Amount> shares) {
  TRIBUTARY_CHECK(shares.size() == weights.size(), "{} shares for {} weights", shares.size(),
                  weights.size());
  Int128 weight_sum = 0;
  for (const Int128 weight : weights)
    if (weight < 0 || __builtin_add_overflow(weight_sum, weight, &weight_sum)) return false;
  if (weight_sum == 0) return false;

  const bool negative = total.units < 0;
  const UInt128 whole = magnitude(total.units);
  UInt128 left = whole;
  Remainders remainders(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Quotient share =
        multiply_divide(whole, static_cast<UInt128>(weights[i]), static_cast<UInt128>(weight_sum));
    left -= share.quotient;
    shares[i].units = with_sign(share.quotient, negative);
    remainders[i] = {share.remainder, i};
  }
  // Each remainder is below the sum of weights, so fewer units are left than targets have one.
  for (const Remainder& target : remainders.largest(static_cast<std::size_t>(left)))
    shares[target.index].units += negative ? -1 : 1;
  return true;
}

Result<Amount> round_rows(std::span<const Amount> rows, int digits, std::span<Amount> shown) {
  TRIBUTARY_CHECK(digits >= 0 && digits <= kDecimals, "{} digits", digits);
  TRIBUTARY_CHECK(shown.size() == rows.size(), "{} shown of {} rows", shown.size(), rows.size());
  Int128 grid = 1;
  for (int i = digits; i < kDecimals; ++i) grid *= 10;
  const auto out_of_range = [&] {
    return fail(ErrorCode::D103, "rounding {} rows to {} decimals: out of range", rows.size(),
                digits);
  };

  // The sum wraps on the way and is right if the wraps cancel: the order of rows does not matter.
  Int128 sum = 0;
  std::int64_t wraps = 0;
  for (const Amount row : rows)
    if (__builtin_add_overflow(sum, row.units, &sum)) wraps += row.units > 0 ? 1 : -1;
  if (wraps != 0) return out_of_range();

  // In steps of the grid.
  Int128 total = sum / grid;
  const UInt128 total_rest = magnitude(sum % grid);
  if (total_rest * 2 >= static_cast<UInt128>(grid)) total += sum < 0 ? -1 : 1;
  Amount result;
  if (__builtin_mul_overflow(total, grid, &result.units)) return out_of_range();

  auto missing = static_cast<UInt128>(total);  // wraps on the way
  Remainders remainders(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Int128 floored = rows[i].units / grid;
    Int128 rest = rows[i].units % grid;
    if (rest < 0) {
      rest += grid;
      --floored;
    }
    missing -= static_cast<UInt128>(floored);
    remainders[i] = {static_cast<UInt128>(rest), i};
    if (__builtin_mul_overflow(floored, grid, &shown[i].units)) return out_of_range();
  }
  for (const Remainder& row : remainders.largest(static_cast<std::size_t>(missing)))
    if (__builtin_add_overflow(shown[row.index].units, grid, &shown[row.index].units))
      return out_of_range();
  return result;
}

}  // namespace tributary
