// base/digits.h
// Decimal digits of a known count, two at a time from a table: what amounts and times are written
// with.
//
// Pure. The caller has the room, and a number that fits the count.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace tributary {

inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline char* write_2_digits(char* out, std::uint32_t value) {
  std::memcpy(out, &kDigitPairs[2 * std::size_t{value}], 2);
  return out + 2;
}

inline char* write_4_digits(char* out, std::uint32_t value) {
  return write_2_digits(write_2_digits(out, value / 100), value % 100);
}

inline char* write_9_digits(char* out, std::uint32_t value) {
  const std::uint32_t low = value % 100'000'000;
  *out++ = static_cast<char>('0' + value / 100'000'000);
  return write_4_digits(write_4_digits(out, low / 10'000), low % 10'000);
}

// The end of [begin, end) without the zeros that it ends in.
inline char* without_trailing_zeros(char* begin, char* end) {
  while (end != begin && end[-1] == '0') --end;
  return end;
}

}  // namespace tributary
