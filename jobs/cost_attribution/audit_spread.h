// jobs/cost_attribution/audit_spread.h
// What a charge brings into each UTC day, computed apart from the code that spreads lines
// (core/spread.h), so that a fault in one of them shows as a difference in the audit.
//
// Pure. The definition is the same: the amount is split over the hours by overlapping microseconds,
// the units that are left going to the largest remainders, earlier hours first; a day is the sum of
// its hours.
#pragma once

#include <map>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

// By start of the day; the sum over the days is `amounts`.
std::map<Timestamp, Amounts> spread_to_days(Timestamp start, Timestamp end, const Amounts& amounts);

}  // namespace tributary::cost
