// jobs/cost_attribution/core/expression.h
// A rule's `group_by`: the first source that is not missing, put through the transforms in order.
//
// Thread: immutable once parsed; the caller brings the buffer. A value that becomes empty on the
// way is missing, and stays so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jobs/cost_attribution/core/rule_source.h"

namespace tributary::cost {

inline constexpr std::size_t kElementBytesMax = 256;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using LookupTable = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;

struct Transform {
  enum class Step : std::uint8_t { kTrim, kLower, kSlug, kSplit, kLookup };

  Step step = Step::kTrim;
  std::string separator;  // kSplit, not empty
  std::size_t part = 0;   // kSplit
  LookupTable table;      // kLookup
  std::string otherwise;  // kLookup, empty = missing

  // The result points into `value`'s bytes, into `buffer` or into this transform. `value` may lie
  // in `buffer`.
  std::string_view apply(std::string_view value, std::string& buffer) const;
};

struct Expression {
  std::vector<RuleSource> sources;  // coalesce
  std::vector<Transform> transforms;

  // The element, empty when missing: at most 256 bytes, never beginning with "(". Points into the
  // row, the rules or `buffer`.
  std::string_view evaluate(SourceValues& values, std::string& buffer) const;
};

}  // namespace tributary::cost
