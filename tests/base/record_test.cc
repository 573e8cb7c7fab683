#include "base/record.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/base/sample_records.h"

namespace tributary {
namespace {

using sample::Invoice;
using sample::Line;
using sample::ResourceKey;
using sample::Status;

static_assert(is_key_v<Text> && is_key_v<std::int32_t> && is_key_v<Timestamp> && is_key_v<Status> &&
              is_key_v<ResourceKey> && is_key_v<Currency> && is_key_v<bool>);
static_assert(!is_key_v<Money> && !is_key_v<Amount> && !is_key_v<double> && !is_key_v<List<Text>> &&
              !is_key_v<Line> && !is_key_v<Optional<Text>>);
static_assert(Record<Invoice> && Record<ResourceKey> && !Record<Text> && !Record<int>);

struct WithOwnEquality {
  std::int32_t n = 0;
  std::int32_t ignored = 0;
  friend bool operator==(const WithOwnEquality& a, const WithOwnEquality& b) { return a.n == b.n; }
};
TRIBUTARY_RECORD(WithOwnEquality, n, ignored);

struct Wide {
  std::int8_t f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15;
  std::int8_t f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31;
  std::int8_t f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47;
  std::int8_t f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63;
};
TRIBUTARY_RECORD(Wide, f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14,
                 f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30,
                 f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46,
                 f47, f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62,
                 f63);

TEST(RecordTest, TheTableNamesFieldsOffsetsAndKinds) {
  const TypeInfo& type = type_info<Invoice>();
  EXPECT_EQ(type.kind, TypeKind::kRecord);
  EXPECT_EQ(type.name, "Invoice");
  EXPECT_EQ(type.size, sizeof(Invoice));
  ASSERT_EQ(type.fields.size(), 26U);
  EXPECT_EQ(type.fields[3].name, "billed");
  EXPECT_EQ(type.fields[3].offset, offsetof(Invoice, billed));
  EXPECT_EQ(type.fields[3].type->kind, TypeKind::kMoney);
  EXPECT_EQ(type.fields[10].type->key->name, "ResourceKey");
  EXPECT_TRUE(type.has_references);
  EXPECT_FALSE(type_info<sample::Reading>().has_references);
  EXPECT_EQ(type_info<Wide>().fields.size(), 64U);
}

TEST(RecordTest, ReferencesOfNestedRecordsAreFlattened) {
  bool found = false;
  for (const FieldInfo& field : type_info<Invoice>().references)
    found |= field.offset == offsetof(Invoice, total) + offsetof(Line, label);
  EXPECT_TRUE(found);
}

TEST(RecordTest, TheDefaultValueHasTheMemberInitialisers) {
  const auto& value = *static_cast<const Invoice*>(type_info<Invoice>().default_value);
  EXPECT_EQ(value.i32, -7);
  EXPECT_EQ(value.total.label, "a default label that is long");
  EXPECT_EQ(value.total.count, 1U);
}

TEST(RecordTest, EnumeratorsAreNamedInSnakeCaseWithoutK) {
  EXPECT_EQ(enum_name(Status::kNew), "new");
  EXPECT_EQ(enum_name(Status::kPeriodClosed), "period_closed");
  EXPECT_EQ(enum_name(static_cast<Status>(5)), "");
}

TEST(RecordTest, EqualityComparesWhatIsReferredTo) {
  Arena arena;
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const auto value = sample::random_value<Invoice>(random, arena);
    Arena other;
    const Invoice copied = deep_copy(value, other);
    EXPECT_EQ(value, copied);
    Invoice changed = value;
    changed.i16 = static_cast<std::int16_t>(changed.i16 + 1);
    EXPECT_NE(value, changed);
  }
}

TEST(RecordTest, AnEqualityOfTheClassIsPreferred) {
  EXPECT_EQ((WithOwnEquality{1, 2}), (WithOwnEquality{1, 3}));
}

TEST(RecordTest, PrintsAsJson) {
  std::ostringstream out;
  out << ResourceKey{"acme", 3} << ' ' << Status::kPeriodClosed;
  EXPECT_EQ(out.str(), R"({"account":"acme","region":3} "period_closed")");
}

TEST(RecordTest, KeysAreOrderedByTheirFields) {
  EXPECT_LT((ResourceKey{"a", 9}), (ResourceKey{"b", -1}));
  EXPECT_LT((ResourceKey{"a", -1}), (ResourceKey{"a", 0}));
  EXPECT_EQ((ResourceKey{"a", 1}), (ResourceKey{"a", 1}));
}

TEST(DeepCopyTest, ACopyOutlivesTheMemoryOfTheOriginal) {
  Random random(2);
  Arena kept;
  std::string before;
  std::string after;
  for (int i = 0; i < 100; ++i) {
    Invoice copied;
    before.clear();
    after.clear();
    {
      Arena arena;
      const auto value = sample::random_value<Invoice>(random, arena);
      kept.reset();
      EXPECT_EQ(kept.used_bytes(), 0U);
      deep_copy(type_info<Invoice>(), &value, &copied, kept);
      EXPECT_LE(kept.used_bytes(), referenced_bytes(type_info<Invoice>(), &value));
      std::ostringstream text;
      text << value;
      before = text.str();
    }
    std::ostringstream text;
    text << copied;
    EXPECT_EQ(text.str(), before);
  }
}

TEST(CompareTest, IsAnOrder) {
  Random random(3);
  Arena arena;
  const TypeInfo& type = type_info<Invoice>();
  for (int i = 0; i < 300; ++i) {
    const auto a = sample::random_value<Invoice>(random, arena);
    const auto b = sample::random_value<Invoice>(random, arena);
    EXPECT_EQ(compare(type, &a, &b), -compare(type, &b, &a));
    EXPECT_EQ(compare(type, &a, &a), 0);
    EXPECT_EQ(compare(type, &a, &b) == 0, equal(type, &a, &b));
  }
}

TEST(MapTest, SortsEntriesAndTheLastOfEqualKeysWins) {
  Arena arena;
  using Tags = Map<Text, std::int32_t>;
  const Tags::Entry entries[] = {{"b", 1}, {"a", 2}, {"b", 3}, {"a key of some length", 4}};
  const Tags tags = Tags::copy(entries, arena);
  ASSERT_EQ(tags.size(), 3U);
  EXPECT_EQ(tags.begin()[0].key, "a");
  EXPECT_EQ(*tags.find("b"), 3);
  EXPECT_EQ(*tags.find("a key of some length"), 4);
  EXPECT_EQ(tags.find("c"), nullptr);
  EXPECT_EQ(Tags{}.find("c"), nullptr);
}

TEST(ListTest, CopiesElementsAndTheirTexts) {
  Arena arena;
  List<Text> copied;
  {
    const std::string bytes = "more than twelve bytes";
    const Text texts[] = {Text(bytes), "short"};
    copied = List<Text>::copy(texts, arena);
  }
  ASSERT_EQ(copied.size(), 2U);
  EXPECT_EQ(copied[0], "more than twelve bytes");
  EXPECT_EQ(copied[1], "short");
}

TEST(OptionalTest, ComparesPresenceAndValue) {
  EXPECT_EQ(Optional<int>{}, Optional<int>{});
  EXPECT_NE(Optional<int>{}, Optional<int>{0});
  EXPECT_EQ(Optional<int>{3}, 3);
  EXPECT_EQ(Optional<int>{}.value_or(4), 4);
}

}  // namespace
}  // namespace tributary
