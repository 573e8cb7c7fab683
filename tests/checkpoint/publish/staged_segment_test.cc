#include "checkpoint/publish/staged_segment.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace tributary {
namespace {

const SegmentOwner kOwner{{7, 8}, "out", {3}};

TEST(StagedSegmentTest, Rule22_KeepsFinalBytesAndDestinationOfEachRecord) {
  SegmentWriter writer(kOwner);
  const std::vector<StagedRecord> records = {
      {.destination = "a", .partition = 4, .timestamp_micros = -5, .key = "k", .value = "v"},
      {.destination = "b", .value = ""},
      {.destination = "a", .partition = 0, .key = ""},
  };
  for (const StagedRecord& record : records) ASSERT_TRUE(writer.add(record));
  EXPECT_EQ(writer.bytes(), 2U);
  const std::string bytes = writer.finish();
  EXPECT_EQ(writer.records(), 0U);
  const auto segment = decode_segment(bytes);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->owner, kOwner);
  EXPECT_EQ(segment->records, records);
}

TEST(StagedSegmentTest, RefusesBytesCutAnywhereAndBytesTooMany) {
  SegmentWriter writer(kOwner);
  ASSERT_TRUE(writer.add({.destination = "a", .partition = 4, .key = "k", .value = "v"}));
  const std::string bytes = writer.finish();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(decode_segment(std::string_view(bytes).substr(0, cut)).error().code(),
              ErrorCode::S473);
  EXPECT_FALSE(decode_segment(bytes + "x"));
}

TEST(StagedSegmentTest, RefusesACountThatCannotBeAndADestinationThatIsNotThere) {
  SegmentWriter writer(kOwner);
  std::string empty = writer.finish();
  empty.back() = 100;
  EXPECT_FALSE(decode_segment(empty));
  ASSERT_TRUE(writer.add({.destination = "a"}));
  std::string bytes = writer.finish();
  bytes[bytes.size() - 4] = 1;
  EXPECT_FALSE(decode_segment(bytes));
}

TEST(StagedSegmentTest, Rule14_ARecordOverALimitIsBadDataAndNotStaged) {
  SegmentWriter writer(kOwner);
  const std::string large(kStagedRecordBytesMax + 1, 'x');
  EXPECT_EQ(writer.add({.destination = "a", .value = large}).error().code(), ErrorCode::D102);
  EXPECT_EQ(writer.add({.destination = ""}).error().code(), ErrorCode::D102);
  EXPECT_FALSE(writer.add({.destination = large.substr(0, kDestinationBytesMax + 1)}));
  EXPECT_FALSE(writer.add({.destination = "a", .partition = -2}));
  EXPECT_EQ(writer.records(), 0U);
}

// The page of the format has these bytes.
TEST(StagedSegmentTest, HasTheBytesOfItsTestVector) {
  SegmentWriter writer(kOwner);
  ASSERT_TRUE(writer.add({.destination = "t", .partition = 1, .timestamp_micros = 1, .key = "k"}));
  std::string hex;
  for (const char c : writer.finish()) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  EXPECT_EQ(hex,
            "54524253010700000000000000080000000000000003"
            "6f757403010174010002020"
            "1016b");
}

}  // namespace
}  // namespace tributary
