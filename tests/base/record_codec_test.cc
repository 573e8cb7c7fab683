#include "base/record_codec.h"

#include <gtest/gtest.h>

#include "tests/base/sample_records.h"

namespace tributary {
namespace {

using sample::Invoice;

template <typename T>
std::string encoded(const T& value) {
  std::string bytes;
  RecordCodec(type_info<T>()).encode(&value, bytes);
  return bytes;
}

struct Flags {
  bool is_on = false;
  sample::Status status = sample::Status::kNew;
  Currency currency;
  Optional<std::uint8_t> extra;
};
TRIBUTARY_RECORD(Flags, is_on, status, currency, extra);

struct Tags {
  Map<Text, std::int32_t> tags;
};
TRIBUTARY_RECORD(Tags, tags);

struct Names {
  List<Text> names;
};
TRIBUTARY_RECORD(Names, names);

Result<Flags> decode_flags(std::string_view bytes) {
  Flags flags;
  Arena arena;
  TRY(RecordCodec(type_info<Flags>()).decode_exact(bytes, &flags, arena));
  return flags;
}

TEST(RecordCodecTest, RandomValuesComeBack) {
  const RecordCodec codec(type_info<Invoice>());
  Random random(11);
  for (int i = 0; i < 500; ++i) {
    Arena arena;
    const auto value = sample::random_value<Invoice>(random, arena);
    std::string bytes = "before";
    codec.encode(&value, bytes);
    EXPECT_LE(bytes.size() - 6, codec.encoded_bytes_max(&value));
    for (const TextBytes mode : {TextBytes::kCopied, TextBytes::kViewInput}) {
      Invoice read;
      const Status status =
          codec.decode_exact(std::string_view(bytes).substr(6), &read, arena, {}, mode);
      ASSERT_TRUE(status) << status.error().to_string();
      EXPECT_EQ(read, value);
    }
  }
}

TEST(RecordCodecTest, TheBytesAreThoseOfThePage) {
  const sample::Reading reading{1, {-1}, 7, 0x01020304};
  EXPECT_EQ(encoded(reading),
            std::string("\1\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\7\0\0\0\4\3\2\1", 24));
  EXPECT_EQ(encoded(sample::ResourceKey{"acme", 3}), std::string("\4acme\3\0\0\0", 9));
  EXPECT_EQ(encoded(Flags{true, sample::Status::kVoid, *Currency::parse("EUR"), 5}),
            std::string("\1\x09"
                        "EUR\0\1\5",
                        8));
}

TEST(RecordCodecTest, RefusesBytesCutAnywhere) {
  const RecordCodec codec(type_info<Invoice>());
  Random random(12);
  for (int i = 0; i < 20; ++i) {
    Arena arena;
    const auto value = sample::random_value<Invoice>(random, arena);
    std::string bytes;
    codec.encode(&value, bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Invoice read;
      // A heap copy, so that ASan sees a read beyond.
      const std::string cut = bytes.substr(0, size);
      const Status status = codec.decode_exact(cut, &read, arena);
      ASSERT_FALSE(status) << size;
      EXPECT_EQ(status.error().code(), ErrorCode::D101);
    }
  }
}

TEST(RecordCodecTest, RefusesBytesBehindTheValueUnlessMoreMayFollow) {
  const RecordCodec codec(type_info<sample::ResourceKey>());
  Arena arena;
  sample::ResourceKey key;
  const std::string two =
      encoded(sample::ResourceKey{"a", 1}) + encoded(sample::ResourceKey{"b", 2});
  EXPECT_FALSE(codec.decode_exact(two, &key, arena));
  std::string_view input = two;
  ASSERT_TRUE(codec.decode(input, &key, arena));
  EXPECT_EQ(key, (sample::ResourceKey{"a", 1}));
  ASSERT_TRUE(codec.decode(input, &key, arena));
  EXPECT_EQ(key, (sample::ResourceKey{"b", 2}));
  EXPECT_TRUE(input.empty());
}

TEST(RecordCodecTest, RefusesValuesThatTheTypeDoesNotHave) {
  EXPECT_TRUE(
      decode_flags(std::string("\1\x09"
                               "EUR\0\0",
                               7)));
  EXPECT_TRUE(decode_flags(std::string("\0\0\0\0\0\0\0", 7)));
  EXPECT_FALSE(
      decode_flags(std::string("\2\x09"
                               "EUR\0\0",
                               7)))
      << "bool 2";
  EXPECT_FALSE(
      decode_flags(std::string("\1\x08"
                               "EUR\0\0",
                               7)))
      << "enum 8";
  EXPECT_FALSE(
      decode_flags(std::string("\1\x09"
                               "eUR\0\0",
                               7)))
      << "currency";
  EXPECT_FALSE(
      decode_flags(std::string("\1\x09"
                               "EUR\1\0",
                               7)))
      << "currency's padding";
  EXPECT_FALSE(
      decode_flags(std::string("\1\x09"
                               "EUR\0\2",
                               7)))
      << "flag of the optional";
  const auto bad =
      decode_flags(std::string("\1\x08"
                               "EUR\0\0",
                               7));
  EXPECT_NE(bad.error().what().find("Flags.status"), std::string::npos) << bad.error().what();
}

TEST(RecordCodecTest, RefusesAMapWhoseKeysDoNotAscend) {
  const RecordCodec codec(type_info<Tags>());
  Arena arena;
  Tags tags;
  EXPECT_TRUE(codec.decode_exact(std::string("\2\1a\0\0\0\0\1b\0\0\0\0", 13), &tags, arena));
  EXPECT_FALSE(codec.decode_exact(std::string("\2\1b\0\0\0\0\1a\0\0\0\0", 13), &tags, arena));
  EXPECT_FALSE(codec.decode_exact(std::string("\2\1a\0\0\0\0\1a\0\0\0\0", 13), &tags, arena));
}

TEST(RecordCodecTest, RefusesALengthInALongerFormThanNeeded) {
  Arena arena;
  Names names;
  EXPECT_FALSE(
      RecordCodec(type_info<Names>()).decode_exact(std::string("\x81\0\1a", 4), &names, arena));
}

TEST(RecordCodecTest, LimitsTextsElementsAndMemory) {
  const RecordCodec codec(type_info<Names>());
  const Text texts[] = {"a text of thirty bytes, almost", "b"};
  Names value{List<Text>(texts)};
  const std::string bytes = encoded(value);
  Arena arena;
  Names read;
  const auto code = [&](DecodeLimits limits) {
    const Status status = codec.decode_exact(bytes, &read, arena, limits);
    return status ? std::string("ok") : std::string(error_page(status.error().code()).code);
  };
  EXPECT_EQ(code({}), "ok");
  EXPECT_EQ(code({.text_bytes_max = 29}), "D102");
  EXPECT_EQ(code({.list_elements_max = 1}), "D102");
  EXPECT_EQ(code({.total_bytes_max = 31}), "D102");
}

TEST(RecordCodecTest, ACountThatIsALieAllocatesNothing) {
  Arena arena;
  Names read;
  const Status status = RecordCodec(type_info<Names>())
                            .decode_exact(
                                "\xFF\xFF\x3F"
                                "a",
                                &read, arena);
  EXPECT_FALSE(status);
  EXPECT_EQ(arena.used_bytes(), 0U);
  EXPECT_TRUE(read.names.empty());
}

TEST(RecordCodecTest, DecodesTextsAsViewsOfTheInputWhenAsked) {
  const std::string bytes = encoded(sample::ResourceKey{"a long name of an account", 1});
  const RecordCodec codec(type_info<sample::ResourceKey>());
  Arena arena;
  sample::ResourceKey key;
  ASSERT_TRUE(codec.decode_exact(bytes, &key, arena, {}, TextBytes::kViewInput));
  EXPECT_EQ(key.account.data(), bytes.data() + 1);
  ASSERT_TRUE(codec.decode_exact(bytes, &key, arena));
  EXPECT_NE(key.account.data(), bytes.data() + 1);
}

}  // namespace
}  // namespace tributary
