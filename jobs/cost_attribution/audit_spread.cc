#include "jobs/cost_attribution/audit_spread.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

namespace {

struct Piece {
  Timestamp day;
  std::int64_t micros = 0;
  UInt128 remainder = 0;
  UInt128 units = 0;
};

// floor(amount * weight / whole) and its remainder, with a 64-bit weight and whole: long division
// by 64-bit digits.
void divide(UInt128 amount, std::uint64_t weight, std::uint64_t whole, UInt128& quotient,
            UInt128& remainder) {
  // amount * weight as three 64-bit digits, the highest first.
  const UInt128 low = static_cast<UInt128>(static_cast<std::uint64_t>(amount)) * weight;
  const UInt128 high = (amount >> 64) * weight + (low >> 64);
  const std::uint64_t digits[3] = {static_cast<std::uint64_t>(high >> 64),
                                   static_cast<std::uint64_t>(high),
                                   static_cast<std::uint64_t>(low)};
  quotient = 0;
  UInt128 rest = 0;
  for (const std::uint64_t digit : digits) {
    const UInt128 value = (rest << 64) | digit;
    quotient = (quotient << 64) | (value / whole);
    rest = value % whole;
  }
  remainder = rest;
}

}  // namespace

std::map<Timestamp, Amounts> spread_to_days(Timestamp start, Timestamp end,
                                            const Amounts& amounts) {
  // A day's sum does not depend on how its hours share it.
  const Timestamp first = floor_to(start, days(1));
  if (end <= first + days(1)) return {{first, amounts}};
  std::vector<Piece> hours;
  for (Timestamp hour = floor_to(start, tributary::hours(1)); hour < end;
       hour = hour + tributary::hours(1)) {
    const Timestamp from = std::max(start, hour);
    const Timestamp to = std::min(end, hour + tributary::hours(1));
    hours.push_back({.day = floor_to(hour, days(1)), .micros = (to - from).micros});
  }
  const auto whole = static_cast<std::uint64_t>((end - start).micros);

  std::map<Timestamp, Amounts> by_day;
  for (std::size_t metric = 0; metric < kMetricCount; ++metric) {
    const Int128 total = amounts[metric].units;
    const UInt128 magnitude =
        total < 0 ? UInt128{0} - static_cast<UInt128>(total) : static_cast<UInt128>(total);
    UInt128 given = 0;
    for (Piece& piece : hours) {
      divide(magnitude, static_cast<std::uint64_t>(piece.micros), whole, piece.units,
             piece.remainder);
      given += piece.units;
    }
    std::vector<Piece*> order;
    order.reserve(hours.size());
    for (Piece& piece : hours) order.push_back(&piece);
    std::ranges::stable_sort(
        order, [](const Piece* a, const Piece* b) { return a->remainder > b->remainder; });
    for (std::size_t i = 0; given < magnitude; ++i, ++given) ++order[i]->units;
    for (const Piece& piece : hours) {
      const auto units = static_cast<Int128>(piece.units);
      Amount& day = by_day[piece.day][metric];
      day.units += total < 0 ? -units : units;
    }
  }
  return by_day;
}

}  // namespace tributary::cost
