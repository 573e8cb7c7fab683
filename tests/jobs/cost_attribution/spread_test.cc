#include "jobs/cost_attribution/core/spread.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

TEST(Spreader, AnIntervalInsideOneHourStaysWhole) {
  Spreader spreader;
  const Amounts amounts = {money("1"), money("-2"), money("0"), money("3")};
  const std::vector<HourShare> expected = {{at("2026-09-01T10:00Z"), amounts}};
  for (const auto& [start, end] : {std::pair("2026-09-01T10:00Z", "2026-09-01T11:00Z"),
                                   std::pair("2026-09-01T10:59:59Z", "2026-09-01T11:00Z"),
                                   std::pair("2026-09-01T10:30Z", "2026-09-01T10:30Z")}) {
    EXPECT_TRUE(std::ranges::equal(spreader.spread(at(start), at(end), amounts), expected))
        << start;
  }
  const auto shares = spreader.spread(at("2026-09-01T11:00Z"), at("2026-09-01T11:00Z"), amounts);
  EXPECT_EQ(shares[0].hour, at("2026-09-01T11:00Z"))
      << "zero length belongs to the hour of its start";
}

TEST(Spreader, SplitsByOverlapAndLosesNothing) {
  Spreader spreader;
  const auto shares =
      spreader.spread(at("2026-09-01T10:30Z"), at("2026-09-01T12:15Z"), {money("7")});
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_EQ(shares[0].amounts[0], money("2"));
  EXPECT_EQ(shares[1].amounts[0], money("4"));
  EXPECT_EQ(shares[2].amounts[0], money("1"));
  EXPECT_EQ(shares[2].hour, at("2026-09-01T12:00Z"));
}

TEST(Spreader, UnitsThatAreLeftGoToTheEarlierHours) {
  Spreader spreader;
  const auto shares =
      spreader.spread(at("2026-09-01T10:00Z"), at("2026-09-01T13:00Z"), {money("1")});
  EXPECT_EQ(shares[0].amounts[0], money("0.333333333333333334"));
  EXPECT_EQ(shares[1].amounts[0], money("0.333333333333333333"));
  EXPECT_EQ(shares[2].amounts[0], money("0.333333333333333333"));
}

TEST(Spreader, EveryMetricAddsUpAndNegationIsExact) {
  Spreader spreader;
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    const Timestamp start = at("1969-12-31T20:00Z") +
                            microseconds(static_cast<std::int64_t>(random() % 100'000'000'000));
    const Timestamp end =
        start + microseconds(static_cast<std::int64_t>(random() % 300'000'000'000));
    Amounts amounts;
    Amounts negated;
    for (std::size_t m = 0; m < kMetricCount; ++m) {
      amounts[m].units = static_cast<std::int64_t>(random());
      negated[m].units = -amounts[m].units;
    }
    const auto view = spreader.spread(start, end, amounts);
    const std::vector<HourShare> shares(view.begin(), view.end());
    Amounts sums;
    for (const HourShare& share : shares) {
      for (std::size_t m = 0; m < kMetricCount; ++m) sums[m].units += share.amounts[m].units;
    }
    EXPECT_EQ(sums, amounts);
    const auto back = spreader.spread(start, end, negated);
    ASSERT_EQ(back.size(), shares.size());
    for (std::size_t h = 0; h < shares.size(); ++h) {
      EXPECT_EQ(back[h].hour, shares[h].hour);
      EXPECT_EQ(back[h].amounts[0].units, -shares[h].amounts[0].units);
    }
  }
}

TEST(Spreader, ALeapYearFits) {
  Spreader spreader;
  EXPECT_EQ(spreader.spread(at("2028-01-01T00:30Z"), at("2029-01-01T00:30Z"), {money("1")}).size(),
            366U * 24 + 1);
}

}  // namespace
}  // namespace tributary::cost
