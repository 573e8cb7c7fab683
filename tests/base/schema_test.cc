#include "base/schema.h"

#include <gtest/gtest.h>

#include "base/migration.h"
#include "base/record_codec.h"
#include "tests/base/sample_records.h"

namespace tributary {
namespace {

using sample::Invoice;

std::string encoded_schema(const TypeInfo& type) {
  std::string bytes;
  schema_of(type).encode(bytes);
  return bytes;
}

TEST(SchemaTest, ComesBackFromItsBytesWithTheSameFingerprint) {
  const Schema schema = schema_of(type_info<Invoice>());
  const auto back = Schema::decode(encoded_schema(type_info<Invoice>()));
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, schema);
  EXPECT_EQ(back->fingerprint(), schema.fingerprint());
  EXPECT_NE(schema.fingerprint(), schema_of(type_info<sample::Line>()).fingerprint());
}

TEST(SchemaTest, RefusesBytesCutAnywhereAndBytesTooMany) {
  const std::string bytes = encoded_schema(type_info<Invoice>());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    EXPECT_FALSE(Schema::decode(cut)) << size;
  }
  EXPECT_FALSE(Schema::decode(bytes + "x"));
}

TEST(SchemaTest, RefusesDeepAndMalformedSchemas) {
  const auto decodes = [](std::string_view bytes) { return Schema::decode(bytes).has_value(); };
  EXPECT_TRUE(decodes("\1\x0F"));
  EXPECT_FALSE(decodes("\2\x0F")) << "version";
  EXPECT_FALSE(decodes("\1\x14")) << "kind";
  EXPECT_TRUE(decodes("\1" + std::string(15, '\x11') + "\x0F"));
  EXPECT_FALSE(decodes("\1" + std::string(16, '\x11') + "\x0F")) << "depth 17";
  EXPECT_FALSE(decodes(std::string("\1\x13\1R\0", 5))) << "no field";
  EXPECT_TRUE(decodes("\1\x13\1R\2\1a\x0F\1b\x0F"));
  EXPECT_FALSE(decodes("\1\x13\1R\2\1a\x0F\1a\x0F")) << "field twice";
  EXPECT_FALSE(decodes("\1\x13\1R\1\1\n\x0F")) << "control character";
}

TEST(SchemaTest, NamesTypesAsTheyAreDeclared) {
  const SchemaType root = schema_of(type_info<Invoice>()).root();
  EXPECT_EQ(root.to_string(), "Invoice");
  EXPECT_EQ(root.fields[9].type.to_string(), "Map<Text, Amount>");
  EXPECT_EQ(root.fields[7].type.to_string(), "List<Line>");
}

// One field of the old and of the new type: what happens to values.
template <typename T>
struct One {
  T field{};
};
enum class Few : std::uint8_t { kA, kB };
TRIBUTARY_ENUM(Few, kA, kB);
enum class More : std::uint8_t { kA, kB, kC };
TRIBUTARY_ENUM(More, kA, kB, kC);
enum class Renumbered : std::uint8_t { kB, kA };
TRIBUTARY_ENUM(Renumbered, kB, kA);
enum class WideMore : std::int32_t { kA, kB, kC };
TRIBUTARY_ENUM(WideMore, kA, kB, kC);

#define ONE(Name, ...)           \
  using Name = One<__VA_ARGS__>; \
  TRIBUTARY_RECORD(Name, field)
ONE(OneBool, bool);
ONE(OneInt8, std::int8_t);
ONE(OneInt16, std::int16_t);
ONE(OneInt32, std::int32_t);
ONE(OneInt64, std::int64_t);
ONE(OneUInt8, std::uint8_t);
ONE(OneUInt16, std::uint16_t);
ONE(OneUInt32, std::uint32_t);
ONE(OneUInt64, std::uint64_t);
ONE(OneTimestamp, Timestamp);
ONE(OneDuration, Duration);
ONE(OneAmount, Amount);
ONE(OneMoney, Money);
ONE(OneText, Text);
ONE(OneOptional, Optional<Text>);
ONE(OneList, List<std::int32_t>);
ONE(OneWideList, List<std::int64_t>);
ONE(OneMap, Map<std::int32_t, std::int32_t>);
ONE(OneWideKeyMap, Map<std::int64_t, std::int32_t>);
ONE(OneWideMap, Map<std::int32_t, std::int64_t>);
ONE(OneFew, Few);
ONE(OneMore, More);
ONE(OneRenumbered, Renumbered);
ONE(OneWideMore, WideMore);

TEST(MigrationTest, WhatIsReadAndWhatIsRefused) {
  struct Case {
    const TypeInfo& from;
    const TypeInfo& to;
    bool is_read;
  };
  const Case cases[] = {
      {type_info<OneInt8>(), type_info<OneInt16>(), true},
      {type_info<OneInt8>(), type_info<OneInt64>(), true},
      {type_info<OneInt32>(), type_info<OneInt64>(), true},
      {type_info<OneUInt8>(), type_info<OneUInt32>(), true},
      {type_info<OneUInt8>(), type_info<OneInt16>(), true},
      {type_info<OneUInt32>(), type_info<OneInt64>(), true},
      {type_info<OneUInt32>(), type_info<OneInt32>(), false},
      {type_info<OneUInt64>(), type_info<OneInt64>(), false},
      {type_info<OneInt32>(), type_info<OneInt16>(), false},
      {type_info<OneInt32>(), type_info<OneUInt64>(), false},
      {type_info<OneInt64>(), type_info<OneTimestamp>(), false},
      {type_info<OneTimestamp>(), type_info<OneDuration>(), false},
      {type_info<OneInt64>(), type_info<OneAmount>(), false},
      {type_info<OneInt8>(), type_info<OneBool>(), false},
      {type_info<OneBool>(), type_info<OneUInt16>(), false},
      {type_info<OneMoney>(), type_info<OneAmount>(), false},
      {type_info<OneMoney>(), type_info<OneInt64>(), false},
      {type_info<OneText>(), type_info<OneOptional>(), false},
      {type_info<OneOptional>(), type_info<OneText>(), false},
      {type_info<OneList>(), type_info<OneWideList>(), true},
      {type_info<OneWideList>(), type_info<OneList>(), false},
      {type_info<OneMap>(), type_info<OneWideMap>(), true},
      {type_info<OneMap>(), type_info<OneWideKeyMap>(), false},
      {type_info<OneFew>(), type_info<OneMore>(), true},
      {type_info<OneFew>(), type_info<OneWideMore>(), true},
      {type_info<OneMore>(), type_info<OneFew>(), false},
      {type_info<OneFew>(), type_info<OneRenumbered>(), false},
      {type_info<OneFew>(), type_info<OneUInt8>(), false},
  };
  for (const Case& c : cases) {
    const auto plan = plan_migration(schema_of(c.from), c.to);
    EXPECT_EQ(plan.has_value(), c.is_read) << c.from.name << " -> " << c.to.name;
    if (!plan) {
      EXPECT_EQ(plan.error().code(), ErrorCode::S401);
    }
  }
}

TEST(MigrationTest, SaysFieldAndBothTypes) {
  const auto plan = plan_migration(schema_of(type_info<OneMoney>()), type_info<OneInt64>());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().what(), "field field was Money, is now int64; that would lose money");
}

template <typename From, typename To>
To migrated(const From& from, Arena& arena) {
  std::string bytes;
  RecordCodec(type_info<From>()).encode(&from, bytes);
  const auto plan = plan_migration(schema_of(type_info<From>()), type_info<To>());
  EXPECT_TRUE(plan) << plan.error().to_string();
  To to;
  const Status status = plan->decode_exact(bytes, &to, arena);
  EXPECT_TRUE(status) << status.error().to_string();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    To ignored;
    EXPECT_FALSE(plan->decode_exact(std::string(bytes, 0, size), &ignored, arena)) << size;
  }
  return to;
}

TEST(MigrationTest, WidensByValue) {
  Arena arena;
  EXPECT_EQ((migrated<OneInt8, OneInt64>({-5}, arena).field), -5);
  EXPECT_EQ((migrated<OneUInt8, OneInt16>({255}, arena).field), 255);
  EXPECT_EQ((migrated<OneUInt32, OneUInt64>({4000000000U}, arena).field), 4000000000U);
  EXPECT_EQ((migrated<OneFew, OneWideMore>({Few::kB}, arena).field), WideMore::kB);
  const std::int32_t numbers[] = {-1, 2, 3};
  const auto list =
      migrated<OneList, OneWideList>({List<std::int32_t>::copy(numbers, arena)}, arena).field;
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0], -1);
}

struct OldItem {
  Text name;
  std::int32_t count = 0;
  Text gone;
};
TRIBUTARY_RECORD(OldItem, name, count, gone);
struct NewItem {
  std::int64_t count = 0;
  Text added = "the default of the nested field";
  Text name;
};
TRIBUTARY_RECORD(NewItem, count, added, name);

struct OldOrder {
  Map<Text, List<Text>> gone_map;
  List<OldItem> items;
  bool gone_flag = false;
  Optional<OldItem> gone_item;
  OldItem main;
  Money price;
  sample::Status gone_status = sample::Status::kVoid;
  std::int64_t number = 0;
};
TRIBUTARY_RECORD(OldOrder, gone_map, items, gone_flag, gone_item, main, price, gone_status, number);
struct NewOrder {
  std::int64_t number = 0;
  Money price;
  List<NewItem> items;
  NewItem main;
  Optional<Text> note;
  sample::Status status = sample::Status::kPeriodClosed;
  Amount rate{42};
};
TRIBUTARY_RECORD(NewOrder, number, price, items, main, note, status, rate);

TEST(MigrationTest, AddsSkipsAndReordersFieldsAtEveryDepth) {
  Random random(31);
  for (int i = 0; i < 50; ++i) {
    Arena arena;
    const auto old = sample::random_value<OldOrder>(random, arena);
    const auto now = migrated<OldOrder, NewOrder>(old, arena);
    EXPECT_EQ(now.number, old.number);
    EXPECT_EQ(now.price, old.price);
    EXPECT_FALSE(now.note.has_value());
    EXPECT_EQ(now.status, sample::Status::kPeriodClosed);
    EXPECT_EQ(now.rate, Amount{42});
    EXPECT_EQ(now.main.added, "the default of the nested field");
    EXPECT_EQ(now.main.name, old.main.name);
    ASSERT_EQ(now.items.size(), old.items.size());
    for (std::size_t k = 0; k < old.items.size(); ++k) {
      EXPECT_EQ(now.items[k].name, old.items[k].name);
      EXPECT_EQ(now.items[k].count, old.items[k].count);
      EXPECT_EQ(now.items[k].added, "the default of the nested field");
    }
  }
}

TEST(MigrationTest, KnowsWhenNothingChanged) {
  EXPECT_TRUE(plan_migration(schema_of(type_info<Invoice>()), type_info<Invoice>())->is_identity());
  EXPECT_FALSE(
      plan_migration(schema_of(type_info<OldOrder>()), type_info<NewOrder>())->is_identity());
}

struct KeyV1 {
  Text name;
  std::int32_t n = 0;
};
TRIBUTARY_KEY(KeyV1, name, n);
struct KeyWider {
  Text name;
  std::int64_t n = 0;
};
TRIBUTARY_KEY(KeyWider, name, n);
struct KeyLonger {
  Text name;
  std::int32_t n = 0;
  bool more = false;
};
TRIBUTARY_KEY(KeyLonger, name, n, more);
struct KeySwapped {
  std::int32_t n = 0;
  Text name;
};
TRIBUTARY_KEY(KeySwapped, n, name);

TEST(MigrationTest, KeysAreFrozen) {
  const Schema v1 = schema_of(type_info<KeyV1>());
  EXPECT_TRUE(check_key_unchanged(v1, type_info<KeyV1>()));
  for (const TypeInfo* changed :
       {&type_info<KeyWider>(), &type_info<KeyLonger>(), &type_info<KeySwapped>()})
    EXPECT_FALSE(check_key_unchanged(v1, *changed)) << changed->name;
  EXPECT_TRUE(check_key_unchanged(schema_of(type_info<Few>()), type_info<More>()));
  EXPECT_FALSE(check_key_unchanged(schema_of(type_info<More>()), type_info<Few>()));
  EXPECT_EQ(check_key_unchanged(v1, type_info<KeyWider>()).error().what(),
            "key KeyWider.n: was int32, is now int64");
}

}  // namespace
}  // namespace tributary
