#include "checkpoint/publish/epoch_stager.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

constexpr Hash128 kLineage{1, 2};

class EpochStagerTest : public ::testing::Test {
 protected:
  EpochStagerTest() {
    limits_.segment_bytes = 64;
    limits_.epoch_soft_bytes = 100;
    make();
  }
  void make() { stager_.emplace(SegmentOwner{{7, 7}, "out", {0}}, kLineage, limits_); }
  void add(std::size_t bytes) {
    ASSERT_TRUE(stager_->add({.destination = "t", .value = std::string(bytes, 'x')}, now_));
  }
  void store_all() {
    for (const auto& segment : stager_->take_segments()) store(segment.id);
  }
  void store(std::uint64_t id) {
    checkpoint::PieceRef piece;
    piece.set_length(id);
    stager_->stored(id, piece);
  }

  PublishLimits limits_;
  std::optional<EpochStager> stager_;
  std::int64_t now_ = 0;
};

TEST_F(EpochStagerTest, Rule19_SegmentsAreStoredDuringTheEpochAndTheBarrierWaitsForTheTailOnly) {
  add(70);
  add(70);
  EXPECT_EQ(stager_->take_segments().size(), 2U) << "before any barrier";
  store(1);
  store(2);
  add(10);
  EXPECT_TRUE(stager_->take_segments().empty());
  stager_->close({5});
  EXPECT_FALSE(stager_->take_unit());
  const auto tail = stager_->take_segments();
  ASSERT_EQ(tail.size(), 1U);
  store(tail[0].id);
  const auto unit = stager_->take_unit();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->epoch(), 5U);
  EXPECT_EQ(unit->lineage_low(), kLineage.low);
  ASSERT_EQ(unit->segments_size(), 3);
  EXPECT_EQ(unit->segments(2).records(), 1U);
  EXPECT_EQ(unit->segments(2).bytes(), 10U);
  EXPECT_EQ(unit->segments(2).piece().length(), 3U);
}

TEST_F(EpochStagerTest, Rule19_ASegmentIsCutWhenItIsOldEnough) {
  add(1);
  now_ += limits_.segment_nanos - 1;
  stager_->tick(now_);
  EXPECT_TRUE(stager_->take_segments().empty());
  now_ += 1;
  stager_->tick(now_);
  EXPECT_EQ(stager_->take_segments().size(), 1U);
}

TEST_F(EpochStagerTest, Rule19_AnEmptyEpochHasNoSegment) {
  stager_->close({1});
  EXPECT_TRUE(stager_->take_segments().empty());
  const auto unit = stager_->take_unit();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->segments_size(), 0);
}

TEST_F(EpochStagerTest, Rule9_TheSoftCapAsksForACheckpointOnceAndGoesOnAccepting) {
  add(99);
  EXPECT_FALSE(stager_->wants_checkpoint());
  add(1);
  EXPECT_TRUE(stager_->wants_checkpoint());
  EXPECT_FALSE(stager_->wants_checkpoint());
  for (int i = 0; i < 1000; ++i) add(60);
  stager_->close({1});
  EXPECT_EQ(stager_->epoch_bytes(), 0U);
  add(100);
  EXPECT_TRUE(stager_->wants_checkpoint());
}

TEST_F(EpochStagerTest, Rule10_WhatCouldNotBeStoredStaysAndComesWithALaterEpoch) {
  add(10);
  stager_->close({1});
  const auto segments = stager_->take_segments();
  ASSERT_EQ(segments.size(), 1U);
  stager_->store_failed(segments[0].id);
  EXPECT_GT(stager_->unstored_bytes(), 0U);
  add(10);
  stager_->close({2});
  EXPECT_FALSE(stager_->take_unit());
  store_all();
  EXPECT_EQ(stager_->unstored_bytes(), 0U);
  EXPECT_EQ(stager_->take_unit()->epoch(), 1U);
  EXPECT_EQ(stager_->take_unit()->epoch(), 2U);
  EXPECT_FALSE(stager_->take_unit());
}

TEST_F(EpochStagerTest, UnitsComeInOrderWhateverIsStoredFirst) {
  add(10);
  stager_->close({1});
  add(10);
  stager_->close({2});
  (void)stager_->take_segments();
  store(2);
  EXPECT_FALSE(stager_->take_unit());
  store(1);
  EXPECT_EQ(stager_->take_unit()->epoch(), 1U);
  EXPECT_EQ(stager_->take_unit()->epoch(), 2U);
}

}  // namespace
}  // namespace tributary
