// jobs/cost_attribution/core/condition.cc
#include "jobs/cost_attribution/core/condition.h"

#include <algorithm>

namespace tributary::cost {

namespace {

// From here on a binary search is faster than looking at each.
constexpr std::size_t kLinearMax = 8;

bool is_one_of(const std::vector<std::string>& sorted, std::string_view value) {
  if (sorted.size() > kLinearMax) return std::ranges::binary_search(sorted, value, std::less<>());
  return std::ranges::any_of(sorted, [&](const std::string& each) { return each == value; });
}

}  // namespace

bool Condition::holds(SourceValues& values_of_row) const {
  switch (test) {
    case Test::kAll:
      return std::ranges::all_of(parts,
                                 [&](const Condition& part) { return part.holds(values_of_row); });
    case Test::kAny:
      return std::ranges::any_of(parts,
                                 [&](const Condition& part) { return part.holds(values_of_row); });
    case Test::kNot:
      return !parts.front().holds(values_of_row);
    case Test::kChargeTime: {
      const Timestamp start = values_of_row.row().start;
      return from <= start && start < until;
    }
    default:
      break;
  }
  const std::string_view value = values_of_row.value(source);
  if (value.empty()) return false;
  switch (test) {
    case Test::kHas:
      return true;
    case Test::kEquals:
      return is_one_of(values, value);
    case Test::kContains:
      return std::ranges::any_of(
          values, [&](const std::string& each) { return value.find(each) != value.npos; });
    case Test::kBeginsWith:
      return std::ranges::any_of(values,
                                 [&](const std::string& each) { return value.starts_with(each); });
    case Test::kEndsWith:
      return std::ranges::any_of(values,
                                 [&](const std::string& each) { return value.ends_with(each); });
    default:
      return std::ranges::any_of(patterns,
                                 [&](const Pattern& each) { return each.matches(value); });
  }
}

}  // namespace tributary::cost
