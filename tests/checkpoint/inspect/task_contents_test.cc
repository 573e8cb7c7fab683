#include "checkpoint/inspect/task_contents.h"

#include <map>
#include <random>
#include <string>

#include <gmock/gmock.h>

#include "checkpoint/lsm_key.h"
#include "tests/checkpoint/inspect/stored_job.h"

namespace tributary::testing_state {
namespace {

using checkpoint::StateLayer;
using checkpoint::StateSnapshot;
using testing::ElementsAre;

using Entries = std::map<std::string, std::string>;

class Contents : public testing::Test {
 protected:
  std::string key(std::uint16_t group, std::string_view name) {
    std::string bytes;
    append_entry_key({group}, {1}, name, {}, bytes);
    return bytes;
  }
  checkpoint::PieceRef store(const std::string& bytes) {
    const auto blob = world_.blobs().create("uid/lineage/1/1");
    EXPECT_TRUE((*blob)->append(bytes).has_value());
    checkpoint::PieceRef piece;
    *piece.mutable_blob() = *(*blob)->finish();
    piece.set_length(bytes.size());
    const Hash128 hash = xxh3_128(bytes);
    piece.set_hash_high(hash.high);
    piece.set_hash_low(hash.low);
    return piece;
  }
  StateLayer& add_layer(StateSnapshot& snapshot, std::uint32_t begin, std::uint32_t end) {
    StateLayer& layer = *snapshot.add_layers();
    layer.set_group_begin(begin);
    layer.set_group_end(end);
    return layer;
  }
  // A base with these keys; their values are "base".
  void add_base(StateLayer& layer, const std::vector<std::string>& keys) {
    StateSnapshot made;
    DeltaWriter writer(1);
    for (const std::string& one : keys) writer.put(one, "base", false);
    StateLayer& delta = add_layer(made, 0, 8);
    *delta.add_deltas()->mutable_piece() = store(writer.take());
    const auto folded =
        fold_layers(world_.places(), {&delta, 1}, {0, 8}, world_.new_folder(), "uid/l/1/base");
    ASSERT_TRUE(folded.has_value());
    *layer.mutable_base() = folded->base();
  }
  StateSnapshot snapshot_of(std::uint32_t begin, std::uint32_t end) {
    StateSnapshot snapshot;
    snapshot.set_key_group_count(8);
    snapshot.set_group_begin(begin);
    snapshot.set_group_end(end);
    return snapshot;
  }
  Entries read(const StateSnapshot& snapshot, std::string from = {}, std::string to = {}) {
    const auto contents = TaskContents::open(snapshot, world_.places(), world_.new_folder());
    EXPECT_TRUE(contents.has_value());
    Entries entries;
    ContentsCursor cursor(*contents, std::move(from), std::move(to));
    std::string last;
    for (;;) {
      const auto more = cursor.next();
      EXPECT_TRUE(more.has_value());
      if (!*more) return entries;
      EXPECT_LT(last, cursor.key());
      last = cursor.key();
      entries.emplace(cursor.key(), cursor.value());
    }
  }

  TieredWorld world_{TieredWorld::Kind::kModel};
};

TEST_F(Contents, DeltasOverrideTheBaseInTheirOrder) {
  StateSnapshot snapshot = snapshot_of(0, 8);
  StateLayer& layer = add_layer(snapshot, 0, 8);
  add_base(layer, {key(0, "a"), key(0, "b"), key(0, "c"), key(1, "d")});
  DeltaWriter first(1);
  first.put(key(0, "a"), "first", false);
  first.erase(key(0, "b"), false);
  first.put(key(2, "new"), "first", true);
  DeltaWriter second(2);
  second.put(key(0, "a"), "second", false);
  *layer.add_deltas()->mutable_piece() = store(first.take());
  *layer.add_deltas()->mutable_piece() = store(second.take());
  EXPECT_THAT(read(snapshot),
              ElementsAre(std::pair(key(0, "a"), "second"), std::pair(key(0, "c"), "base"),
                          std::pair(key(1, "d"), "base"), std::pair(key(2, "new"), "first")));
  EXPECT_THAT(read(snapshot, key(0, "b"), key(1, "d")),
              ElementsAre(std::pair(key(0, "c"), "base")));
}

TEST_F(Contents, ADeletedPrefixHidesWhatWasBeforeItAndNotWhatCameAfter) {
  StateSnapshot snapshot = snapshot_of(0, 8);
  StateLayer& layer = add_layer(snapshot, 0, 8);
  add_base(layer, {key(0, "m") + "1", key(0, "m") + "2", key(0, "n") + "1", key(0, "o")});
  DeltaWriter writer(1);
  writer.put(key(0, "m") + "3", "gone", false);
  writer.erase_prefix(key(0, "m") + "2");
  writer.erase_prefix(key(0, "m"));
  writer.erase_prefix(key(0, "m") + "1");
  writer.put(key(0, "m") + "2", "again", false);
  *layer.add_deltas()->mutable_piece() = store(writer.take());
  EXPECT_THAT(read(snapshot),
              ElementsAre(std::pair(key(0, "m") + "2", "again"),
                          std::pair(key(0, "n") + "1", "base"), std::pair(key(0, "o"), "base")));
}

TEST_F(Contents, OfEachLayerOnlyItsOwnGroupsCountAndOfThoseTheTasks) {
  StateSnapshot snapshot = snapshot_of(2, 6);
  StateLayer& one = add_layer(snapshot, 0, 4);
  add_base(one, {key(1, "x"), key(3, "x"), key(5, "x")});
  StateLayer& other = add_layer(snapshot, 4, 8);
  DeltaWriter writer(1);
  writer.put(key(3, "y"), "other", false);
  writer.put(key(5, "y"), "other", false);
  writer.put(key(7, "y"), "other", false);
  *other.add_deltas()->mutable_piece() = store(writer.take());
  EXPECT_THAT(read(snapshot),
              ElementsAre(std::pair(key(3, "x"), "base"), std::pair(key(5, "y"), "other")));
  // Two bases.
  add_base(other, {key(3, "z"), key(5, "z")});
  EXPECT_THAT(read(snapshot),
              ElementsAre(std::pair(key(3, "x"), "base"), std::pair(key(5, "y"), "other"),
                          std::pair(key(5, "z"), "base")));
}

TEST_F(Contents, IsWhatAPlainModelHoldsAfterRandomChanges) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto name = [&] { return key(random() % 8, std::string(1, 'a' + random() % 5)); };
    Entries model;
    StateSnapshot snapshot = snapshot_of(0, 8);
    StateLayer& layer = add_layer(snapshot, 0, 8);
    std::vector<std::string> base;
    for (int i = 0; i < 100; ++i) base.push_back(name() + std::to_string(random() % 20));
    add_base(layer, base);
    for (const std::string& one : base) model[one] = "base";
    for (int epoch = 1; epoch <= 3; ++epoch) {
      DeltaWriter writer(static_cast<std::uint64_t>(epoch));
      for (int i = 0; i < 60; ++i) {
        const std::string prefix = name();
        const std::string one = prefix + std::to_string(random() % 20);
        if (const unsigned what = random() % 10; what == 0) {
          writer.erase_prefix(prefix);
          std::erase_if(model, [&](const auto& entry) { return entry.first.starts_with(prefix); });
        } else if (what < 4) {
          writer.erase(one, false);
          model.erase(one);
        } else {
          model[one] = std::to_string(i);
          writer.put(one, model[one], false);
        }
      }
      *layer.add_deltas()->mutable_piece() = store(writer.take());
    }
    EXPECT_EQ(read(snapshot), model) << "seed " << seed;
  }
}

TEST_F(Contents, ABaseOfManyPiecesIsReadToItsEnd) {
  StateSnapshot snapshot = snapshot_of(0, 8);
  StateLayer& layer = add_layer(snapshot, 0, 8);
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(key(i % 8, std::to_string(i)));
  add_base(layer, keys);
  EXPECT_EQ(read(snapshot).size(), keys.size());
}

}  // namespace
}  // namespace tributary::testing_state
