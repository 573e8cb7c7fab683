#include "base/money.h"

#include <limits>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>

#include "base/random.h"

namespace tributary {
namespace {

using Wide = boost::multiprecision::int512_t;

constexpr Int128 kLargest = static_cast<Int128>(~UInt128{0} >> 1);
constexpr Int128 kSmallest = -kLargest - 1;

Wide wide(Int128 value) {
  const bool negative = value < 0;
  const UInt128 magnitude = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  Wide result = static_cast<std::uint64_t>(magnitude >> 64);
  result <<= 64;
  result += static_cast<std::uint64_t>(magnitude);
  return negative ? Wide(-result) : result;
}

// The definition, in numbers without bounds.
std::vector<Wide> split_by_definition(Int128 total, const std::vector<Int128>& weights) {
  Wide sum = 0;
  for (const Int128 weight : weights) sum += wide(weight);
  const Wide whole = abs(wide(total));
  std::vector<Wide> shares;
  std::vector<std::pair<Wide, std::size_t>> order;
  Wide left = whole;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Wide product = whole * wide(weights[i]);
    shares.push_back(product / sum);
    order.emplace_back(-(product % sum), i);
    left -= shares.back();
  }
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < left; ++i) shares[order[i].second] += 1;
  if (total < 0)
    for (Wide& share : shares) share = -share;
  return shares;
}

// Numbers of every length, so that each width of product and divisor is met.
Int128 random_magnitude(Random& random, unsigned bits_max) {
  const auto bits = random.below(bits_max + 1);
  if (bits == 0) return 0;
  const UInt128 all = (static_cast<UInt128>(random.next()) << 64) | random.next();
  UInt128 value = all >> (128 - bits);
  // Runs of ones and zeros find the rare corrections of a long division.
  if (random.chance(1, 4)) value |= (UInt128{1} << bits) - (UInt128{1} << (bits / 2));
  if (random.chance(1, 8)) value &= ~((UInt128{1} << (bits / 2)) - 1);
  return static_cast<Int128>(value & (~UInt128{0} >> 1));
}

Amount amount(std::string_view text) { return parse_amount(text).value(); }

TEST(SplitTest, EqualsItsDefinitionInTwentyThousandRandomCases) {
  Random random(20'000);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Int128> weights(1 + random.below(random.chance(1, 50) ? 200 : 6));
    const auto weight_bits = static_cast<unsigned>(random.below(120));
    for (Int128& weight : weights) weight = random_magnitude(random, weight_bits);
    if (random.chance(1, 3)) weights.back() = weights.front();
    Int128 total = random_magnitude(random, 127);
    if (random.chance(1, 2)) total = -total;
    std::vector<Amount> shares(weights.size(), Amount{77});
    const bool done = split({total}, weights, shares);
    const bool all_zero =
        std::all_of(weights.begin(), weights.end(), [](Int128 weight) { return weight == 0; });
    ASSERT_EQ(done, !all_zero) << round;
    if (!done) continue;
    const std::vector<Wide> expected = split_by_definition(total, weights);
    Wide sum = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      ASSERT_EQ(wide(shares[i].units), expected[i]) << "round " << round << " share " << i;
      sum += expected[i];
    }
    ASSERT_EQ(sum, wide(total));
  }
}

TEST(SplitTest, DividesFullWidthNumbersExactly) {
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    const Int128 total = random.chance(1, 3) ? kSmallest : random_magnitude(random, 127);
    std::vector<Int128> weights = {random_magnitude(random, 126), random_magnitude(random, 125),
                                   random_magnitude(random, 125)};
    if (weights[0] + weights[1] + weights[2] == 0) continue;
    if (weights[0] + weights[1] + weights[2] < 0) continue;
    std::vector<Amount> shares(3);
    ASSERT_TRUE(split({total}, weights, shares));
    const std::vector<Wide> expected = split_by_definition(total, weights);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(wide(shares[i].units), expected[i]) << round;
  }
}

TEST(SplitTest, GivesLeftOverUnitsToTheSmallerIndexAmongEqualRemainders) {
  const std::vector<Int128> weights = {1, 1, 1};
  std::vector<Amount> shares(3);
  ASSERT_TRUE(split({5}, weights, shares));
  EXPECT_EQ(shares, (std::vector<Amount>{{2}, {2}, {1}}));
  ASSERT_TRUE(split({-5}, weights, shares));
  EXPECT_EQ(shares, (std::vector<Amount>{{-2}, {-2}, {-1}}));
}

TEST(SplitTest, GivesTheWholeToTheOnlyTargetEvenAtTheEndOfTheRange) {
  const std::vector<Int128> weights = {0, kLargest};
  std::vector<Amount> shares(2);
  ASSERT_TRUE(split({kSmallest}, weights, shares));
  EXPECT_EQ(shares, (std::vector<Amount>{{0}, {kSmallest}}));
}

TEST(SplitTest, RefusesWeightsThatCannotBeSplitByAndLeavesTheSharesAlone) {
  std::vector<Amount> shares(2, Amount{9});
  EXPECT_FALSE(split({5}, std::vector<Int128>{0, 0}, shares));
  EXPECT_FALSE(split({5}, std::vector<Int128>{3, -1}, shares));
  EXPECT_FALSE(split({5}, std::vector<Int128>{kLargest, 1}, shares));
  EXPECT_EQ(shares, (std::vector<Amount>{{9}, {9}}));
  EXPECT_FALSE(split({5}, {}, {}));
}

TEST(SplitTest, SplitsAmongTenThousandTargets) {
  std::vector<Int128> weights(10'000);
  Random random(3);
  for (Int128& weight : weights) weight = static_cast<Int128>(random.below(1'000'000'000'000));
  std::vector<Amount> shares(weights.size());
  const Amount total = amount("123456.789");
  ASSERT_TRUE(split(total, weights, shares));
  const std::vector<Wide> expected = split_by_definition(total.units, weights);
  for (std::size_t i = 0; i < shares.size(); ++i) ASSERT_EQ(wide(shares[i].units), expected[i]);
}

struct DecimalCase {
  std::string_view text;
  std::string_view shown;
};

TEST(DecimalTest, ReadsAndShowsTheCanonicalForm) {
  const DecimalCase cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.000", "0"},
      {"20.52022672899", "20.52022672899"},
      {"-12.5", "-12.5"},
      {"007.50", "7.5"},
      {"5.2E-9", "0.0000000052"},
      {"5.2e+3", "5200"},
      {"1E-18", "0.000000000000000001"},
      {"0.000000000000000001000", "0.000000000000000001"},
      {"10E-19", "0.000000000000000001"},
      {"1000000000000000", "1000000000000000"},
      {"-1000000000000000.000000000000000000000", "-1000000000000000"},
      {"999999999999999.999999999999999999", "999999999999999.999999999999999999"},
      {"0.00000000000000000000000001E30", "10000"},
      {"0E999999999999999999999", "0"},
      {"123456789012345678E-3", "123456789012345.678"},
      {"9999999999999999E-1", "999999999999999.9"},
  };
  for (const DecimalCase& decimal : cases)
    EXPECT_EQ(format_amount(amount(decimal.text)), decimal.shown) << decimal.text;
}

TEST(DecimalTest, RefusesWhatIsNotADecimal) {
  for (const std::string_view text :
       {"",     "-",     "+1",  ".5",  "5.",   "-.5", " 1",  "1 ",    "1e",
        "1e+",  "1.5.2", "inf", "NaN", "0x10", "1,5", "--1", "1e5.5", "12345678901234567890x",
        "1.E5", "1_000"}) {
    Amount out{42};
    EXPECT_EQ(parse_decimal(text, out), DecimalFault::kNotADecimal) << text;
    EXPECT_EQ(out.units, 42) << text;
  }
}

TEST(DecimalTest, TellsTooManyDecimalsFromOverflow) {
  Amount out{42};
  EXPECT_EQ(parse_decimal("0.1234567890123456789", out), DecimalFault::kTooManyDecimals);
  EXPECT_EQ(parse_decimal("1E-19", out), DecimalFault::kTooManyDecimals);
  EXPECT_EQ(parse_decimal("1E-99999999999999999999", out), DecimalFault::kTooManyDecimals);
  EXPECT_EQ(parse_decimal("1000000000000001", out), DecimalFault::kOverflow);
  EXPECT_EQ(parse_decimal("1000000000000000.000000000000000001", out), DecimalFault::kOverflow);
  EXPECT_EQ(parse_decimal("-1E16", out), DecimalFault::kOverflow);
  EXPECT_EQ(parse_decimal("1E99999999999999999999", out), DecimalFault::kOverflow);
  EXPECT_EQ(parse_decimal("9999999999999999999", out), DecimalFault::kOverflow);
  EXPECT_EQ(out.units, 42);
}

TEST(DecimalTest, RoundTripsRandomAmounts) {
  Random random(11);
  const Int128 bound = amount("1000000000000000").units;
  for (int round = 0; round < 50'000; ++round) {
    Amount value{random_magnitude(random, 110) % bound};
    if (random.chance(1, 2)) value.units = -value.units;
    if (random.chance(1, 2)) value.units -= value.units % 1'000'000'000'000;
    const std::string text = format_amount(value);
    ASSERT_EQ(amount(text), value) << text;
  }
}

TEST(DecimalTest, ShowsTheWholeRange) {
  EXPECT_EQ(format_amount(Amount{kLargest}), "170141183460469231731.687303715884105727");
  EXPECT_EQ(format_amount(Amount{kSmallest}), "-170141183460469231731.687303715884105728");
  EXPECT_EQ(format_amount(Amount{Amount::kOne * 100'000'000'000'000'000 * 1000}),
            "100000000000000000000");
}

TEST(DecimalTest, NamesTextAndReasonInItsError) {
  const Error error = parse_amount("1.2.3").error();
  EXPECT_EQ(error.code(), ErrorCode::D104);
  EXPECT_EQ(error.what(), "cannot read \"1.2.3\" as an amount: not a decimal number");
}

TEST(AmountTest, RefusesToWrap) {
  EXPECT_EQ(add(Amount{kLargest}, Amount{1}).error().code(), ErrorCode::D103);
  EXPECT_EQ(subtract(Amount{kSmallest}, Amount{1}).error().code(), ErrorCode::D103);
  EXPECT_EQ(negate(Amount{kSmallest}).error().code(), ErrorCode::D103);
  Amount sum{kLargest};
  EXPECT_FALSE(add_to(sum, Amount{1}));
  EXPECT_EQ(sum.units, kLargest);
  EXPECT_EQ(add(Amount{2}, Amount{-5}).value(), Amount{-3});
}

TEST(MoneyTest, NeverAddsTwoCurrencies) {
  const Money euro{amount("1"), Currency::parse("EUR").value()};
  const Money dollar{amount("1"), Currency::parse("USD").value()};
  EXPECT_EQ(add(euro, dollar).error().code(), ErrorCode::D106);
  EXPECT_EQ(subtract(euro, dollar).error().code(), ErrorCode::D106);
  EXPECT_EQ(add(euro, euro).value().amount, amount("2"));
}

TEST(CurrencyTest, IsThreeCapitalLetters) {
  EXPECT_EQ(Currency::parse("EUR").value().view(), "EUR");
  for (const std::string_view text : {"", "EU", "EURO", "eur", "E1R"})
    EXPECT_FALSE(Currency::parse(text).has_value()) << text;
  EXPECT_EQ(Currency{}.view(), "");
}

std::vector<std::string> shown_rows(std::vector<std::string_view> texts, int digits,
                                    std::string& total) {
  std::vector<Amount> rows;
  for (const std::string_view text : texts) rows.push_back(amount(text));
  std::vector<Amount> shown(rows.size());
  total = format_amount(round_rows(rows, digits, shown).value());
  std::vector<std::string> result;
  for (const Amount row : shown) result.push_back(format_amount(row));
  return result;
}

TEST(RoundRowsTest, MakesRowsAddUpToTheShownTotal) {
  std::string total;
  EXPECT_EQ(shown_rows({"0.333", "0.333", "0.334"}, 2, total),
            (std::vector<std::string>{"0.33", "0.33", "0.34"}));
  EXPECT_EQ(total, "1");
  EXPECT_EQ(shown_rows({"-0.005", "0"}, 2, total), (std::vector<std::string>{"-0.01", "0"}));
  EXPECT_EQ(total, "-0.01");
  EXPECT_EQ(shown_rows({"0.005"}, 2, total), (std::vector<std::string>{"0.01"}));
  EXPECT_EQ(shown_rows({"1.5", "-0.7"}, 0, total), (std::vector<std::string>{"2", "-1"}));
  EXPECT_EQ(total, "1");
  EXPECT_EQ(shown_rows({"1.5", "-0.7"}, 18, total), (std::vector<std::string>{"1.5", "-0.7"}));
}

TEST(RoundRowsTest, AddsUpInRandomCases) {
  Random random(5);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<Amount> rows(random.below(20));
    for (Amount& row : rows) {
      row.units = random_magnitude(random, 100);
      if (random.chance(1, 2)) row.units = -row.units;
    }
    std::vector<Amount> shown(rows.size());
    const auto digits = static_cast<int>(random.below(19));
    Int128 grid = 1;
    for (int i = digits; i < 18; ++i) grid *= 10;
    const Int128 total = round_rows(rows, digits, shown).value().units;
    Int128 exact = 0;
    Int128 sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      exact += rows[i].units;
      sum += shown[i].units;
      const Int128 error = shown[i].units - rows[i].units;
      ASSERT_TRUE(error > -grid && error <= grid && shown[i].units % grid == 0);
    }
    ASSERT_EQ(sum, total);
    const Int128 error = exact > total ? exact - total : total - exact;
    ASSERT_LE(error * 2, grid);
  }
}

TEST(RoundRowsTest, RefusesASumOutOfRangeWhateverTheOrder) {
  std::vector<Amount> shown(3);
  const std::vector<Amount> over = {{kLargest}, {kLargest}, {0}};
  EXPECT_EQ(round_rows(over, 2, shown).error().code(), ErrorCode::D103);
  const std::vector<Amount> back = {{kLargest}, {1}, {-2}};
  EXPECT_EQ(round_rows(back, 18, shown).value().units, kLargest - 1);
}

}  // namespace
}  // namespace tributary
