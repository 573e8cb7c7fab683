// base/varint.h
// Lengths and counts in stored bytes: unsigned LEB128 of at most 32 bits, in its shortest form
// only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tributary {

inline constexpr std::size_t kVarint32BytesMax = 5;

// Writes `value` to `out` (room for 5 bytes) and returns the position behind it.
inline char* write_varint32(std::uint32_t value, char* out) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

// Reads from [at, end) and moves `at` behind; false when cut off, above 32 bits or not in its
// shortest form.
inline bool read_varint32(const char*& at, const char* end, std::uint32_t& value) {
  std::uint64_t result = 0;
  const char* position = at;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (position == end) return false;
    const auto byte = static_cast<std::uint8_t>(*position++);
    result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      if (result > UINT32_MAX || (byte == 0 && shift > 0)) return false;
      value = static_cast<std::uint32_t>(result);
      at = position;
      return true;
    }
  }
  return false;
}

}  // namespace tributary
