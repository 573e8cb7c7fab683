#include "runtime/net/frame.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tributary {
namespace {

// The rows of the first table under `heading` of docs/formats/frame.md, without its two title rows.
std::vector<std::vector<std::string>> table_under(const std::string& heading) {
  std::ifstream file(std::string(TRIBUTARY_SOURCE_DIR) + "/docs/formats/frame.md");
  EXPECT_TRUE(file.good());
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("#")) inside = line == "### " + heading;
    if (!inside || !line.starts_with("|")) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
      std::erase_if(cell, [](char c) { return c == ' ' || c == '`'; });
      cells.push_back(cell);
    }
    rows.push_back(std::move(cells));
  }
  if (rows.size() < 3) return {};
  return {rows.begin() + 2, rows.end()};
}

std::uint32_t number(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text));
}
std::uint64_t hex(const std::string& text) { return std::stoull(text, nullptr, 16); }

void append_little_endian(std::string& bytes, std::uint64_t value, int width) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < width; ++i, value >>= 8) {
    bytes += kDigits[(value >> 4) & 15];
    bytes += kDigits[value & 15];
  }
}

TEST(ChannelIdTest, IsAsTheFormatPageSays) {
  const auto rows = table_under("Channel ids");
  ASSERT_EQ(rows.size(), 4U);
  for (const auto& row : rows) {
    const ChannelId id =
        ChannelId::make(number(row[0]), number(row[1]), number(row[2]), number(row[3]));
    EXPECT_EQ(id.value, hex(row[4])) << row[4];
    EXPECT_EQ(id.attempt(), number(row[0]) & 0xFFFFF);
    EXPECT_EQ(id.exchange(), number(row[1]));
    EXPECT_EQ(id.from(), number(row[2]));
    EXPECT_EQ(id.to(), number(row[3]));
  }
}

TEST(ChannelIdTest, Rule53_TwoAttemptsShareNoChannel) {
  EXPECT_NE(ChannelId::make(1, 2, 3, 4), ChannelId::make(2, 2, 3, 4));
  EXPECT_LT(ChannelId::make(1, 65535, 16383, 16383), ChannelId::make(2, 0, 0, 0));
}

TEST(FrameHeaderTest, TheReservedLayoutHoldsEveryField) {
  const auto rows = table_under("Reserved header");
  ASSERT_FALSE(rows.empty());
  for (const auto& row : rows) {
    const FrameHeader header{.channel = {hex(row[0])},
                             .sequence = std::stoull(row[1]),
                             .routing_version = number(row[2]),
                             .length = number(row[3]),
                             .kind = static_cast<FrameKind>(number(row[4]))};
    std::string bytes;
    append_little_endian(bytes, header.channel.value, 8);
    append_little_endian(bytes, header.sequence, 8);
    append_little_endian(bytes, header.routing_version, 4);
    append_little_endian(bytes, header.length, 4);
    append_little_endian(bytes, static_cast<std::uint64_t>(header.kind), 1);
    EXPECT_EQ(bytes, row[5]);
  }
}

}  // namespace
}  // namespace tributary
