// Which changes of a state's types a restore allows, asked as a restore asks: by schemas.
#include "runtime/cluster/state_evolution.h"

#include <gmock/gmock.h>

#include "base/migration.h"
#include "tests/runtime/cluster/restore_world.h"

namespace tributary::testing_restore {
namespace {

using ::testing::HasSubstr;

enum class Level : std::uint8_t { kLow, kHigh };
TRIBUTARY_ENUM(Level, kLow, kHigh);

namespace now {
enum class Level : std::uint8_t { kLow, kHigh, kTop };
TRIBUTARY_ENUM(Level, kLow, kHigh, kTop);
}  // namespace now

struct Key {
  Text tenant;
  std::int32_t shard = 0;
};
TRIBUTARY_KEY(Key, tenant, shard);
struct WideKey {
  Text tenant;
  std::int64_t shard = 0;
};
TRIBUTARY_KEY(WideKey, tenant, shard);

struct Before {
  std::int32_t n = 0;
  Money billed;
  Level level = Level::kLow;
  List<Optional<std::int16_t>> parts;
  Map<Text, std::uint8_t> by_name;
};
TRIBUTARY_RECORD(Before, n, billed, level, parts, by_name);
struct Added {
  std::int32_t units = 0;
  std::int32_t n = 0;
  Money billed;
  Level level = Level::kLow;
  List<Optional<std::int16_t>> parts;
  Map<Text, std::uint8_t> by_name;
};
TRIBUTARY_RECORD(Added, units, n, billed, level, parts, by_name);
struct Wider {
  std::int64_t n = 0;
  Money billed;
  now::Level level = now::Level::kLow;
  List<Optional<std::int32_t>> parts;
  Map<Text, std::uint16_t> by_name;
};
TRIBUTARY_RECORD(Wider, n, billed, level, parts, by_name);
struct Narrower {
  std::int16_t n = 0;
};
TRIBUTARY_RECORD(Narrower, n);
struct LossOfMoney {
  std::int64_t billed = 0;
};
TRIBUTARY_RECORD(LossOfMoney, billed);
struct OtherMapKey {
  Map<std::int64_t, std::uint8_t> by_name;
};
TRIBUTARY_RECORD(OtherMapKey, by_name);

template <typename K, typename V>
graph::State declared(const std::string& kind = "value") {
  graph::State state;
  state.set_name("by_charge");
  state.set_kind(kind);
  state.set_key_schema(schema_bytes<K>());
  state.set_value_schema(schema_bytes<V>());
  return state;
}

template <typename K, typename V>
checkpoint::StateInCatalog stored(bool is_map = false) {
  checkpoint::StateInCatalog entry;
  entry.set_kind(is_map ? checkpoint::StateInCatalog::MAP : checkpoint::StateInCatalog::VALUE);
  entry.set_key_schema(is_map ? schema_bytes<Text>() : schema_bytes<K>());
  if (is_map) entry.set_map_key_schema(schema_bytes<K>());
  entry.add_value_schemas(schema_bytes<V>());
  return entry;
}

template <typename V>
Result<std::string> evolve() {
  return check_state_evolution(stored<Key, Before>(), nullptr, declared<Key, V>());
}

TEST(StateEvolution, SaysWhatHasChanged) {
  EXPECT_EQ(evolve<Before>().value(), "");
  EXPECT_EQ(evolve<Added>().value(), "field units added");
  EXPECT_EQ(evolve<Wider>().value(),
            "field n widened from int32 to int64, enumerator top of Level added, field parts "
            "widened from int16 to int32, field by_name widened from uint8 to uint16");
  EXPECT_EQ(check_state_evolution(stored<Key, Added>(), nullptr, declared<Key, Before>()).value(),
            "field units removed");
}

TEST(StateEvolution, ANarrowedFieldIsRefusedNamingBothTypes) {
  const auto refused = evolve<Narrower>();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::S401);
  EXPECT_THAT(refused.error().what(), HasSubstr("field n was int32, is now int16"));
}

TEST(StateEvolution, WhetherValuesExpireIsFrozenAndHowSoonIsNot) {
  checkpoint::StateInCatalog kept = stored<Key, Before>();
  graph::State now = declared<Key, Before>();
  now.set_ttl_micros(5);
  const auto refused = check_state_evolution(kept, nullptr, now);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::S401);
  EXPECT_EQ(refused.error().what(), "values that do not expire cannot be read as ones that expire");
  kept.set_ttl_micros(7);
  EXPECT_TRUE(check_state_evolution(kept, nullptr, now).has_value());
}

TEST(StateEvolution, MoneyIsNotLost) {
  const auto refused = evolve<LossOfMoney>();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().what(), "field billed was Money, is now int64; that would lose money");
}

TEST(StateEvolution, JudgesAsTheTaskWillWithTypes) {
  const Schema was = schema_of(type_info<Before>());
  const auto same = [&](const auto& by_schema, const TypeInfo& type) {
    const auto by_type = plan_migration(was, type);
    EXPECT_EQ(by_schema.has_value(), by_type.has_value());
    if (!by_schema && !by_type) {
      EXPECT_EQ(by_schema.error().what(), by_type.error().what());
    }
  };
  same(evolve<Before>(), type_info<Before>());
  same(evolve<Added>(), type_info<Added>());
  same(evolve<Wider>(), type_info<Wider>());
  same(evolve<Narrower>(), type_info<Narrower>());
  same(evolve<LossOfMoney>(), type_info<LossOfMoney>());
  same(evolve<OtherMapKey>(), type_info<OtherMapKey>());
  same(evolve<Key>(), type_info<Key>());
}

TEST(StateEvolution, Rule34_AKeyTypeIsFrozen) {
  for (const bool is_map : {false, true}) {
    const auto refused = check_state_evolution(stored<Key, Before>(is_map), nullptr,
                                               declared<WideKey, Before>(is_map ? "map" : "value"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), ErrorCode::S401);
    EXPECT_THAT(refused.error().what(), HasSubstr("shard: was int32, is now int64"));
    EXPECT_THAT(refused.error().fix(), HasSubstr("key types are frozen"));
  }
}

TEST(StateEvolution, Rule35_EverySchemaThatValuesMayStillBearMustBeReadable) {
  auto entry = stored<Key, LossOfMoney>();
  entry.add_value_schemas(schema_bytes<Before>());
  const auto refused = check_state_evolution(entry, nullptr, declared<Key, Before>());
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().what(), HasSubstr("field billed was int64, is now Money"));
}

TEST(StateEvolution, AnotherKindIsRefused) {
  EXPECT_THAT(check_state_evolution(stored<Key, Before>(), nullptr, declared<Key, Before>("map"))
                  .error()
                  .what(),
              HasSubstr("was a value, is now a map"));
  // A list is kept as a map: only the declaration of before tells them apart.
  const auto was = declared<Key, Before>("map");
  EXPECT_EQ(check_state_evolution(stored<Key, Before>(true), &was, declared<Key, Before>("list"))
                .error()
                .code(),
            ErrorCode::S401);
  EXPECT_EQ(check_broadcast_evolution(declared<Key, Before>("broadcast"), declared<Key, Before>())
                .error()
                .code(),
            ErrorCode::S401);
}

TEST(StateEvolution, BroadcastStateEvolvesLikeAnyOther) {
  const auto was = declared<Key, Before>("broadcast");
  EXPECT_EQ(check_broadcast_evolution(was, declared<Key, Added>("broadcast")).value(),
            "field units added");
  EXPECT_FALSE(check_broadcast_evolution(was, declared<WideKey, Added>("broadcast")).has_value());
  EXPECT_FALSE(check_broadcast_evolution(was, declared<Key, Narrower>("broadcast")).has_value());
}

TEST(StateEvolution, BytesThatAreNoSchemaAreRefused) {
  auto entry = stored<Key, Before>();
  entry.set_value_schemas(0, "\x01\xff");
  EXPECT_EQ(check_state_evolution(entry, nullptr, declared<Key, Before>()).error().code(),
            ErrorCode::S431);
  entry = stored<Key, Before>();
  entry.set_key_schema("?");
  EXPECT_EQ(check_state_evolution(entry, nullptr, declared<Key, Before>()).error().code(),
            ErrorCode::S431);
}

TEST(StateEvolution, ARestoreNamesTheStateAndReportsItsChange) {
  const auto job_with = [](auto type) {
    Job job;
    const auto charges = job.source("charges");
    const auto attribute = job.process("attribute");
    job.state<Text, decltype(type)>(attribute, "by_charge");
    job.keyed(charges, attribute);
    job.chained(attribute, job.sink("out"));
    return job.graph();
  };
  const auto manifest = checkpoint_of(job_with(Before{}), 2);
  const auto restored = match(manifest, job_with(Added{}), 2);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(match_text(restored->report),
            "kept 2, new 0, dropped 0\nattribute.by_charge: field units added");
  const auto refused = match(manifest, job_with(LossOfMoney{}), 2);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error()[0].what(),
            "state attribute.by_charge: field billed was Money, is now int64; that would lose "
            "money. Restore refused, nothing changed");
}

}  // namespace
}  // namespace tributary::testing_restore
