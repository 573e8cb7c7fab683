#include "base/timestamp.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace tributary {
namespace {

std::string round_trip(std::string_view text) {
  return format_timestamp(parse_timestamp(text).value());
}

TEST(TimestampTest, ReadsTheFormsOfIso8601) {
  EXPECT_EQ(parse_timestamp("1970-01-01").value().micros, 0);
  EXPECT_EQ(parse_timestamp("2026-09-01T10:00Z").value().micros, 1'788'256'800'000'000);
  EXPECT_EQ(round_trip("2026-09-01"), "2026-09-01T00:00:00Z");
  EXPECT_EQ(round_trip("2026-09-01 10:00:00"), "2026-09-01T10:00:00Z");
  EXPECT_EQ(round_trip("2026-09-01T10:00:00.5Z"), "2026-09-01T10:00:00.5Z");
  EXPECT_EQ(round_trip("2026-09-01T10:00:00.000001"), "2026-09-01T10:00:00.000001Z");
  EXPECT_EQ(round_trip("2026-09-01T10:00:00.120000Z"), "2026-09-01T10:00:00.12Z");
}

TEST(TimestampTest, TakesOffsetsOff) {
  EXPECT_EQ(round_trip("2026-09-01T01:30:00+02:00"), "2026-08-31T23:30:00Z");
  EXPECT_EQ(round_trip("2026-12-31T23:00-05:30"), "2027-01-01T04:30:00Z");
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
}

TEST(TimestampTest, KnowsLeapDays) {
  EXPECT_EQ(round_trip("2024-02-29"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(round_trip("2000-02-29"), "2000-02-29T00:00:00Z");
  EXPECT_FALSE(parse_timestamp("2023-02-29").has_value());
  EXPECT_FALSE(parse_timestamp("1900-02-29").has_value());
  EXPECT_EQ(format_timestamp(parse_timestamp("2024-02-28").value() + days(2)),
            "2024-03-01T00:00:00Z");
}

TEST(TimestampTest, KeepsToTheYears1To9999) {
  EXPECT_EQ(round_trip("0001-01-01"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
  for (const std::string_view text : {"0000-01-01", "-001-01-01", "-0001-01-01", "10000-01-01",
                                      "0001-01-01T00:00+01:00", "9999-12-31T23:00-02:00"})
    EXPECT_EQ(parse_timestamp(text).error().code(), ErrorCode::D105) << text;
}

TEST(TimestampTest, RefusesWhatIsNotATime) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-9-1",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-01-00",
                                      "2026-04-31",
                                      "2026-09-01T",
                                      "2026-09-01T10",
                                      "2026-09-01T24:00",
                                      "2026-09-01T10:60",
                                      "2026-09-01T10:00:60",
                                      "2026-09-01T10:00:00.",
                                      "2026-09-01T10:00:00.1234567",
                                      "2026-09-01T10:00:00ZZ",
                                      "2026-09-01T10:00:00+2:00",
                                      "2026-09-01T10:00:00+02:00Z",
                                      "2026-09-01T10:00:00+24:00",
                                      "2026-09-01x10:00:00",
                                      " 2026-09-01",
                                      "2026-09-01 ",
                                      "2026-09-01Z",
                                      "2026-09-01T10:00.5Z"})
    EXPECT_FALSE(parse_timestamp(text).has_value()) << text;
}

TEST(TimestampTest, ShowsTheEndsOfTheRange) {
  EXPECT_EQ(format_timestamp(Timestamp::min()), "-inf");
  EXPECT_EQ(format_timestamp(Timestamp::max()), "+inf");
  EXPECT_EQ(format_timestamp({Timestamp::max().micros - 1}), "+294247-01-10T04:00:54.775806Z");
  EXPECT_EQ(format_timestamp({Timestamp::min().micros + 1}), "-290308-12-21T19:59:05.224193Z");
}

TEST(TimestampTest, RoundTripsRandomTimes) {
  Random random(1);
  const Timestamp first = parse_timestamp("0001-01-01").value();
  const Timestamp last = parse_timestamp("9999-12-31T23:59:59.999999").value();
  const auto span = static_cast<std::uint64_t>(last.micros - first.micros) + 1;
  for (int round = 0; round < 100'000; ++round) {
    Timestamp t{first.micros + static_cast<std::int64_t>(random.below(span))};
    if (random.chance(1, 2)) t = floor_to(t, seconds(1));
    ASSERT_EQ(parse_timestamp(format_timestamp(t)).value(), t);
  }
}

TEST(TimestampTest, FloorsTowardsThePastOnBothSidesOfTheEpoch) {
  EXPECT_EQ(floor_to({-1}, hours(1)).micros, -hours(1).micros);
  EXPECT_EQ(floor_to({hours(1).micros}, hours(1)).micros, hours(1).micros);
  EXPECT_EQ(floor_to({0}, days(1), hours(2)).micros, (hours(2) - days(1)).micros);
}

TEST(TimestampTest, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(saturating_add(Timestamp::max(), seconds(1)), Timestamp::max());
  EXPECT_EQ(saturating_add(Timestamp::min(), seconds(-1)), Timestamp::min());
  EXPECT_EQ(saturating_add({5}, {6}).micros, 11);
}

TEST(DurationTest, ReadsAndShowsAnIntegerWithAUnit) {
  EXPECT_EQ(parse_duration("200ms").value(), milliseconds(200));
  EXPECT_EQ(parse_duration("40d").value(), days(40));
  for (const std::string_view text : {"7us", "200ms", "90s", "5m", "3h", "40d", "0s", "-5s"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  EXPECT_EQ(format_duration(seconds(120)), "2m");
}

TEST(DurationTest, RefusesOtherUnitsFractionsAndOverflow) {
  for (const std::string_view text : {"", "5", "s", "1.5s", "5 s", "5w", "5S", "+5s", "5ss",
                                      "106751992d", "99999999999999999999us"})
    EXPECT_EQ(parse_duration(text).error().code(), ErrorCode::C102) << text;
}

}  // namespace
}  // namespace tributary
