// jobs/cost_attribution/core/posting_period.cc
#include "jobs/cost_attribution/core/posting_period.h"

#include <algorithm>

namespace tributary::cost {

bool ClosedPeriods::close(Period period) {
  const auto at = std::ranges::lower_bound(closed_, period);
  if (at != closed_.end() && *at == period) return false;
  closed_.insert(at, period);
  return true;
}

bool ClosedPeriods::is_closed(Period period) const {
  return std::ranges::binary_search(closed_, period);
}

Posting ClosedPeriods::posting_of(Period period) const {
  if (!is_closed(period)) return {period, false};
  return {closed_.back().next(), true};
}

}  // namespace tributary::cost
