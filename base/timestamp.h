// base/timestamp.h
// Instants and lengths of time: int64 microseconds, UTC. Two types, so that they are never
// confused.
//
// Thread: values. Invariant: no floating point, no time zone other than UTC inside the engine.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary {

struct Duration {
  std::int64_t micros = 0;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.micros + b.micros}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.micros - b.micros}; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.micros * n}; }
};

constexpr Duration microseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration minutes(std::int64_t n) { return {n * 60'000'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000'000}; }
constexpr Duration days(std::int64_t n) { return {n * 86'400'000'000}; }

// Microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  std::int64_t micros = 0;

  static constexpr Timestamp min() { return {std::numeric_limits<std::int64_t>::min()}; }
  static constexpr Timestamp max() { return {std::numeric_limits<std::int64_t>::max()}; }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  friend constexpr Timestamp operator+(Timestamp t, Duration d) { return {t.micros + d.micros}; }
  friend constexpr Timestamp operator-(Timestamp t, Duration d) { return {t.micros - d.micros}; }
  friend constexpr Duration operator-(Timestamp a, Timestamp b) { return {a.micros - b.micros}; }
};

// t + d, held within [min, max] instead of overflowing.
constexpr Timestamp saturating_add(Timestamp t, Duration d) {
  Timestamp sum{};
  if (!__builtin_add_overflow(t.micros, d.micros, &sum.micros)) return sum;
  return d.micros > 0 ? Timestamp::max() : Timestamp::min();
}

// The start of the interval of `width` (> 0) that holds t; intervals are aligned to the epoch plus
// `offset`.
constexpr Timestamp floor_to(Timestamp t, Duration width, Duration offset = {}) {
  const std::int64_t shifted = t.micros - offset.micros;
  std::int64_t rest = shifted % width.micros;
  if (rest < 0) rest += width.micros;
  return {t.micros - rest};
}

// Reads "2026-09-01", "2026-09-01T10:00Z", "2026-09-01 10:00:00", fractions of up to 6 digits, and
// an offset
// "+02:00" or "Z"; without one the time is UTC. Years 1 to 9999. Error D105.
Result<Timestamp> parse_timestamp(std::string_view text);

// "2026-09-01T10:00:00Z", with a fraction only if there is one. min() and max() are "-inf" and
// "+inf".
std::string format_timestamp(Timestamp t);
// The same into a buffer of at least 40 bytes; returns the length. The hot path of line writers.
std::size_t format_timestamp(Timestamp t, char* out);

// Reads an integer with a unit: us, ms, s, m, h, d ("200ms", "40d"). Error C102.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration d);

}  // namespace tributary
