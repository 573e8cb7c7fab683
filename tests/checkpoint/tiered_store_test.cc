#include "checkpoint/tiered_store.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/random.h"
#include "tests/checkpoint/keyed_state_conformance.h"
#include "tests/checkpoint/tiered_subject.h"

namespace tributary::testing_state {
namespace {

using checkpoint::StateSnapshot;
using testing::IsEmpty;

class TieredStoreTest : public testing::TestWithParam<TieredWorld::Kind> {
 protected:
  TieredWorld world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Over, TieredStoreTest,
                         testing::Values(TieredWorld::Kind::kModel, TieredWorld::Kind::kRocksDb),
                         [](const auto& kind) {
                           return kind.param == TieredWorld::Kind::kModel ? "Model" : "RocksDb";
                         });

// What a clear deletes goes to the working store with a later write, and what was erased before may
// be written and leave memory meanwhile.
TEST_P(TieredStoreTest, MapsAreWhatWasPutWhileWritesAndDeletionsAreOnTheirWay) {
  const std::uint64_t seeds = GetParam() == TieredWorld::Kind::kModel ? 30 : 1;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    TieredWorld world(GetParam(), seed);
    Subject subject(world, kTiny);
    std::map<std::string, std::map<std::string, std::int64_t>> expected;
    Random random(seed);
    for (int i = 0; i < 3000; ++i) {
      const std::string key = name(static_cast<int>(random.below(6)));
      const std::string map_key = name(static_cast<int>(random.below(6)));
      switch (random.below(12)) {
        case 0:
          subject.parts->clear(address(key));
          expected[key].clear();
          break;
        case 1:
        case 2:
          subject.parts->erase(address(key), map_key);
          expected[key].erase(map_key);
          break;
        case 3:
        case 4:
          subject.put(key, map_key, i);
          expected[key][map_key] = i;
          break;
        case 5:
          (void)world.io().run_one();
          break;
        default:
          // Others need the memory.
          subject.set("pushes-" + std::to_string(random.below(300)), i);
          (void)subject.task.store().maintain(random.below(200));
      }
      // A look brings all elements into memory.
      if (!random.chance(1, 10)) continue;
      std::string all;
      for (const auto& [at, count] : expected[key]) all += at + "=" + std::to_string(count) + " ";
      ASSERT_EQ(subject.elements(key), all) << "seed " << seed << ", step " << i;
    }
  }
}

TEST_P(TieredStoreTest, Rule23_EachTaskIsOfItsOwnInstant) {
  Subject first(world_, kTiny);
  Subject second(world_, kTiny);
  first.set("k", 1);
  second.set("k", 1);
  const StateSnapshot early = first.task.snapshot();
  first.set("k", 2);
  second.set("k", 2);
  first.push_out();
  const StateSnapshot late = second.task.snapshot();
  EXPECT_EQ(Subject(world_, kTiny, {early}).get("k"), 1);
  EXPECT_EQ(Subject(world_, kTiny, {late}).get("k"), 2);
}

TEST_P(TieredStoreTest, Rule24_ASnapshotIsOfTheBarrierWhateverHappensDuringTheSweep) {
  Subject subject(world_, kUnbounded);
  for (int i = 0; i < 9000; ++i) subject.set(name(i), i);
  for (int i = 0; i < 200; ++i) subject.put("map", name(i), i);
  for (int i = 0; i < 3; ++i) subject.put("small", name(i), i);
  subject.timers->set(TimeDomain::kEvent, address("k"), "t", Timestamp{5});
  subject.timers->set(TimeDomain::kEvent, address("k"), "t", Timestamp{6});
  const std::string map = subject.elements("map");

  ASSERT_TRUE(subject.task.store().freeze().has_value());
  EXPECT_THAT(subject.task.waiting(), IsEmpty()) << "nothing is encoded at the barrier";
  for (int i = 0; i < 9000; i += 3) subject.set(name(i), -5);
  subject.task.store().sweep(1000);
  for (int i = 1; i < 9000; i += 3) subject.clear(name(i));
  for (int i = 9000; i < 9100; ++i) subject.set(name(i), i);
  subject.parts->clear(address("map"));
  subject.put("map", "after", 1);
  subject.parts->erase(address("small"), name(1));
  subject.put("small", name(2), 77);
  (void)subject.timers->pop_due(TimeDomain::kEvent, Timestamp{5});
  subject.timers->set(TimeDomain::kEvent, address("k"), "t", Timestamp{4});
  while (!subject.task.store().sweep(1000)) {
  }
  subject.task.store_chunks();
  const auto at_barrier = subject.task.store().snapshot();
  ASSERT_TRUE(at_barrier.has_value());

  Subject restored(world_, kUnbounded, {*at_barrier});
  for (int i = 0; i < 9000; ++i) ASSERT_EQ(restored.get(name(i)), i);
  EXPECT_EQ(restored.get(name(9050)), -1);
  EXPECT_EQ(restored.elements("map"), map);
  EXPECT_EQ(restored.elements("small"), "key-0=0 key-1=1 key-2=2 ");
  EXPECT_EQ(restored.timers->size(TimeDomain::kEvent), 2U);
  EXPECT_EQ(restored.timers->earliest(TimeDomain::kEvent), Timestamp{5});

  // And what happened during the sweep is in the next one.
  Subject after(world_, kUnbounded, {subject.task.snapshot()});
  EXPECT_EQ(after.get(name(0)), -5);
  EXPECT_EQ(after.get(name(1)), -1);
  EXPECT_EQ(after.get(name(2)), 2);
  EXPECT_EQ(after.get(name(9050)), 9050);
  EXPECT_EQ(after.elements("map"), "after=1 ");
  EXPECT_EQ(after.elements("small"), "key-0=0 key-2=77 ");
  EXPECT_EQ(after.timers->size(TimeDomain::kEvent), 2U);
  EXPECT_EQ(after.timers->earliest(TimeDomain::kEvent), Timestamp{4});
}

TEST_P(TieredStoreTest, Rule24_WhatLeavesMemoryDuringASweepIsInTheNextSnapshot) {
  Subject subject(world_, kTiny);
  subject.set("k", 1);
  ASSERT_TRUE(subject.task.store().freeze().has_value());
  // More than a chunk of them, so that some are stored before this snapshot is.
  for (int i = 0; i < 6000; ++i) {
    subject.set(name(i), i);
    if (i % 16 == 0) subject.task.settle();
  }
  subject.set("k", 2);
  subject.task.store_chunks();
  while (!subject.task.store().sweep()) {
  }
  subject.task.store_chunks();
  Subject restored(world_, kTiny, {*subject.task.store().snapshot()});
  EXPECT_EQ(restored.get("k"), 1);
  EXPECT_EQ(restored.get(name(5)), -1);
  Subject next(world_, kTiny, {subject.task.snapshot()});
  EXPECT_EQ(next.get("k"), 2);
  EXPECT_EQ(next.get(name(5)), 5);
}

TEST_P(TieredStoreTest, Rule25_ABaseHoldsNothingOfWhatCameAfterItsBarrier) {
  TieredOptions options = kTiny;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  for (int i = 0; i < 300; ++i) subject.set(name(i), i);
  (void)subject.task.snapshot();
  for (int i = 0; i < 300; ++i) subject.set(name(i), -7);
  // All of it goes to the working store before the fold.
  subject.push_out();
  ASSERT_TRUE(subject.task.fold());
  subject.task.store_chunks();
  const StateSnapshot now = subject.task.snapshot();
  StateSnapshot base_only = now;
  base_only.mutable_layers(0)->clear_deltas();
  Subject of_base(world_, kTiny, {base_only});
  for (int i = 0; i < 300; ++i) ASSERT_EQ(of_base.get(name(i)), i);
  Subject of_all(world_, kTiny, {now});
  for (int i = 0; i < 300; ++i) ASSERT_EQ(of_all.get(name(i)), -7);
}

TEST_P(TieredStoreTest, Rule25_DeltasAreFoldedWhenTheyOutgrowTheBase) {
  TieredOptions options = kUnbounded;
  options.key_group_count = 16;
  options.base_bytes_min = 4000;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  subject.set("k", 1);
  (void)subject.task.snapshot();
  EXPECT_FALSE(subject.task.fold());
  for (int i = 0; i < 200; ++i) subject.set(name(i), i);
  (void)subject.task.snapshot();
  EXPECT_TRUE(subject.task.fold());
  const StateSnapshot folded = subject.task.snapshot();
  ASSERT_EQ(folded.layers_size(), 1);
  EXPECT_GT(folded.layers(0).base_size(), 0);
  EXPECT_EQ(folded.layers(0).deltas_size(), 0);
  EXPECT_FALSE(subject.task.fold());
  Subject restored(world_, kTiny, {folded});
  for (int i = 0; i < 200; ++i) ASSERT_EQ(restored.get(name(i)), i);
  EXPECT_EQ(restored.get("k"), 1);
}

TEST_P(TieredStoreTest, Rule25_DeltasThatComeDuringAFoldStayBehindTheNewBase) {
  TieredOptions options = kTiny;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  subject.set("a", 1);
  subject.set("b", 1);
  (void)subject.task.snapshot();
  const auto request = subject.task.store().fold_request();
  ASSERT_TRUE(request.has_value());
  subject.set("b", 2);
  const StateSnapshot meanwhile = subject.task.snapshot();
  EXPECT_EQ(meanwhile.layers(0).base_size(), 0);
  EXPECT_FALSE(subject.task.store().fold_request().has_value()) << "one at a time";
  const auto base = fold_layers(world_.places(), *request, subject.task.store().groups(),
                                world_.new_folder(), "uid/lineage/1/base");
  ASSERT_TRUE(base.has_value()) << base.error().what();
  subject.task.store().fold_ended(&*base);
  const StateSnapshot after = subject.task.snapshot();
  EXPECT_GT(after.layers(0).base_size(), 0);
  EXPECT_EQ(after.layers(0).deltas_size(), 1);
  for (const StateSnapshot& snapshot : {meanwhile, after}) {
    Subject restored(world_, options, {snapshot});
    EXPECT_EQ(restored.get("a"), 1);
    EXPECT_EQ(restored.get("b"), 2);
  }
}

TEST_P(TieredStoreTest, Rule26_AbortedCheckpointsLoseNothing) {
  Subject subject(world_, kTiny);
  for (int round = 0; round < 6; ++round) {
    subject.set("round-" + std::to_string(round), round);
    subject.put("map", std::to_string(round), round);
    ASSERT_TRUE(subject.task.store().freeze().has_value());
    if (round % 2 == 0) {
      // Aborted: once stored all the same, once lost, once while it is swept.
      if (round == 0) {
        while (!subject.task.store().sweep()) {
        }
        subject.task.store_chunks();
      } else if (round == 2) {
        while (!subject.task.store().sweep()) {
        }
        subject.task.lose_chunks();
      }
      while (!subject.task.store().sweep()) {
      }
      continue;
    }
    while (!subject.task.store().sweep()) {
    }
    subject.task.store_chunks();
    const auto snapshot = subject.task.store().snapshot();
    ASSERT_TRUE(snapshot.has_value());
    Subject restored(world_, kTiny, {*snapshot});
    for (int i = 0; i <= round; ++i) EXPECT_EQ(restored.get("round-" + std::to_string(i)), i);
    EXPECT_EQ(restored.parts->size(address("map")), static_cast<std::size_t>(round) + 1);
  }
}

TEST_P(TieredStoreTest, Rule26_ThereIsNoSnapshotWhileAChunkIsLost) {
  Subject subject(world_, kUnbounded);
  subject.set("k", 1);
  ASSERT_TRUE(subject.task.store().freeze().has_value());
  while (!subject.task.store().sweep()) {
  }
  subject.task.lose_chunks();
  EXPECT_FALSE(subject.task.store().snapshot().has_value());
  EXPECT_EQ(Subject(world_, kUnbounded, {subject.task.snapshot()}).get("k"), 1);
}

TEST_P(TieredStoreTest, UnchangedStateWritesNothing) {
  Subject subject(world_, kTiny);
  subject.set("k", 1);
  subject.clear("never-there");
  subject.timers->set(TimeDomain::kEvent, address("k"), "t", Timestamp{5});
  const StateSnapshot first = subject.task.snapshot();
  EXPECT_EQ(subject.get("k"), 1);
  subject.timers->set(TimeDomain::kEvent, address("k"), "other", Timestamp{6});
  subject.timers->cancel(TimeDomain::kEvent, address("k"), "other", Timestamp{6});
  subject.set("short-lived", 1);
  subject.clear("short-lived");
  EXPECT_EQ(subject.task.snapshot().SerializeAsString(), first.SerializeAsString());
}

TEST_P(TieredStoreTest, WhatLeavesMemoryIsInTheDeltaOfItsEpochAndMarkedDropped) {
  Subject subject(world_, kTiny);
  subject.set("a", 1);
  subject.push_out();
  const StateSnapshot snapshot = subject.task.snapshot();
  EXPECT_THAT(delta_records(world_, snapshot), testing::Contains("dropped put a"));
  Subject restored(world_, kTiny, {snapshot});
  EXPECT_EQ(restored.get("a"), 1);
  // Clean now: leaving again writes nothing.
  subject.push_out();
  (void)subject.get("a");
  subject.push_out();
  const auto records = delta_records(world_, subject.task.snapshot());
  EXPECT_EQ(std::ranges::count(records, "dropped put a") + std::ranges::count(records, "put a"), 1);
}

TEST_P(TieredStoreTest, ADeletedKeyStaysDeletedHoweverItLeavesMemory) {
  TieredOptions options = kTiny;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  subject.set("gone", 1);
  subject.put("map", "gone", 1);
  subject.put("map", "kept", 2);
  subject.push_out();
  (void)subject.task.snapshot();
  ASSERT_TRUE(subject.task.fold());
  subject.clear("gone");
  subject.parts->erase(address("map"), "gone");
  subject.push_out();
  EXPECT_EQ(subject.get("gone"), -1);
  EXPECT_EQ(subject.elements("map"), "kept=2 ");
  Subject restored(world_, options, {subject.task.snapshot()});
  restored.push_out();
  EXPECT_EQ(restored.get("gone"), -1);
  EXPECT_EQ(restored.elements("map"), "kept=2 ");
  EXPECT_EQ(restored.parts->size(address("map")), 1U);
}

TEST_P(TieredStoreTest, ALargeMapThatWasClearedStaysClear) {
  Subject subject(world_, kTiny);
  for (int i = 0; i < 500; ++i) {
    subject.put("map", name(i), i);
    subject.task.settle();
  }
  EXPECT_EQ(subject.parts->size(address("map")), 500U);
  (void)subject.task.snapshot();
  subject.parts->clear(address("map"));
  subject.put("map", name(7), -7);
  subject.push_out();
  EXPECT_EQ(subject.elements("map"), "key-7=-7 ");
  Subject restored(world_, kTiny, {subject.task.snapshot()});
  EXPECT_EQ(restored.elements("map"), "key-7=-7 ");
  restored.push_out();
  EXPECT_EQ(restored.elements("map"), "key-7=-7 ");
}

TEST_P(TieredStoreTest, Rule27_AFileKeepsItsBlobOnlyIfItIsTheSameFile) {
  TieredOptions options = kUnbounded;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  const auto fold_on = [&](const std::vector<StateSnapshot>& from, std::int64_t count) {
    Subject subject(world_, options, from);
    for (int i = 0; i < 2000; ++i) subject.set(name(i), count + i);
    (void)subject.task.snapshot();
    EXPECT_TRUE(subject.task.fold());
    return subject.task.snapshot();
  };
  const auto blobs = [](const StateSnapshot& snapshot) {
    std::map<std::string, std::string> by_name;
    for (const auto& file : snapshot.layers(0).base()) by_name[file.name()] = file.blob().name();
    return by_name;
  };
  const StateSnapshot first = fold_on({}, 0);
  // Twice from the same base, as after a rollback: the store gives the same file numbers again.
  const StateSnapshot one = fold_on({first}, 1000);
  const StateSnapshot other = fold_on({first}, 5000);
  const auto in_first = blobs(first);
  const auto in_other = blobs(other);
  std::size_t kept = 0;
  std::size_t new_under_one_name = 0;
  for (const auto& [file, blob] : blobs(one)) {
    if (in_first.contains(file) && in_first.at(file) == blob) {
      ++kept;
    } else if (in_other.contains(file)) {
      EXPECT_NE(blob, in_other.at(file)) << file;
      ++new_under_one_name;
    }
  }
  EXPECT_GT(kept, 0U);
  EXPECT_GT(new_under_one_name, 0U);
  EXPECT_EQ(Subject(world_, options, {one}).get(name(3)), 1003);
  EXPECT_EQ(Subject(world_, options, {other}).get(name(3)), 5003);
}

TEST_P(TieredStoreTest, Rule31_ARestoreOpensANewFolderAndLeavesWhatItWasMadeFromAlone) {
  TieredOptions options = kTiny;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  for (int i = 0; i < 300; ++i) subject.set(name(i), i);
  (void)subject.task.snapshot();
  ASSERT_TRUE(subject.task.fold());
  const StateSnapshot snapshot = subject.task.snapshot();
  for (int round = 0; round < 2; ++round) {
    Subject restored(world_, options, {snapshot});
    for (int i = 0; i < 300; ++i) ASSERT_EQ(restored.get(name(i)), i);
    for (int i = 0; i < 300; ++i) restored.set(name(i), -1);
    restored.push_out();
  }
  for (const auto& file : snapshot.layers(0).base())
    EXPECT_TRUE(world_.blobs().get(file.blob()).has_value()) << file.name();
}

TEST_P(TieredStoreTest, Rule40_MissesAreReadByThePoolWhileTheBatchIsParked) {
  Subject subject(world_, kTiny);
  subject.set("a", 1);
  subject.set("b", 2);
  const std::vector<StateKey> keys{address("a"), address("b"), address("absent"), address("a")};
  EXPECT_TRUE(subject.tallies->prefetch(keys, [] { FAIL() << "nothing had to be read"; }));
  subject.push_out();
  int ready = 0;
  ASSERT_FALSE(subject.tallies->prefetch(keys, [&] { ++ready; }));
  EXPECT_EQ(world_.io().waiting(), 1U);
  world_.io().run_all();
  EXPECT_EQ(ready, 0) << "answers come on the slot's thread, between turns";
  subject.task.store().maintain();
  EXPECT_EQ(ready, 1);
  EXPECT_TRUE(subject.tallies->prefetch(keys, [] {}));
  EXPECT_EQ(subject.get("a"), 1);
  EXPECT_EQ(subject.get("absent"), -1);
}

// A store whose next read by the pool takes long: `meanwhile` runs between reading and answering.
class SlowReads final : public LsmFactory {
 public:
  explicit SlowReads(LsmFactory& below) : below_(below) {}
  Result<std::unique_ptr<Lsm>> open(const std::string& folder) override {
    return std::make_unique<Store>(*this, TRY(below_.open(folder)));
  }
  std::function<void()> meanwhile;

 private:
  class Store final : public Lsm {
   public:
    Store(SlowReads& owner, std::unique_ptr<Lsm> below) : owner_(owner), below_(std::move(below)) {}
    Status multi_get(std::span<const std::string> keys,
                     std::span<std::optional<std::string>> values) override {
      TRY(below_->multi_get(keys, values));
      if (const auto act = std::exchange(owner_.meanwhile, nullptr)) act();
      return {};
    }
    Status scan(std::string_view from, std::string_view to,
                const std::function<bool(std::string_view, std::string_view)>& visit) override {
      return below_->scan(from, to, visit);
    }
    Status apply(std::span<const std::string> prefixes, std::span<const LsmWrite> writes) override {
      return below_->apply(prefixes, writes);
    }
    Status checkpoint(const std::string& folder) override { return below_->checkpoint(folder); }

   private:
    SlowReads& owner_;
    const std::unique_ptr<Lsm> below_;
  };
  LsmFactory& below_;
};

TEST_P(TieredStoreTest, Rule40_AnAnswerThatIsOldByNowIsNotTaken) {
  SlowReads slow(world_.lsm());
  world_.use(slow);
  Subject subject(world_, kTiny);
  subject.set("a", 1);
  subject.push_out();
  const StateKey key = address("a");
  ASSERT_FALSE(subject.tallies->prefetch({&key, 1}, [] {}));
  slow.meanwhile = [&] {
    // The slot reads it itself, changes it, and lets it go again.
    subject.set("a", 2);
    subject.push_out();
  };
  ASSERT_TRUE(world_.io().run_one());
  subject.task.store().maintain();
  EXPECT_EQ(subject.get("a"), 2);
}

TEST_P(TieredStoreTest, Rule41_TimersAndHowFarTheyHadGotAreInTheSnapshot) {
  TieredOptions options = kTiny;
  options.base_bytes_min = 1;
  options.renewal_bytes_max = 0;
  Subject subject(world_, options);
  for (int i = 0; i < 100; ++i)
    subject.timers->set(TimeDomain::kEvent, address(name(i)), "t", Timestamp{i / 10});
  subject.timers->set(TimeDomain::kProcessing, address("p", "window"), "t", Timestamp{-3});
  (void)subject.task.snapshot();
  ASSERT_TRUE(subject.task.fold());  // timers are in a base too
  for (int i = 0; i < 15; ++i)
    ASSERT_TRUE(subject.timers->pop_due(TimeDomain::kEvent, Timestamp{50}).has_value());
  const StateSnapshot in_the_middle = subject.task.snapshot();
  std::vector<std::string> rest;
  while (const auto timer = subject.timers->pop_due(TimeDomain::kEvent, Timestamp{50}))
    rest.push_back(timer->key);
  Subject restored(world_, options, {in_the_middle});
  std::vector<std::string> restored_rest;
  while (const auto timer = restored.timers->pop_due(TimeDomain::kEvent, Timestamp{50}))
    restored_rest.push_back(timer->key);
  EXPECT_EQ(restored_rest, rest);
  EXPECT_EQ(rest.size(), 85U);
  const auto processing = restored.timers->pop_due(TimeDomain::kProcessing, Timestamp{});
  ASSERT_TRUE(processing.has_value());
  EXPECT_EQ(processing->name_space, "window");
  EXPECT_EQ(processing->key_hash, xxh3_64("p"));
}

TEST_P(TieredStoreTest, Rule42_ValuesExpireOnTheEventClockAlone) {
  const Duration ttl{100};
  Subject subject(world_, kTiny, {}, ttl);
  subject.task.store().advance_event_time(Timestamp{1000});
  subject.set("old", 1);
  subject.put("map", "old", 1);
  subject.task.store().advance_event_time(Timestamp{1050});
  subject.set("new", 2);
  subject.put("map", "new", 2);
  subject.push_out();
  const StateSnapshot snapshot = subject.task.snapshot();
  EXPECT_EQ(subject.get("old"), 1);
  subject.task.store().advance_event_time(Timestamp{1100});
  const auto expect_old_gone = [](Subject& task) {
    EXPECT_EQ(task.get("old"), -1);
    EXPECT_EQ(task.get("new"), 2);
    EXPECT_EQ(task.elements("map"), "new=2 ");
    EXPECT_EQ(task.parts->get(address("map"), "old"), nullptr);
    EXPECT_EQ(task.parts->size(address("map")), 1U);
  };
  expect_old_gone(subject);
  // The same after a restore, whose clock is the barrier's.
  Subject restored(world_, kTiny, {snapshot}, ttl);
  EXPECT_EQ(restored.get("old"), 1);
  restored.task.store().advance_event_time(Timestamp{1100});
  expect_old_gone(restored);
}

TEST_P(TieredStoreTest, Rule32_AGroupTakesItsClockAlongWhenItMoves) {
  TieredOptions low = kTiny;
  low.groups = {0, 8};
  TieredOptions high = kTiny;
  high.groups = {8, 16};
  Subject first(world_, low);
  Subject second(world_, high);
  first.task.store().advance_event_time(Timestamp{100});
  second.task.store().advance_event_time(Timestamp{200});
  TieredOptions middle = kTiny;
  middle.groups = {4, 12};
  Subject moved(world_, middle, {first.task.snapshot(), second.task.snapshot()});
  moved.task.store().advance_event_time(Timestamp{150});
  EXPECT_EQ(moved.task.store().event_time({4}), Timestamp{150});
  EXPECT_EQ(moved.task.store().event_time({8}), Timestamp{200});
}

TEST_P(TieredStoreTest, RestoresWithAnotherParallelismFromBasesAndDeltas) {
  std::vector<StateSnapshot> from;
  const auto owns = [](const GroupRange& groups, const std::string& key) {
    const std::uint32_t group = key_group_of(xxh3_64(key), 16).value;
    return group >= groups.begin && group < groups.end;
  };
  for (const GroupRange groups : {GroupRange{0, 8}, GroupRange{8, 16}}) {
    TieredOptions options = kTiny;
    options.groups = groups;
    options.base_bytes_min = 1;
    options.renewal_bytes_max = 0;
    Subject subject(world_, options);
    const auto write = [&](int count) {
      for (int i = 0; i < 200; ++i) {
        if (!owns(groups, name(i))) continue;
        subject.set(name(i), count + i);
        subject.put(name(i), "e" + std::to_string(count), i);
        subject.timers->set(TimeDomain::kEvent, address(name(i)), "t", Timestamp{count});
        subject.task.settle();
      }
    };
    write(0);
    (void)subject.task.snapshot();
    ASSERT_TRUE(subject.task.fold());
    write(1000);
    from.push_back(subject.task.snapshot());
  }
  // To three, and those to one.
  std::vector<StateSnapshot> three;
  for (const GroupRange groups : {GroupRange{0, 5}, GroupRange{5, 11}, GroupRange{11, 16}}) {
    TieredOptions options = kTiny;
    options.groups = groups;
    options.base_bytes_min = groups.begin == 5 ? 1 : options.base_bytes_min;
    options.renewal_bytes_max = 0;
    Subject subject(world_, options, from);
    std::size_t owned = 0;
    for (int i = 0; i < 200; ++i) {
      if (!owns(groups, name(i))) continue;
      ++owned;
      ASSERT_EQ(subject.get(name(i)), 1000 + i);
      ASSERT_EQ(subject.parts->size(address(name(i))), 2U);
      if (i % 2 == 0) subject.set(name(i), -i);
      if (i % 3 == 0) subject.clear(name(i));
    }
    EXPECT_EQ(subject.timers->size(TimeDomain::kEvent), 2 * owned);
    StateSnapshot snapshot = subject.task.snapshot();
    if (subject.task.fold()) snapshot = subject.task.snapshot();
    EXPECT_EQ(snapshot.layers(0).base_size() > 0 && snapshot.layers_size() == 1, groups.begin == 5);
    three.push_back(std::move(snapshot));
  }
  Subject one(world_, kTiny, three);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(one.get(name(i)), i % 3 == 0 ? -1 : i % 2 == 0 ? -i : 1000 + i);
    ASSERT_EQ(one.elements(name(i)),
              "e0=" + std::to_string(i) + " e1000=" + std::to_string(i) + " ");
  }
  EXPECT_EQ(one.timers->size(TimeDomain::kEvent), 400U);
}

TEST_P(TieredStoreTest, Rule39_AStoreOfTenTimesItsMemoryIsRightAndStaysWithinIt) {
  TieredOptions options;
  options.key_group_count = 64;
  options.memory_bytes = 256 << 10;
  options.slack_bytes = 128 << 10;
  options.write_bytes = 32 << 10;
  Subject subject(world_, options);
  const int keys = 24'000;
  std::map<int, std::int64_t> expected;
  Random random(7);
  std::size_t most = 0;
  for (int i = 0; i < 3 * keys; ++i) {
    const int key = static_cast<int>(random.below(keys));
    const std::int64_t before = expected.contains(key) ? expected[key] : -1;
    ASSERT_EQ(subject.get(name(key)), before);
    subject.set(name(key), i);
    expected[key] = i;
    if (i % 64 != 0) continue;
    subject.task.store().maintain();
    if (i % 1024 == 0) subject.task.store_chunks();
    world_.io().run_all();
    if (subject.task.store().must_wait()) subject.task.settle();
    most = std::max(most, subject.task.store().bytes());
  }
  EXPECT_LE(most, options.memory_bytes + options.slack_bytes);
  // What a table of all of it would take.
  EXPECT_GT(expected.size() * 100, 8 * options.memory_bytes);
  Subject restored(world_, options, {subject.task.snapshot()});
  EXPECT_LE(restored.task.store().bytes(), options.memory_bytes + options.slack_bytes);
  for (const auto& [key, count] : expected) {
    ASSERT_EQ(restored.get(name(key)), count);
    if (key % 64 == 0) restored.task.settle();
  }
}

TEST(TieredStore, Rule39_AValueOverItsLimitFailsTheStoreAndNamesStateAndKey) {
  TieredWorld world(TieredWorld::Kind::kModel);
  TieredTask task(world, kUnbounded);
  ValueState& parts = **task.state().value({.name = "parts", .value_type = &type_info<Part>()});
  const std::string label((64 << 20) + 1, 'x');
  const Part part{Text(label), 1};
  const StateKey key = address("whose");
  StateEntry* entry = nullptr;
  parts.fetch({&key, 1}, {&entry, 1});
  parts.assign(*entry, &part);
  ASSERT_FALSE(task.store().status().has_value());
  EXPECT_EQ(task.store().status().error().code(), ErrorCode::S433);
  EXPECT_THAT(task.store().status().error().what(),
              testing::AllOf(testing::HasSubstr("parts"), testing::HasSubstr("whose")));
  EXPECT_FALSE(task.store().freeze().has_value());
}

}  // namespace
}  // namespace tributary::testing_state
