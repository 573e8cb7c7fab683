// jobs/cost_attribution/core/period.h
// A billing period: a calendar month as the provider names it ("2026-09"). Not derived from any
// charge's time.
//
// Thread: values. Invariant: a parsed period lies in the years 1 to 9999.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tributary::cost {

struct Period {
  std::int32_t months = 0;  // year * 12 + (month - 1); 0 is "no period"

  constexpr Period next() const { return {months + 1}; }
  friend constexpr auto operator<=>(Period, Period) = default;
};

// "YYYY-MM" and nothing else.
constexpr std::optional<Period> parse_period(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  std::int32_t digits = 0;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits = digits * 10 + (text[i] - '0');
  }
  const std::int32_t year = digits / 100;
  const std::int32_t month = digits % 100;
  if (year == 0 || month < 1 || month > 12) return std::nullopt;
  return Period{year * 12 + month - 1};
}

inline std::string format_period(Period period) {
  return fmt::format("{:04}-{:02}", period.months / 12, period.months % 12 + 1);
}

}  // namespace tributary::cost
