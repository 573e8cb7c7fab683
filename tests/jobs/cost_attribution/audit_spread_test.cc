#include "jobs/cost_attribution/audit_spread.h"

#include <random>

#include <gtest/gtest.h>

#include "jobs/cost_attribution/core/spread.h"
#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

std::map<Timestamp, Amounts> days_of(std::span<const HourShare> shares) {
  std::map<Timestamp, Amounts> by_day;
  for (const HourShare& share : shares) {
    Amounts& day = by_day[floor_to(share.hour, days(1))];
    for (std::size_t i = 0; i < kMetricCount; ++i) day[i].units += share.amounts[i].units;
  }
  return by_day;
}

TEST(AuditSpread, GivesTheDaySumsOfTheHoursThatTheOtherCodeComputes) {
  std::mt19937_64 random(7);
  Spreader spreader;
  const Timestamp day = at("2026-09-01T00:00Z");
  for (int i = 0; i < 5'000; ++i) {
    // Often at a boundary of hours or days, often within one day.
    const auto moment = [&] {
      const auto micros = static_cast<std::int64_t>(random() % 3) * days(1).micros +
                          static_cast<std::int64_t>(random() % 25) * hours(1).micros;
      return day + Duration{micros + (random() % 2 == 0
                                          ? 0
                                          : static_cast<std::int64_t>(random() % 7'200'000'000))};
    };
    Timestamp start = moment();
    Timestamp end = random() % 8 == 0 ? start : moment();
    if (end < start) std::swap(start, end);
    Amounts amounts;
    for (Amount& amount : amounts) {
      const auto units = static_cast<Int128>(random() % 1'000'000'000'007);
      amount.units = random() % 2 == 0 ? -units : units;
    }
    ASSERT_EQ(spread_to_days(start, end, amounts), days_of(spreader.spread(start, end, amounts)))
        << format_timestamp(start) << " to " << format_timestamp(end);
  }
}

}  // namespace
}  // namespace tributary::cost
