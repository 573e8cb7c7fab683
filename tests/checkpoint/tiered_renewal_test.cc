// Renewals: deltas that hold everything, in place of a base.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/random.h"
#include "tests/checkpoint/tiered_subject.h"

namespace tributary::testing_state {
namespace {

using checkpoint::StateSnapshot;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr TieredOptions kRenewed{.key_group_count = 16, .base_bytes_min = 1};

std::size_t pieces(const StateSnapshot& snapshot) {
  std::size_t count = 0;
  for (const auto& layer : snapshot.layers())
    count += static_cast<std::size_t>(layer.deltas_size());
  return count;
}

class TieredRenewal : public testing::Test {
 protected:
  // A snapshot that is complete, and what follows from it.
  StateSnapshot completed(Subject& subject) {
    StateSnapshot snapshot = subject.task.snapshot();
    EXPECT_FALSE(subject.task.fold()) << "a fold instead of a renewal";
    return snapshot;
  }
  void look_at_all(Subject& subject, std::size_t visits = 64) {
    while (subject.task.store().maintain(visits)) {
    }
  }

  TieredWorld world_{TieredWorld::Kind::kModel};
};

TEST_F(TieredRenewal, Rule25_StateInMemoryIsRenewedByItsDeltasAndWhatCameBeforeGoes) {
  Subject subject(world_, kRenewed);
  for (int i = 0; i < 200; ++i) subject.set(name(i), i);
  for (int i = 0; i < 50; ++i) subject.put("map", name(i), i);
  subject.timers->set(TimeDomain::kEvent, address("k"), "t", Timestamp{5});
  subject.timers->set(TimeDomain::kProcessing, address("k"), "t", Timestamp{6});
  const StateSnapshot before = completed(subject);
  for (int i = 0; i < 10; ++i) subject.set(name(i), -i);
  look_at_all(subject);
  const StateSnapshot both = completed(subject);
  EXPECT_EQ(pieces(both), 2U) << "a snapshot names the old ones as long as another might need them";
  const StateSnapshot after = subject.task.snapshot();
  EXPECT_EQ(pieces(after), 1U);
  EXPECT_EQ(after.layers(0).deltas(0).epoch(), 2U);
  EXPECT_EQ(after.layers(0).base_size(), 0);
  for (const StateSnapshot* snapshot : {&both, &after}) {
    Subject restored(world_, kRenewed, {*snapshot});
    for (int i = 0; i < 200; ++i) ASSERT_EQ(restored.get(name(i)), i < 10 ? -i : i);
    EXPECT_EQ(restored.parts->size(address("map")), 50U);
    EXPECT_EQ(restored.elements("map"), subject.elements("map"));
    EXPECT_EQ(restored.timers->earliest(TimeDomain::kEvent), Timestamp{5});
    EXPECT_EQ(restored.timers->earliest(TimeDomain::kProcessing), Timestamp{6});
  }
}

TEST_F(TieredRenewal, IsNotRepeatedBeforeAsMuchHasChangedAgain) {
  TieredOptions options = kRenewed;
  options.base_bytes_min = 2000;
  Subject subject(world_, options);
  for (int i = 0; i < 400; ++i) subject.set(name(i), i);
  (void)completed(subject);
  look_at_all(subject);
  (void)completed(subject);
  // Less than half of it in all.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) subject.set(name(i), round);
    (void)completed(subject);
    look_at_all(subject);
  }
  EXPECT_EQ(delta_records(world_, subject.task.snapshot()).size(), 400U + 3 * 40U);
  for (int i = 0; i < 200; ++i) subject.set(name(i), 7);
  (void)completed(subject);
  look_at_all(subject);
  (void)completed(subject);
  EXPECT_EQ(delta_records(world_, subject.task.snapshot()).size(), 400U);
}

TEST_F(TieredRenewal, WhatIsStoredOfTheEpochAtHandIsNotCountedYet) {
  TieredOptions options = kRenewed;
  options.base_bytes_min = 2000;
  Subject subject(world_, options);
  for (int i = 0; i < 6000; ++i)
    subject.timers->set(TimeDomain::kEvent, address("k"), name(i), Timestamp{i});
  (void)completed(subject);
  look_at_all(subject);
  (void)subject.task.snapshot();
  for (int i = 0; i < 5000; ++i) (void)subject.timers->pop_due(TimeDomain::kEvent, Timestamp{6000});
  subject.task.store_chunks();
  EXPECT_FALSE(subject.task.fold());
  EXPECT_EQ(pieces(*subject.task.store().snapshot()), 1U) << "what was before is gone";
  EXPECT_FALSE(subject.task.fold());
  EXPECT_FALSE(subject.task.store().maintain(1)) << "and no other renewal has begun";
}

TEST_F(TieredRenewal, Rule24_ASnapshotDuringARenewalIsOfItsBarrier) {
  Subject subject(world_, kRenewed);
  for (int i = 0; i < 300; ++i) subject.set(name(i), i);
  for (int i = 0; i < 20; ++i)
    subject.timers->set(TimeDomain::kEvent, address(name(i)), "t", Timestamp{i});
  (void)completed(subject);
  (void)subject.task.store().maintain(100);
  for (int i = 0; i < 300; i += 2) subject.set(name(i), 1000 + i);
  for (int i = 20; i < 40; ++i)
    subject.timers->set(TimeDomain::kEvent, address(name(i)), "t", Timestamp{i});
  ASSERT_TRUE(subject.task.store().freeze().has_value());
  // The rest is looked at while nothing of the barrier has been swept.
  look_at_all(subject);
  for (int i = 0; i < 300; i += 3) subject.set(name(i), -1);
  for (int i = 1; i < 300; i += 30) subject.clear(name(i));
  for (int i = 0; i < 10; ++i) (void)subject.timers->pop_due(TimeDomain::kEvent, Timestamp{100});
  while (!subject.task.store().sweep(7)) {
  }
  subject.task.store_chunks();
  const auto at_barrier = subject.task.store().snapshot();
  ASSERT_TRUE(at_barrier.has_value());
  Subject restored(world_, kRenewed, {*at_barrier});
  for (int i = 0; i < 300; ++i) ASSERT_EQ(restored.get(name(i)), i % 2 == 0 ? 1000 + i : i);
  EXPECT_EQ(restored.timers->size(TimeDomain::kEvent), 40U);

  EXPECT_FALSE(subject.task.fold());
  EXPECT_EQ(pieces(*subject.task.store().snapshot()), pieces(*at_barrier))
      << "not all that was looked at is stored";
  (void)completed(subject);
  const StateSnapshot after = subject.task.snapshot();
  EXPECT_GT(after.layers(0).deltas(0).epoch(), 1U);
  Subject last(world_, kRenewed, {after});
  for (int i = 0; i < 300; ++i) ASSERT_EQ(last.get(name(i)), subject.get(name(i))) << i;
  EXPECT_EQ(last.timers->size(TimeDomain::kEvent), 30U);
  EXPECT_EQ(last.timers->earliest(TimeDomain::kEvent), Timestamp{10});
}

TEST_F(TieredRenewal, WhatGoesDuringARenewalDoesNotComeBack) {
  Subject subject(world_, kRenewed);
  subject.set("a", 1);
  subject.set("b", 1);
  subject.put("map", "a", 1);
  subject.put("map", "b", 1);
  subject.timers->set(TimeDomain::kEvent, address("a"), "t", Timestamp{1});
  subject.timers->set(TimeDomain::kEvent, address("b"), "t", Timestamp{2});
  (void)completed(subject);
  look_at_all(subject);
  subject.clear("a");
  subject.parts->erase(address("map"), "a");
  subject.timers->cancel(TimeDomain::kEvent, address("a"), "t", Timestamp{1});
  const StateSnapshot with_older = completed(subject);
  EXPECT_EQ(pieces(with_older), 2U);
  const StateSnapshot alone = subject.task.snapshot();
  EXPECT_EQ(pieces(alone), 1U);
  for (const StateSnapshot* snapshot : {&with_older, &alone}) {
    Subject restored(world_, kRenewed, {*snapshot});
    EXPECT_EQ(restored.get("a"), -1);
    EXPECT_EQ(restored.get("b"), 1);
    EXPECT_EQ(restored.elements("map"), "b=1 ");
    EXPECT_EQ(restored.timers->size(TimeDomain::kEvent), 1U);
    EXPECT_EQ(restored.timers->earliest(TimeDomain::kEvent), Timestamp{2});
  }
}

TEST_F(TieredRenewal, Rule26_AbortedCheckpointsLoseNothingOfARenewal) {
  Subject subject(world_, kRenewed);
  for (int i = 0; i < 100; ++i) subject.set(name(i), i);
  (void)completed(subject);
  look_at_all(subject);
  // The one that has everything could not be stored; its bytes come with the next one.
  ASSERT_TRUE(subject.task.store().freeze().has_value());
  while (!subject.task.store().sweep()) {
  }
  subject.task.lose_chunks();
  EXPECT_FALSE(subject.task.fold());
  subject.set(name(0), -1);
  const StateSnapshot next = completed(subject);
  EXPECT_EQ(pieces(next), 3U);
  const StateSnapshot alone = subject.task.snapshot();
  EXPECT_EQ(pieces(alone), 2U);
  Subject restored(world_, kRenewed, {alone});
  for (int i = 0; i < 100; ++i) ASSERT_EQ(restored.get(name(i)), i == 0 ? -1 : i);
}

TEST_F(TieredRenewal, IsGivenUpWhenStateLeavesMemoryMeanwhile) {
  TieredOptions options = kRenewed;
  options.memory_bytes = 32 << 10;
  options.slack_bytes = 1 << 20;
  Subject subject(world_, options);
  TieredStore& store = subject.task.store();
  // What cannot be stored takes room, so that a write to the working store begins.
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 100; ++i) subject.set(name(i), i);
    ASSERT_TRUE(store.freeze().has_value());
    while (!store.sweep()) {
    }
    subject.task.lose_chunks();
  }
  for (int i = 0; i < 4; ++i) (void)store.maintain();
  ASSERT_FALSE(subject.task.state().may_miss());
  (void)completed(subject);
  world_.io().run_all();
  (void)store.maintain(1);
  ASSERT_TRUE(subject.task.state().may_miss()) << "the write ended while state is renewed";
  for (int i = 100; i < 600; ++i) subject.set(name(i), i);
  look_at_all(subject, 16);
  subject.task.settle();
  (void)subject.task.snapshot();
  EXPECT_TRUE(subject.task.fold());
  Subject restored(world_, options, {subject.task.snapshot()});
  for (int i = 0; i < 600; ++i) ASSERT_EQ(restored.get(name(i)), i);
}

TEST_F(TieredRenewal, LargeStateGetsABase) {
  TieredOptions options = kRenewed;
  options.renewal_bytes_max = 10'000;
  Subject subject(world_, options);
  for (int i = 0; i < 1000; ++i) subject.set(name(i), i);
  (void)subject.task.snapshot();
  EXPECT_TRUE(subject.task.fold());
  EXPECT_GT(subject.task.snapshot().layers(0).base_size(), 0);
}

TEST_F(TieredRenewal, StateThatNobodyDeclaresIsKept) {
  Subject subject(world_, kRenewed);
  subject.set("k", 1);
  subject.put("map", "kept", 2);
  const StateSnapshot first = subject.task.snapshot();
  // Somebody who has no map.
  TieredTask other(world_, kRenewed);
  other.begin_restore({first});
  (void)other.state().value({.name = "tallies", .value_type = &type_info<Tally>()});
  ASSERT_TRUE(other.store().finish_restore().has_value());
  for (int round = 0; round < 3; ++round) {
    (void)other.snapshot();
    (void)other.fold();
    while (other.store().maintain()) {
    }
  }
  Subject restored(world_, kRenewed, {other.snapshot()});
  EXPECT_EQ(restored.get("k"), 1);
  EXPECT_EQ(restored.elements("map"), "kept=2 ");
}

TEST_F(TieredRenewal, MakesOneLayerOfThoseOfSeveralOldTasks) {
  std::vector<StateSnapshot> from;
  for (const GroupRange groups : {GroupRange{0, 8}, GroupRange{8, 16}}) {
    TieredOptions options = kRenewed;
    options.groups = groups;
    Subject subject(world_, options);
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t group = key_group_of(address(name(i)).hash, 16).value;
      if (group >= groups.begin && group < groups.end) subject.set(name(i), i);
    }
    from.push_back(subject.task.snapshot());
  }
  Subject subject(world_, kRenewed, from);
  EXPECT_EQ(completed(subject).layers_size(), 2);
  look_at_all(subject);
  (void)completed(subject);
  const StateSnapshot one = subject.task.snapshot();
  EXPECT_EQ(one.layers_size(), 1);
  Subject restored(world_, kRenewed, {one});
  for (int i = 0; i < 100; ++i) ASSERT_EQ(restored.get(name(i)), i);
}

// Every blob that was stored is named by the snapshot after which it is forgotten, so that it is
// deleted with that one's manifest.
TEST_F(TieredRenewal, Rule28_NothingIsForgottenThatNoCompleteSnapshotHasNamed) {
  Subject subject(world_, kRenewed);
  std::set<std::string> named;
  const auto name_all = [&](const StateSnapshot& snapshot) {
    for (const auto& layer : snapshot.layers())
      for (const auto& piece : layer.deltas()) named.insert(piece.piece().blob().name());
  };
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 50; ++i) subject.set(name(static_cast<int>(random.below(200))), round);
    for (std::uint64_t slices = random.below(6); slices > 0; --slices)
      (void)subject.task.store().maintain(20);
    const StateSnapshot snapshot = subject.task.snapshot();
    if (round % 4 != 3 && random.chance(1, 3)) continue;  // aborted, though all of it is stored
    name_all(snapshot);
    (void)subject.task.fold();
  }
  const auto stored = world_.blobs().list("uid");
  ASSERT_TRUE(stored.has_value());
  for (const ListedBlob& blob : *stored) EXPECT_TRUE(named.contains(blob.name)) << blob.name;
  EXPECT_LT(pieces(subject.task.snapshot()), 20U);
}

}  // namespace
}  // namespace tributary::testing_state
