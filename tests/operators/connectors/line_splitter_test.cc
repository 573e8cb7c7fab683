#include "operators/connectors/line_splitter.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::ElementsAre;

struct Seen {
  std::string bytes;
  std::int64_t offset = 0;
  std::int64_t number = 0;
  bool too_long = false;
  std::int64_t consumed = 0;

  friend bool operator==(const Seen&, const Seen&) = default;
};

std::vector<Seen> split(std::string_view bytes, std::size_t piece,
                        std::size_t line_bytes_max = 100) {
  LineSplitter lines(line_bytes_max);
  std::vector<Seen> seen;
  const auto take = [&] {
    while (const auto line = lines.next()) {
      seen.push_back({std::string(line->bytes), line->offset, line->number, line->too_long,
                      lines.consumed_bytes()});
    }
  };
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece, bytes.size());
    std::memcpy(lines.room().data(), bytes.data(), size);
    lines.added(size);
    bytes.remove_prefix(size);
    take();
    lines.rest();
  }
  lines.finish();
  take();
  return seen;
}

TEST(LineSplitterTest, CutsAtLineEndsOfBothKinds) {
  EXPECT_THAT(
      split("a\r\n\nbc", 100),
      ElementsAre(Seen{"a", 0, 1, false, 3}, Seen{"", 3, 2, false, 4}, Seen{"bc", 4, 3, false, 6}));
}

TEST(LineSplitterTest, GivesNothingForNothing) { EXPECT_THAT(split("", 1), ElementsAre()); }

TEST(LineSplitterTest, ReportsALongLineOnceAndCountsItsBytes) {
  EXPECT_THAT(split("12345\r\n123456789012345\nx\n", 3, 5),
              ElementsAre(Seen{"12345", 0, 1, false, 7}, Seen{"12345", 7, 2, true, 23},
                          Seen{"x", 23, 3, false, 25}));
}

TEST(LineSplitterTest, DoesNotDependOnThePieces) {
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::string& begin : {std::string(), mark}) {
    for (std::size_t length = 0; length < 14; ++length) {
      const std::string text = begin + std::string(length, 'x') + "\r\n\n" +
                               std::string(length, 'y') + "\n" + mark + "z\r";
      const auto whole = split(text, 1000, 6);
      for (std::size_t piece = 1; piece < 20; ++piece)
        EXPECT_EQ(split(text, piece, 6), whole) << text;
    }
  }
}

TEST(LineSplitterTest, KeepsLittleOfALineWithoutEnd) {
  LineSplitter lines(1000);
  for (int i = 0; i < 2000; ++i) {
    const auto room = lines.room();
    EXPECT_LE(room.size(), 2 * LineSplitter::kRoomBytes);
    std::ranges::fill(room, 'x');
    lines.added(room.size());
    ASSERT_FALSE(lines.next());
  }
  lines.finish();
  const auto line = lines.next();
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->too_long);
  EXPECT_EQ(lines.consumed_bytes(), std::int64_t{2000} * std::int64_t{LineSplitter::kRoomBytes});
}

}  // namespace
}  // namespace tributary
