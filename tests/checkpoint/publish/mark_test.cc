#include "checkpoint/publish/mark.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr Hash128 kFirst{1, 1};
constexpr Hash128 kSecond{2, 2};
constexpr Hash128 kThird{3, 3};

Mark sample() {
  return {.uid = {7, 8},
          .lineage = kSecond,
          .sequence = 300,
          .epoch = {9},
          .progress = {{kFirst, {4}, true}, {kSecond, {9}, false, 12}}};
}

TEST(MarkTest, ComesBackFromItsBytesAndFromNothingElse) {
  const std::string bytes = encode_mark(sample());
  EXPECT_EQ(decode_mark(bytes).value(), sample());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(decode_mark(bytes.substr(0, cut)).error().code(), ErrorCode::S472) << cut;
  EXPECT_FALSE(decode_mark(bytes + "x"));
}

TEST(MarkTest, ProgressNeverFalls) {
  Mark mark = sample();
  mark.advance({kSecond, {9}, false, 3});
  EXPECT_EQ(mark.of(kSecond)->records, 12U);
  mark.advance({kSecond, {8}, true});
  EXPECT_EQ(mark.of(kSecond)->epoch, Epoch{9});
  mark.advance({kSecond, {9}, true});
  EXPECT_TRUE(mark.of(kSecond)->whole);
}

TEST(MarkTest, Rule3_CoversAnEpochOfItsOwnLineageOrOfOneThatItDescendsFrom) {
  LineageHistory history(kFirst);
  ASSERT_TRUE(history.branch(kSecond, kFirst, {3}));
  ASSERT_TRUE(history.branch(kThird, kFirst, {5}));
  Mark mark{.progress = {{kSecond, {9}, false, 12}}};
  EXPECT_EQ(records_out(mark, history, kSecond, {8}), std::nullopt);
  EXPECT_EQ(records_out(mark, history, kSecond, {9}), 12U);
  EXPECT_EQ(records_out(mark, history, kSecond, {10}), 0U);
  EXPECT_EQ(records_out(mark, history, kFirst, {3}), std::nullopt) << "inherited by the second";
  EXPECT_EQ(records_out(mark, history, kFirst, {4}), 0U)
      << "the second began before it: a third that began behind it has still to publish it";
  EXPECT_EQ(records_out(mark, history, kThird, {6}), 0U) << "though 9 is greater";
  EXPECT_EQ(records_out(std::nullopt, history, kFirst, {1}), 0U);
}

TEST(MarkTest, Rule3_KeepsWhatASupersededLineageHadPublished) {
  LineageHistory history(kFirst);
  ASSERT_TRUE(history.branch(kSecond, kFirst, {1}));
  ASSERT_TRUE(history.branch(kThird, kFirst, {3}));
  // The second wrote the newest mark, and the third starts from an epoch that was out before.
  Mark mark{.progress = {{kFirst, {3}, true}, {kSecond, {9}, true}}};
  EXPECT_EQ(records_out(mark, history, kFirst, {3}), std::nullopt);
}

}  // namespace
}  // namespace tributary
