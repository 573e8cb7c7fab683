#include "base/dynamic_type.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/key_codec.h"
#include "base/migration.h"
#include "base/random.h"
#include "base/record_codec.h"
#include "tests/base/sample_records.h"

namespace tributary {
namespace {

// A value's place, aligned for any.
struct Place {
  explicit Place(const TypeInfo& type) : bytes(type.size / 16 + 1) {}
  struct alignas(16) Sixteen {
    char bytes[16] = {};
  };
  std::vector<Sixteen> bytes;
  void* get() { return bytes.data(); }
};

TEST(DynamicTypeTest, HasTheSchemaThatItWasMadeFrom) {
  const Schema schema = schema_of(type_info<sample::Invoice>());
  const DynamicType made(schema);
  EXPECT_EQ(schema_of(made.info()), schema);
}

TEST(DynamicTypeTest, ReadsTheBytesOfATypeThatItWasNotCompiledWith) {
  const TypeInfo& compiled = type_info<sample::Invoice>();
  const Schema schema = schema_of(compiled);
  const DynamicType made(schema);
  const auto plan = plan_migration(schema, made.info());
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->is_identity());
  const RecordCodec codec(compiled);
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    Arena arena;
    sample::Invoice invoice;
    sample::fill_random(compiled, &invoice, random, arena);
    std::string bytes;
    codec.encode(&invoice, bytes);
    Place read(made.info());
    ASSERT_TRUE(plan->decode_exact(bytes, read.get(), arena).has_value());
    std::string expected;
    std::string found;
    write_json(compiled, &invoice, expected);
    write_json(made.info(), read.get(), found);
    EXPECT_EQ(found, expected);
    // Its own tables serve copies and comparisons too.
    Place copy(made.info());
    deep_copy(made.info(), read.get(), copy.get(), arena);
    EXPECT_TRUE(equal(made.info(), read.get(), copy.get()));
    std::string again;
    RecordCodec(made.info()).encode(copy.get(), again);
    EXPECT_EQ(again, bytes);
  }
}

TEST(DynamicTypeTest, ReadsKeysFromJsonAsTheCompiledTypeDoes) {
  const TypeInfo& compiled = type_info<sample::FullKey>();
  const DynamicType made(schema_of(compiled));
  Random random(7);
  for (int i = 0; i < 100; ++i) {
    Arena arena;
    sample::FullKey key;
    sample::fill_random(compiled, &key, random, arena);
    std::string json;
    write_json(compiled, &key, json);
    Place read(made.info());
    const Status status = read_json(made.info(), json, read.get(), arena);
    ASSERT_TRUE(status.has_value()) << status.error().what();
    sample::FullKey expected;
    ASSERT_TRUE(read_json(compiled, json, &expected, arena).has_value());
    std::string bytes;
    std::string expected_bytes;
    KeyCodec(made.info()).encode(read.get(), bytes);
    KeyCodec(compiled).encode(&expected, expected_bytes);
    EXPECT_EQ(bytes, expected_bytes);
  }
}

TEST(DynamicTypeTest, StaysWhereItIsWhenItMoves) {
  const Schema schema = schema_of(type_info<sample::Line>());
  DynamicType made(schema);
  const DynamicType moved = std::move(made);
  EXPECT_EQ(schema_of(moved.info()), schema);
}

TEST(DynamicTypeTest, TellsWhichSchemasKeysMayHave) {
  EXPECT_TRUE(is_key_schema(schema_of(type_info<sample::FullKey>()).root()));
  EXPECT_TRUE(is_key_schema(schema_of(type_info<std::int64_t>()).root()));
  EXPECT_FALSE(is_key_schema(schema_of(type_info<sample::Line>()).root()));  // has Money
  EXPECT_FALSE(is_key_schema(schema_of(type_info<List<Text>>()).root()));
  EXPECT_FALSE(is_key_schema(schema_of(type_info<Amount>()).root()));
}

}  // namespace
}  // namespace tributary
