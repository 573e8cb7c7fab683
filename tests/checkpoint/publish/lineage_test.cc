#include "checkpoint/publish/lineage.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr Hash128 kFirst{1, 1};
constexpr Hash128 kSecond{2, 2};
constexpr Hash128 kThird{3, 3};

TEST(LineageHistoryTest, ALineageDescendsFromWhatItStartedFromAndNoMore) {
  LineageHistory history(kFirst);
  ASSERT_TRUE(history.branch(kSecond, kFirst, {5}));
  ASSERT_TRUE(history.branch(kThird, kSecond, {9}));
  EXPECT_TRUE(history.descends(kSecond, kFirst, {5}));
  EXPECT_FALSE(history.descends(kSecond, kFirst, {6}));
  EXPECT_TRUE(history.descends(kThird, kSecond, {9}));
  EXPECT_FALSE(history.descends(kThird, kSecond, {10}));
  EXPECT_TRUE(history.descends(kThird, kFirst, {5}));
  EXPECT_FALSE(history.descends(kThird, kFirst, {6})) << "the third saw the first only up to 5";
  EXPECT_FALSE(history.descends(kFirst, kFirst, {1})) << "a lineage is not its own past";
  EXPECT_FALSE(history.descends(kFirst, kSecond, {1}));
}

TEST(LineageHistoryTest, ABranchTakesNoMoreOfAGrandparentThanItsBranchingPoint) {
  LineageHistory history(kFirst);
  ASSERT_TRUE(history.branch(kSecond, kFirst, {5}));
  ASSERT_TRUE(history.branch(kThird, kFirst, {3}));
  EXPECT_FALSE(history.descends(kThird, kSecond, {1})) << "a sibling";
  EXPECT_FALSE(history.descends(kThird, kFirst, {4}));
}

TEST(LineageHistoryTest, ComesBackFromItsStoredForm) {
  LineageHistory history(kFirst);
  ASSERT_TRUE(history.branch(kSecond, kFirst, {5}));
  ASSERT_TRUE(history.branch(kThird, kFirst, {3}));
  const auto back = LineageHistory::decode(history.encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->current().id, kThird);
  EXPECT_TRUE(back->descends(kSecond, kFirst, {5}));
  EXPECT_FALSE(back->is_first());
}

TEST(LineageHistoryTest, RefusesWhatIsNoHistory) {
  EXPECT_EQ(LineageHistory::decode({}).error().code(), ErrorCode::S471);
  checkpoint::Lineages stored = LineageHistory(kFirst).encode();
  *stored.add_lineages() = stored.lineages(0);
  EXPECT_FALSE(LineageHistory::decode(stored)) << "twice the same, and two without parent";
  stored.mutable_lineages(1)->set_id_high(7);
  stored.mutable_lineages(1)->set_parent(1);
  EXPECT_FALSE(LineageHistory::decode(stored)) << "its own parent";
  stored.mutable_lineages(1)->set_parent(0);
  EXPECT_TRUE(LineageHistory::decode(stored));
}

TEST(LineageHistoryTest, RefusesAnUnknownParentAndTooManyLineages) {
  LineageHistory history(kFirst);
  EXPECT_EQ(history.branch(kThird, kSecond, {1}).error().code(), ErrorCode::S471);
  EXPECT_FALSE(history.branch(kFirst, kFirst, {1}));
  for (std::uint64_t i = 1; i < LineageHistory::kLineagesMax; ++i)
    ASSERT_TRUE(history.branch({9, i}, kFirst, {1}));
  EXPECT_FALSE(history.branch(kThird, kFirst, {1}));
}

}  // namespace
}  // namespace tributary
