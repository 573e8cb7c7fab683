#include "checkpoint/delta_log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace tributary {
namespace {

using testing::ElementsAre;

std::vector<std::string> read(std::string_view piece) {
  std::vector<std::string> records;
  const Status status = read_delta_piece(piece, [&](const DeltaRecord& record) -> Status {
    records.push_back(std::to_string(static_cast<int>(record.kind)) +
                      (record.dropped ? "d " : " ") + std::string(record.key) + "=" +
                      std::string(record.value));
    return {};
  });
  if (!status) records.push_back(std::string(error_page(status.error().code()).code));
  return records;
}

std::string two_chunks() {
  DeltaWriter writer(3);
  EXPECT_TRUE(writer.empty());
  writer.put("a", "1", false);
  writer.put("b", "", true);
  std::string piece = writer.take();
  EXPECT_TRUE(writer.empty());
  writer.erase("c", false);
  writer.erase("d", true);
  writer.erase_prefix("e");
  return piece + writer.take();
}

TEST(DeltaLog, GivesBackWhatWasWrittenInItsOrder) {
  EXPECT_THAT(read(two_chunks()), ElementsAre("0 a=1", "0d b=", "1 c=", "1d d=", "2 e="));
  EXPECT_THAT(read(""), ElementsAre());
}

TEST(DeltaLog, IsFullAfterAChunksRecordsOrBytes) {
  DeltaWriter writer(1);
  for (std::uint32_t i = 0; i < kDeltaChunkRecords; ++i) {
    EXPECT_FALSE(writer.full());
    writer.erase("k", false);
  }
  EXPECT_TRUE(writer.full());
  (void)writer.take();
  writer.put("k", std::string(2 << 20, 'v'), false);
  EXPECT_TRUE(writer.full());
}

TEST(DeltaLog, RefusesAPieceThatIsCutOffAnywhere) {
  const std::string piece = two_chunks();
  const std::size_t first_chunk = 20 + 5 + 4;
  for (std::size_t size = 1; size < piece.size(); ++size) {
    if (size == first_chunk) continue;
    EXPECT_EQ(read(piece.substr(0, size)).back(), "S431") << size;
  }
}

TEST(DeltaLog, RefusesWhatIsNoRecord) {
  std::string piece = two_chunks();
  EXPECT_EQ(read("x" + piece).back(), "S431");
  piece[20] = 3;  // the first record's kind
  EXPECT_EQ(read(piece).back(), "S431");
  piece = two_chunks();
  piece[12] = 1;  // fewer records than bytes
  EXPECT_EQ(read(piece).back(), "S431");
}

}  // namespace
}  // namespace tributary
