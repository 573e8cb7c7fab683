#include "runtime/cluster/recorded_hash.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(RecordedHash, IsSixteenBytesThatReadAsItsText) {
  const Hash128 hash = *Hash128::from_hex("00112233445566778899aabbccddeeff");
  EXPECT_EQ(recorded_bytes(hash),
            std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
  EXPECT_EQ(recorded_hash(recorded_bytes(hash)), hash);
}

TEST(RecordedHash, OfTooFewBytesIsFilledUp) {
  EXPECT_EQ(recorded_hash("\x01"), (Hash128{.high = std::uint64_t{1} << 56, .low = 0}));
  EXPECT_EQ(recorded_hash(""), Hash128{});
}

}  // namespace
}  // namespace tributary
