// jobs/cost_attribution/tools/amount_sums.h
// Exact sums of the four costs, and a few ways to show numbers.
//
// Thread: values. Invariant: a sum that leaves the range is an error (D103), never a wrap.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

// Adds all four or, on overflow, none.
Status add_amounts(Amounts& sum, const Amounts& more);
bool is_zero(const Amounts& amounts);

// "1,234,567"
std::string with_commas(std::uint64_t count);
// "1 row", "2 rows"
std::string counted(std::uint64_t count, std::string_view noun);
// "billed 1.5  effective 0  list 0  contracted 0"
std::string format_amounts(const Amounts& amounts);

}  // namespace tributary::cost
