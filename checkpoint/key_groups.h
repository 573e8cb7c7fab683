// checkpoint/key_groups.h
// Which key group a key belongs to: the unit in which keyed state is routed, stored and moved.
//
// A group is a range of key hashes, so that the keys of one task share the top bits of their hash;
// a table over them must take its bucket from a mixed hash (memory_key_table.h). The count G is
// fixed at a job's first start.
#pragma once

#include <compare>
#include <cstdint>

namespace tributary {

struct KeyGroup {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(KeyGroup, KeyGroup) = default;
};

// Groups [begin, end).
struct GroupRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

inline constexpr std::uint32_t kKeyGroupCountDefault = 1024;
inline constexpr std::uint32_t kKeyGroupCountMax = 32768;

// `group_count` is in [1, kKeyGroupCountMax]; the result is below it.
constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t group_count) {
  return {static_cast<std::uint16_t>(((hash >> 32) * group_count) >> 32)};
}

}  // namespace tributary
