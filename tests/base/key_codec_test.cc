#include "base/key_codec.h"

#include <fstream>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "tests/base/sample_records.h"

namespace tributary {
namespace {

using sample::FullKey;
using sample::ResourceKey;

template <typename T>
std::string key_bytes(const T& key) {
  std::string bytes;
  KeyCodec(type_info<T>()).encode(&key, bytes);
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

template <typename T>
struct Wrapped {
  T value{};
};
using WrappedBool = Wrapped<bool>;
TRIBUTARY_RECORD(WrappedBool, value);
using WrappedInt8 = Wrapped<std::int8_t>;
TRIBUTARY_RECORD(WrappedInt8, value);
using WrappedInt32 = Wrapped<std::int32_t>;
TRIBUTARY_RECORD(WrappedInt32, value);
using WrappedInt64 = Wrapped<std::int64_t>;
TRIBUTARY_RECORD(WrappedInt64, value);
using WrappedUInt16 = Wrapped<std::uint16_t>;
TRIBUTARY_RECORD(WrappedUInt16, value);
using WrappedUInt64 = Wrapped<std::uint64_t>;
TRIBUTARY_RECORD(WrappedUInt64, value);
using WrappedTimestamp = Wrapped<Timestamp>;
TRIBUTARY_RECORD(WrappedTimestamp, value);
using WrappedCurrency = Wrapped<Currency>;
TRIBUTARY_RECORD(WrappedCurrency, value);
using WrappedText = Wrapped<Text>;
TRIBUTARY_RECORD(WrappedText, value);
using WrappedResourceKey = Wrapped<ResourceKey>;
TRIBUTARY_RECORD(WrappedResourceKey, value);

const std::map<std::string, const TypeInfo*> kWrapped = {
    {"bool", &type_info<WrappedBool>()},
    {"int8", &type_info<WrappedInt8>()},
    {"int32", &type_info<WrappedInt32>()},
    {"int64", &type_info<WrappedInt64>()},
    {"uint16", &type_info<WrappedUInt16>()},
    {"uint64", &type_info<WrappedUInt64>()},
    {"Timestamp", &type_info<WrappedTimestamp>()},
    {"Currency", &type_info<WrappedCurrency>()},
    {"Text", &type_info<WrappedText>()},
    {"ResourceKey", &type_info<WrappedResourceKey>()},
};

// "| Text | `"a"` | `61` `0001` |" -> Text, "a", 610001.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t at = 1; at < line.size();) {
    const std::size_t end = line.find(" |", at);
    std::string cell;
    for (const char c : line.substr(at, end - at))
      if (c != '`') cell += c;
    cells.push_back(cell.substr(cell.find_first_not_of(' ')));
    at = end + 2;
  }
  return cells;
}

TEST(KeyCodecTest, TheVectorsOfThePageHold) {
  std::ifstream page(TRIBUTARY_SOURCE_DIR "/docs/formats/key-codec.md");
  std::string line;
  while (std::getline(page, line) && line != "## Test vectors") {
  }
  int vectors = 0;
  while (std::getline(page, line)) {
    if (!line.starts_with("| ") || line.starts_with("| Type")) continue;
    std::vector<std::string> cells = cells_of(line);
    ASSERT_EQ(cells.size(), 3U) << line;
    std::erase(cells[2], ' ');
    const TypeInfo& type = *kWrapped.at(cells[0]);
    Arena arena;
    alignas(16) char value[64];
    alignas(16) char back[64];
    ASSERT_LE(type.size, sizeof value);
    const Status read = read_json(type, fmt::format("{{\"value\":{}}}", cells[1]), value, arena);
    ASSERT_TRUE(read) << line << read.error().to_string();
    const KeyCodec codec(*type.fields[0].type);
    std::string bytes;
    codec.encode(value, bytes);
    EXPECT_EQ(hex(bytes), cells[2]) << line;
    ASSERT_TRUE(codec.decode_exact(bytes, back, arena)) << line;
    EXPECT_TRUE(equal(*type.fields[0].type, value, back)) << line;
    ++vectors;
  }
  EXPECT_EQ(vectors, 16);
}

TEST(KeyCodecTest, RandomKeysComeBackAndSortAsTheirBytes) {
  const KeyCodec codec(type_info<FullKey>());
  Random random(21);
  for (int i = 0; i < 2000; ++i) {
    Arena arena;
    const auto a = sample::random_value<FullKey>(random, arena);
    auto b = sample::random_value<FullKey>(random, arena);
    if (random.chance(1, 2)) b.name = a.name;
    const std::string x = key_bytes(a);
    const std::string y = key_bytes(b);
    EXPECT_LE(x.size(), codec.encoded_bytes_max(&a));
    EXPECT_EQ(x.compare(y) < 0, a < b);
    EXPECT_EQ(x == y, a == b);
    FullKey back;
    std::string_view input = x;
    ASSERT_TRUE(codec.decode(input, &back, arena));
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(back, a);
  }
}

TEST(KeyCodecTest, TextsWithZerosSortAsTheirBytes) {
  const std::string texts[] = {"",
                               std::string(1, '\0'),
                               std::string(2, '\0'),
                               std::string("\0\1", 2),
                               "\1",
                               "a",
                               std::string("a\0", 2),
                               std::string("a\0b", 3),
                               "a\1",
                               "ab",
                               "b",
                               "\xFF"};
  for (std::size_t i = 0; i + 1 < std::size(texts); ++i)
    EXPECT_LT(key_bytes(Text(texts[i])), key_bytes(Text(texts[i + 1]))) << i;
}

TEST(KeyCodecTest, NoKeyIsTheFrontOfAnother) {
  const std::string a = key_bytes(ResourceKey{"a", 1});
  const KeyCodec codec(type_info<ResourceKey>());
  Arena arena;
  ResourceKey key;
  for (std::size_t size = 0; size < a.size(); ++size) {
    const std::string cut = a.substr(0, size);
    EXPECT_FALSE(codec.decode_exact(cut, &key, arena)) << size;
  }
  std::string_view input = a;
  const std::string followed = a + "namespace";
  input = followed;
  ASSERT_TRUE(codec.decode(input, &key, arena));
  EXPECT_EQ(input, "namespace");
  EXPECT_FALSE(codec.decode_exact(followed, &key, arena));
}

TEST(KeyCodecTest, RefusesBytesThatNoKeyHas) {
  Arena arena;
  alignas(16) char out[16];
  const auto decodes = [&](const TypeInfo& type, std::string_view bytes) {
    return KeyCodec(type).decode_exact(bytes, out, arena).has_value();
  };
  EXPECT_FALSE(decodes(type_info<bool>(), "\2"));
  EXPECT_FALSE(decodes(type_info<sample::Status>(), "\5"));
  EXPECT_FALSE(decodes(type_info<Currency>(), "US1"));
  EXPECT_FALSE(decodes(type_info<Text>(), std::string_view("a\0\2", 3)));
  EXPECT_FALSE(decodes(type_info<Text>(), std::string_view("a\0", 2)));
}

TEST(KeyCodecDeathTest, StopsAtATypeThatIsNoKey) {
  EXPECT_DEATH(KeyCodec{type_info<Money>()}, "Money cannot be");
}

}  // namespace
}  // namespace tributary
