#include "base/base64.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace tributary {
namespace {

// RFC 4648, section 10.
constexpr std::pair<const char*, const char*> kVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(Base64Test, WritesAndReadsTheVectorsOfRfc4648) {
  for (const auto& [plain, encoded] : kVectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    const Result<std::string> decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded.has_value()) << encoded;
    EXPECT_EQ(*decoded, plain);
  }
}

TEST(Base64Test, EveryByteComesBackAtEveryPlace) {
  for (std::size_t length = 1; length <= 5; ++length) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string bytes(length, static_cast<char>(byte));
      const Result<std::string> decoded = base64_decode(base64_encode(bytes));
      ASSERT_TRUE(decoded.has_value());
      EXPECT_EQ(*decoded, bytes);
    }
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(*base64_decode(base64_encode(all)), all);
}

TEST(Base64Test, UsesBothCharactersThatAreNoLetters) {
  EXPECT_EQ(base64_encode("\xFB\xFF\xFE"), "+//+");
  EXPECT_EQ(*base64_decode("+//+"), "\xFB\xFF\xFE");
}

TEST(Base64Test, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"Zg=", "Zg", "Z", "=", "====", "Z===", "Zg==Zg==", "Zh==", "Zm9=",
                           "Zm9v\n", "Zm9\n", "Z-9v", "Zm_v", "Zg= ", "\xFFg==", "Zm=v"}) {
    const Result<std::string> decoded = base64_decode(text);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code(), ErrorCode::D101) << text;
  }
}

}  // namespace
}  // namespace tributary
