#include "runtime/cluster/recorded_hash.h"

#include <cstddef>

namespace tributary {
namespace {

constexpr std::size_t kHalf = sizeof(std::uint64_t);

std::uint64_t half_at(std::string_view bytes, std::size_t begin) {
  std::uint64_t half = 0;
  for (std::size_t i = begin; i < begin + kHalf; ++i)
    half = half << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
  return half;
}

}  // namespace

std::string recorded_bytes(Hash128 hash) {
  std::string bytes;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (std::size_t i = 0; i < kHalf; ++i)
      bytes.push_back(static_cast<char>(half >> (8 * (kHalf - 1 - i))));
  }
  return bytes;
}

Hash128 recorded_hash(std::string_view bytes) {
  return {.high = half_at(bytes, 0), .low = half_at(bytes, kHalf)};
}

}  // namespace tributary
