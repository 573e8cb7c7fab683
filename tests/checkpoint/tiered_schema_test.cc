// Types that changed between a snapshot and its restore.
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "base/record.h"
#include "tests/checkpoint/keyed_state_conformance.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {

namespace before {
struct Account {
  std::int32_t balance = 0;
  Text owner;
};
TRIBUTARY_RECORD(Account, balance, owner);
}  // namespace before

namespace after {
struct Account {
  Text owner;
  std::int64_t balance = 0;
  std::int32_t limit = 99;
};
TRIBUTARY_RECORD(Account, owner, balance, limit);
}  // namespace after

namespace {

using checkpoint::StateSnapshot;

const TieredOptions kOptions{.key_group_count = 16,
                             .memory_bytes = 8 << 10,
                             .slack_bytes = 8 << 10,
                             .write_bytes = 4 << 10,
                             .base_bytes_min = 1,
                             .renewal_bytes_max = 0};

class TieredSchema : public testing::Test {
 protected:
  template <typename T>
  T& account(ValueState& accounts, const std::string& key) {
    const StateKey at = address(key);
    accounts.fetch({&at, 1}, {&entry_, 1});
    return *static_cast<T*>(entry_->value);
  }

  // In a base and in a delta behind it.
  StateSnapshot stored() {
    TieredTask task(world_, kOptions);
    ValueState& accounts = declare<before::Account>(task);
    EXPECT_TRUE(task.store().finish_restore().has_value());
    for (int i = 0; i < 100; ++i) {
      const std::string owner = "the owner of account " + std::to_string(i);
      const before::Account made{.balance = i, .owner = Text(owner)};
      (void)account<before::Account>(accounts, std::to_string(i));
      accounts.assign(*entry_, &made);
      if (i != 49) continue;
      (void)task.snapshot();
      EXPECT_TRUE(task.fold());
    }
    return task.snapshot();
  }
  template <typename T>
  ValueState& declare(TieredTask& task) {
    return **task.state().value({.name = "accounts",
                                 .key_type = &type_info<std::int64_t>(),
                                 .value_type = &type_info<T>()});
  }

  TieredWorld world_{TieredWorld::Kind::kModel};
  StateEntry* entry_ = nullptr;
};

TEST_F(TieredSchema, Rule35_ValuesOfAnOlderSchemaAreReadBesideThoseOfTheNewOne) {
  TieredTask task(world_, kOptions);
  task.begin_restore({stored()});
  ValueState& accounts = declare<after::Account>(task);
  ASSERT_TRUE(task.store().finish_restore().has_value());
  for (int i = 0; i < 100; i += 2) {
    (void)account<after::Account>(accounts, std::to_string(i));
    const after::Account changed{.owner = Text("new"), .balance = -i, .limit = 1};
    accounts.assign(*entry_, &changed);
    task.settle();
  }
  const StateSnapshot mixed = task.snapshot();
  TieredTask again(world_, kOptions);
  again.begin_restore({mixed});
  ValueState& restored = declare<after::Account>(again);
  ASSERT_TRUE(again.store().finish_restore().has_value());
  for (int i = 0; i < 100; ++i) {
    const auto& found = account<after::Account>(restored, std::to_string(i));
    ASSERT_TRUE(entry_->present);
    EXPECT_EQ(found.balance, i % 2 == 0 ? -i : i);
    EXPECT_EQ(found.limit, i % 2 == 0 ? 1 : 99);
    EXPECT_EQ(found.owner.view(), i % 2 == 0 ? "new" : "the owner of account " + std::to_string(i));
  }
}

TEST_F(TieredSchema, Rule34_AKeyOfAnotherTypeIsRefusedAndTheStateNamed) {
  TieredTask task(world_, kOptions);
  task.begin_restore({stored()});
  const auto refused = task.state().value({.name = "accounts",
                                           .key_type = &type_info<Text>(),
                                           .value_type = &type_info<before::Account>()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::S401);
  EXPECT_THAT(refused.error().what(), testing::HasSubstr("accounts"));
}

TEST_F(TieredSchema, AValueThatCannotBeReadIsRefusedBeforeTheFirstRecord) {
  TieredTask task(world_, kOptions);
  task.begin_restore({stored()});
  const auto refused = task.state().value({.name = "accounts",
                                           .key_type = &type_info<std::int64_t>(),
                                           .value_type = &type_info<Part>()});
  // Every field of Part is new and every one of Account's is gone: that can be read.
  EXPECT_TRUE(refused.has_value());
  TieredTask other(world_, kOptions);
  other.begin_restore({stored()});
  const auto as_map = other.state().map({.name = "accounts",
                                         .key_type = &type_info<std::int64_t>(),
                                         .value_type = &type_info<before::Account>()});
  ASSERT_FALSE(as_map.has_value());
  EXPECT_EQ(as_map.error().code(), ErrorCode::S401);
}

TEST_F(TieredSchema, AStateThatIsNoLongerDeclaredStaysInTheSnapshots) {
  TieredTask without(world_, kOptions);
  without.begin_restore({stored()});
  (void)**without.state().value({.name = "other", .value_type = &type_info<Tally>()});
  ASSERT_TRUE(without.store().finish_restore().has_value());
  EXPECT_EQ(without.state()
                .value({.name = "accounts", .value_type = &type_info<before::Account>()})
                .error()
                .code(),
            ErrorCode::S432)
      << "too late: what was stored of it was passed over";
  StateSnapshot snapshot = without.snapshot();
  ASSERT_TRUE(without.fold());
  snapshot = without.snapshot();
  TieredTask again(world_, kOptions);
  again.begin_restore({snapshot});
  ValueState& accounts = declare<before::Account>(again);
  ASSERT_TRUE(again.store().finish_restore().has_value());
  EXPECT_EQ(account<before::Account>(accounts, "77").balance, 77);
  EXPECT_EQ(account<before::Account>(accounts, "7").balance, 7);
}

TEST_F(TieredSchema, SnapshotsThatDisagreeAreRefused) {
  StateSnapshot one = stored();
  StateSnapshot other = one;
  other.mutable_catalog(1)->set_state_id(9);
  TieredStore store(kOptions, {.lsm = &world_.lsm(), .io = &world_.io(), .folder = "f"}, nullptr,
                    nullptr);
  const StateSnapshot both[] = {one, other};
  EXPECT_EQ(store.begin_restore(both, world_.places()).error().code(), ErrorCode::S432);
  one.set_key_group_count(17);
  TieredStore grouped(kOptions, {.lsm = &world_.lsm(), .io = &world_.io(), .folder = "g"}, nullptr,
                      nullptr);
  EXPECT_EQ(grouped.begin_restore({&one, 1}, world_.places()).error().code(), ErrorCode::S432);
}

}  // namespace
}  // namespace tributary::testing_state
