#include "base/bytes.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace tributary {
namespace {

TEST(BytesTest, ReadsBackWhatWasWritten) {
  std::string bytes;
  ByteWriter writer(bytes);
  const __int128 wide = -(static_cast<__int128>(1) << 100) + 3;
  writer.fixed(std::uint8_t{7});
  writer.fixed(std::int16_t{-2});
  writer.fixed(std::uint64_t{1} << 63);
  writer.fixed(true);
  writer.int128(wide);
  writer.varint(300);
  writer.zigzag(-65);
  writer.prefixed("hello");
  writer.raw("!");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<std::uint8_t>(), 7);
  EXPECT_EQ(reader.fixed<std::int16_t>(), -2);
  EXPECT_EQ(reader.fixed<std::uint64_t>(), std::uint64_t{1} << 63);
  EXPECT_TRUE(reader.fixed<bool>());
  EXPECT_TRUE(reader.int128() == wide);
  EXPECT_EQ(reader.varint(), 300U);
  EXPECT_EQ(reader.zigzag(), -65);
  EXPECT_EQ(reader.prefixed(5), "hello");
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.raw(1), "!");
  EXPECT_TRUE(reader.finished());
}

TEST(BytesTest, RoundTripsEveryLengthOfVarint) {
  for (int shift = 0; shift < 64; ++shift)
    for (const std::uint64_t delta : {0U, 1U, 2U}) {
      const std::uint64_t value = (std::uint64_t{1} << shift) - 1 + delta;
      std::string bytes;
      ByteWriter(bytes).varint(value);
      ByteWriter(bytes).zigzag(static_cast<std::int64_t>(value));
      ByteReader reader(bytes);
      ASSERT_EQ(reader.varint(), value);
      ASSERT_EQ(reader.zigzag(), static_cast<std::int64_t>(value));
      ASSERT_TRUE(reader.finished());
    }
}

TEST(BytesTest, RefusesOverLongAndOversizedVarints) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes : {"\x80\x00"sv, "\xFF\x80\x00"sv, "\x80"sv, ""sv,
                                       "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"sv,
                                       "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
  ByteReader limited("\x7F");
  EXPECT_EQ(limited.varint(100), 0U);
  EXPECT_FALSE(limited.ok());
}

TEST(BytesTest, NeverReadsPastTheEndAndStaysFailed) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.prefixed("12345");
  bytes.pop_back();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.prefixed(100), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.fixed<std::uint8_t>(), 0);
  EXPECT_EQ(reader.left(), 0U);
  ByteReader few("abc");
  EXPECT_EQ(few.fixed<std::uint32_t>(), 0U);
  EXPECT_FALSE(few.ok());
}

TEST(BytesTest, RefusesLengthsOverTheLimitAndCountsThatCannotFit) {
  std::string bytes;
  ByteWriter(bytes).prefixed("123456");
  ByteReader limited(bytes);
  EXPECT_EQ(limited.prefixed(5), "");
  EXPECT_FALSE(limited.ok());

  std::string counted;
  ByteWriter writer(counted);
  writer.varint(3);
  writer.raw("12345");
  EXPECT_EQ(ByteReader(counted).count(10), 3U);
  ByteReader lying(counted);
  EXPECT_EQ(lying.count(10, 2), 0U);
  EXPECT_FALSE(lying.ok());
}

TEST(BytesTest, OrdersKeysAsTheirValues) {
  const std::int64_t values[] = {std::numeric_limits<std::int64_t>::min(), -256, -1, 0, 1, 255, 256,
                                 std::numeric_limits<std::int64_t>::max()};
  std::string before;
  for (const std::int64_t value : values) {
    std::string key;
    append_ordered(key, value);
    EXPECT_EQ(read_ordered(key.data()), value);
    EXPECT_LT(before, key);
    before = key;
  }
  std::string big;
  append_big_endian(big, std::uint32_t{0x01020304});
  EXPECT_EQ(big, "\x01\x02\x03\x04");
  EXPECT_EQ(read_big_endian<std::uint32_t>(big.data()), 0x01020304U);
}

}  // namespace
}  // namespace tributary
