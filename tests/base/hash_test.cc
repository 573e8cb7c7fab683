#include "base/hash.h"

#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace tributary {
namespace {

// Values of the XXH3 specification's reference implementation: they are stored and sent, so they
// never change.
TEST(HashTest, IsXxh3OfTheBytes) {
  EXPECT_EQ(xxh3_64(""), 0x2D06800538D394C2U);
  EXPECT_EQ(xxh3_128("").to_hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(HashTest, IsTheSameInPieces) {
  Random random(4);
  std::string bytes;
  for (int i = 0; i < 5'000; ++i) bytes.push_back(static_cast<char>(random.next()));
  Hasher128 hasher;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = std::min<std::size_t>(random.below(700), bytes.size() - at);
    hasher.update(std::string_view(bytes).substr(at, piece));
    at += piece;
    ASSERT_EQ(hasher.digest(), xxh3_128(std::string_view(bytes).substr(0, at)));
  }
  hasher.reset();
  EXPECT_EQ(hasher.digest(), xxh3_128(""));
}

TEST(HashTest, RoundTripsItsHexText) {
  const Hash128 hash{0x1, 0xFFFFFFFFFFFFFFFE};
  EXPECT_EQ(hash.to_hex(), "0000000000000001fffffffffffffffe");
  EXPECT_EQ(Hash128::from_hex(hash.to_hex()), hash);
  for (const std::string_view text :
       {"", "0000000000000001fffffffffffffff", "0000000000000001FFFFFFFFFFFFFFFE",
        "000000000000000 fffffffffffffffe", "-000000000000001fffffffffffffffe"})
    EXPECT_EQ(Hash128::from_hex(text), std::nullopt) << text;
}

TEST(HashTest, MixesNeighboursApart) {
  std::set<std::uint64_t> top_bytes;
  for (std::uint64_t i = 0; i < 256; ++i) top_bytes.insert(mix64(i) >> 52);
  EXPECT_GT(top_bytes.size(), 230U);
  EXPECT_NE(mix64(0), 0U);
}

}  // namespace
}  // namespace tributary
