#include "tests/jobs/cost_attribution/oracle/oracle_values.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <stdexcept>

#include <re2/re2.h>

namespace tributary::cost_oracle {
namespace {

constexpr int kDecimals = 18;
constexpr std::int64_t kHour = 3'600'000'000;

cpp_int ten_to(int exponent) {
  return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

// Leading zeros must go: cpp_int reads "010" as octal.
cpp_int number_of(const std::string& digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? cpp_int(0) : cpp_int(digits.substr(first));
}

std::int64_t hour_of(std::int64_t instant) { return instant - instant % kHour; }

}  // namespace

cpp_int units_of(const std::string& decimal) {
  static const RE2 pattern(R"((-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?)");
  std::string sign, whole, fraction, exponent;
  if (!RE2::FullMatch(decimal, pattern, &sign, &whole, &fraction, &exponent)) {
    throw std::invalid_argument("not a decimal: " + decimal);
  }
  // The value is digits * 10^(exponent - size of fraction); units are 10^18 times that.
  const cpp_int digits = number_of(whole + fraction);
  const int shift =
      kDecimals + (exponent.empty() ? 0 : std::stoi(exponent)) - static_cast<int>(fraction.size());
  cpp_int units;
  if (shift >= 0) {
    units = digits * ten_to(shift);
  } else if (digits % ten_to(-shift) == 0) {
    units = digits / ten_to(-shift);
  } else {
    throw std::invalid_argument("too many decimals: " + decimal);
  }
  if (units > ten_to(15 + kDecimals)) throw std::invalid_argument("too large: " + decimal);
  return sign.empty() ? units : cpp_int(-units);
}

std::string decimal_of(const cpp_int& units) {
  std::string digits = cpp_int(abs(units)).str();
  if (digits.size() <= kDecimals) digits.insert(0, kDecimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - kDecimals, ".");
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return (units < 0 ? "-" : "") + digits;
}

std::int64_t micros_of(const std::string& time) {
  static const RE2 pattern(
      R"((\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))?)");
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::string fraction, sign, offset_hours, offset_minutes;
  if (!RE2::FullMatch(time, pattern, &year, &month, &day, &hour, &minute, &second, &fraction, &sign,
                      &offset_hours, &offset_minutes)) {
    throw std::invalid_argument("not a time: " + time);
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
    throw std::invalid_argument("no such time: " + time);
  }
  fraction.resize(6, '0');
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
  std::int64_t micros = seconds * 1'000'000 + std::stoll(fraction);
  if (!sign.empty()) {
    // 12:00+02:00 is 10:00 UTC.
    const std::int64_t ahead =
        (std::stoll(offset_hours) * 60 + std::stoll(offset_minutes)) * 60'000'000;
    micros += sign == "+" ? -ahead : ahead;
  }
  return micros;
}

std::vector<cpp_int> split(const cpp_int& amount, const std::vector<cpp_int>& weights) {
  const cpp_int total = std::accumulate(weights.begin(), weights.end(), cpp_int(0));
  if (total <= 0) throw std::invalid_argument("no weight to split by");
  const cpp_int magnitude = abs(amount);
  std::vector<cpp_int> shares, remainders;
  cpp_int left = magnitude;
  for (const cpp_int& weight : weights) {
    shares.push_back(magnitude * weight / total);
    remainders.push_back(magnitude * weight % total);
    left -= shares.back();
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return remainders[a] != remainders[b] ? remainders[a] > remainders[b] : a < b;
  });
  for (std::size_t i = 0; i < left; ++i) shares[order[i]] += 1;
  if (amount < 0) {
    for (cpp_int& share : shares) share = -share;
  }
  return shares;
}

std::vector<std::pair<std::int64_t, cpp_int>> spread(const cpp_int& amount, std::int64_t start,
                                                     std::int64_t end) {
  if (start == end) return {{hour_of(start), amount}};
  std::vector<std::int64_t> hours;
  std::vector<cpp_int> overlaps;
  for (std::int64_t hour = hour_of(start); hour < end; hour += kHour) {
    hours.push_back(hour);
    overlaps.emplace_back(std::min(end, hour + kHour) - std::max(start, hour));
  }
  const std::vector<cpp_int> parts = split(amount, overlaps);
  std::vector<std::pair<std::int64_t, cpp_int>> cells;
  for (std::size_t i = 0; i < hours.size(); ++i) cells.emplace_back(hours[i], parts[i]);
  return cells;
}

}  // namespace tributary::cost_oracle
