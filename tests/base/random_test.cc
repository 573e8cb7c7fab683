#include "base/random.h"

#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(RandomTest, GivesTheSameNumbersForTheSameSeed) {
  Random a(1);
  Random b(1);
  Random c(2);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a.next();
    ASSERT_EQ(value, b.next());
    differs |= value != c.next();
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(Random(0).next(), 0x99EC5F36CB75F2B4U);  // the published xoshiro256** and splitmix64
}

TEST(RandomTest, IsUniformBelowABound) {
  Random random(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomTest, TakesChancesOfNumeratorInDenominator) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) hits += random.chance(3, 10) ? 1 : 0;
  EXPECT_NEAR(hits, 30'000, 1'000);
  EXPECT_FALSE(random.chance(0, 10));
  EXPECT_TRUE(random.chance(10, 10));
}

TEST(ZipfDistributionTest, FollowsItsLaw) {
  for (const double exponent : {0.5, 1.0, 1.2}) {
    Random random(9);
    const ZipfDistribution zipf(100, exponent);
    std::vector<int> counts(100);
    for (int i = 0; i < 200'000; ++i) ++counts[zipf(random)];
    double sum = 0;
    for (int k = 1; k <= 100; ++k) sum += std::pow(k, -exponent);
    for (const int k : {1, 2, 10, 50, 100}) {
      const double expected = 200'000 * std::pow(k, -exponent) / sum;
      EXPECT_NEAR(counts[static_cast<std::size_t>(k - 1)], expected, 6 * std::sqrt(expected))
          << exponent << " rank " << k;
    }
  }
}

TEST(ZipfDistributionTest, StaysWithinItsRanks) {
  Random random(9);
  for (const std::uint64_t n : {1U, 2U, 3U, 1'000'000'000U}) {
    const ZipfDistribution zipf(n, 0.99);
    for (int i = 0; i < 1'000; ++i) ASSERT_LT(zipf(random), n);
  }
}

TEST(RandomSourceTest, GivesDifferentIdsUnlessSeeded) {
  SystemRandomSource system;
  std::set<Hash128> ids;
  for (int i = 0; i < 100; ++i) ids.insert(system.next_id());
  EXPECT_EQ(ids.size(), 100U);
  SeededRandomSource a(5);
  SeededRandomSource b(5);
  EXPECT_EQ(a.next_id(), b.next_id());
}

}  // namespace
}  // namespace tributary
