// tests/jobs/cost_attribution/oracle/oracle_values.h
// The oracle's money, time and division of money, in numbers without bounds. Amounts are counted in
// units of 1e-18, instants in microseconds since 1970 UTC. Pure functions; bad text throws
// std::invalid_argument.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

namespace tributary::cost_oracle {

using boost::multiprecision::cpp_int;

using Amounts = std::array<cpp_int, 4>;  // billed, effective, list, contracted

// "-12.5", "5.2E-9", "7". Trailing zeros are no decimals: "1.0E-18" is 1 unit, "1.5E-18" throws.
cpp_int units_of(const std::string& decimal);
// The text the job writes: no exponent, no trailing zeros, no "-0".
std::string decimal_of(const cpp_int& units);

// "2026-09-01T10:00:00Z"; blank instead of T, a fraction of up to 6 digits, an offset instead of Z,
// no zone (then it is UTC).
std::int64_t micros_of(const std::string& time);

// The largest remainder method; equal remainders: the earlier weight first. The sum of the weights
// is above 0.
std::vector<cpp_int> split(const cpp_int& amount, const std::vector<cpp_int>& weights);

// (hour, part): the UTC hours that [start, end) overlaps, weighted by the overlap; start = end: the
// hour of the start.
std::vector<std::pair<std::int64_t, cpp_int>> spread(const cpp_int& amount, std::int64_t start,
                                                     std::int64_t end);

}  // namespace tributary::cost_oracle
