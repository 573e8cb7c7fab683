#include "checkpoint/inspect/checkpoint_check.h"

#include <set>
#include <string>

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/memory_file_system.h"
#include "checkpoint/delta_log.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "tests/checkpoint/inspect/stored_job.h"

namespace tributary::testing_state {
namespace {

using checkpoint::Manifest;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointCheck : public testing::Test {
 protected:
  CheckReport check(const Manifest& manifest) {
    ScratchFolder scratch(world_.files(), world_.new_folder());
    return check_checkpoint(manifest, {world_.places(), &scratch});
  }
  // The only damage that there is.
  std::string damage(const Manifest& manifest) {
    const CheckReport report = check(manifest);
    EXPECT_EQ(report.damages.size(), 1U);
    if (report.damages.empty()) return {};
    return report.damages[0].error.what() + " | " + report.damages[0].lost;
  }
  std::string path_of(const std::string& blob) { return "world/blobs/" + blob; }
  std::string read(const std::string& path) {
    return *world_.files().read_whole_file(path, 1 << 20);
  }
  void write(const std::string& path, std::string_view bytes) {
    const auto file = world_.files().create(path);
    ASSERT_TRUE((*file)->append(bytes).has_value());
    ASSERT_TRUE((*file)->close().has_value());
  }
  // A delta of one record behind those of the first task, as whole as any.
  void add_delta(Manifest& manifest, std::string_view key, std::string_view value) {
    DeltaWriter writer(9);
    writer.put(key, value, false);
    const std::string bytes = writer.take();
    const auto blob = world_.blobs().create("uid/lineage/1/1");
    ASSERT_TRUE((*blob)->append(bytes).has_value());
    auto& state = *manifest.mutable_tasks(0)->mutable_keyed_state();
    auto& piece = *state.mutable_layers(state.layers_size() - 1)->add_deltas()->mutable_piece();
    *piece.mutable_blob() = *(*blob)->finish();
    piece.set_length(bytes.size());
    const Hash128 hash = xxh3_128(bytes);
    piece.set_hash_high(hash.high);
    piece.set_hash_low(hash.low);
  }
  const checkpoint::StateInCatalog& state(const Manifest& manifest, std::string_view name) {
    for (const auto& entry : manifest.tasks(0).keyed_state().catalog())
      if (entry.name() == name) return entry;
    ADD_FAILURE() << name;
    return manifest.tasks(0).keyed_state().catalog(0);
  }

  TieredWorld world_{TieredWorld::Kind::kModel};
  StoredJob job_{world_};
};

TEST_F(CheckpointCheck, FindsNothingInWhatTheEngineWrote) {
  const CheckReport report = check(small_checkpoint(job_, 7));
  for (const Damage& damage : report.damages) ADD_FAILURE() << damage.error.what();
  // Accounts 5 and 1 in a window, maps 5 + 1 with 6 + 2 elements, one that expires, timers.
  EXPECT_EQ(report.entries, 6U + 6U + 8U + 1U + 6U);
  EXPECT_GE(report.blobs, 8U);
}

TEST_F(CheckpointCheck, LeavesNoFolderBehind) {
  const Manifest manifest = small_checkpoint(job_, 7);
  const std::string folder = world_.new_folder();
  {
    ScratchFolder scratch(world_.files(), folder);
    (void)check_checkpoint(manifest, {world_.places(), &scratch});
  }
  EXPECT_FALSE(*world_.files().exists(folder));
}

TEST_F(CheckpointCheck, Rule46_EachFlippedByteAndEachTruncationOfEachBlobIsNamed) {
  const Manifest manifest = small_checkpoint(job_, 7);
  std::size_t tried = 0;
  for (const std::string& blob : blob_names(manifest)) {
    const std::string good = read(path_of(blob));
    const auto is_named = [&](std::string_view bad, std::size_t at) {
      write(path_of(blob), bad);
      const CheckReport report = check(manifest);
      ASSERT_EQ(report.damages.size(), 1U) << blob << " at " << at;
      ASSERT_THAT(report.damages[0].error.what(), HasSubstr(blob));
      ASSERT_THAT(report.damages[0].lost, testing::Not(IsEmpty()));
      ++tried;
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      ASSERT_NO_FATAL_FAILURE(is_named(bad, at));
      ASSERT_NO_FATAL_FAILURE(is_named(good.substr(0, at), at));
    }
    ASSERT_NO_FATAL_FAILURE(is_named(good + "x", good.size()));
    write(path_of(blob), good);
  }
  EXPECT_GT(tried, 1000U);
  EXPECT_THAT(check(manifest).damages, IsEmpty());
}

TEST_F(CheckpointCheck, SaysWhatIsLostWithABlob) {
  const Manifest manifest = small_checkpoint(job_, 7);
  const auto lost = [&](const std::string& blob) {
    const std::string good = read(path_of(blob));
    EXPECT_TRUE(world_.files().remove(path_of(blob)).has_value());
    const CheckReport report = check(manifest);
    EXPECT_EQ(report.damages.size(), 1U);
    write(path_of(blob), good);
    EXPECT_EQ(report.damages[0].error.code(), ErrorCode::S410);
    return report.damages[0].lost;
  };
  const auto& layer = manifest.tasks(1).keyed_state().layers(0);
  EXPECT_EQ(lost(layer.base(0).blob().name()),
            "state of book > ledger (task 1 of 2), key groups 4 to 7");
  EXPECT_EQ(lost(layer.deltas(0).piece().blob().name()),
            "state of book > ledger (task 1 of 2), key groups 4 to 7, changed since its base");
  EXPECT_EQ(lost(manifest.tasks(2).operator_states(0).blobs(0).name()),
            "state of charges in task 0");
  EXPECT_EQ(lost(manifest.tasks(0).sinks(0).writers(0).units(0).segments(0).piece().blob().name()),
            "output of ledger that is not published: writer 0, epoch 7");
}

TEST_F(CheckpointCheck, NamesAnEntryThatDoesNotFitItsSchema) {
  Manifest manifest = small_checkpoint(job_, 7);
  const std::uint32_t id = state(manifest, "accounts").state_id();
  const AccountKey account{.tenant = "acme", .number = 0};
  std::string key;
  for (AccountKey tried = account;; ++tried.number) {
    key.clear();
    KeyCodec(type_info<AccountKey>()).encode(&tried, key);
    if (key_group_of(xxh3_64(key), StoredJob::kKeyGroups).value < 4) break;
  }
  const KeyGroup group = key_group_of(xxh3_64(key), StoredJob::kKeyGroups);
  std::string place;
  append_entry_key(group, {static_cast<std::uint16_t>(id)}, key, {}, place);
  add_delta(manifest, place, std::string_view("\0cut off", 8));
  EXPECT_THAT(damage(manifest), AllOf(HasSubstr("state \"accounts\" of book"), HasSubstr("acme"),
                                      HasSubstr("this entry of book > ledger (task 0 of 2)")));
  add_delta(manifest, place, "\x05");
  EXPECT_THAT(damage(manifest), HasSubstr("bears schema 5 of 1"));
}

TEST_F(CheckpointCheck, NamesAKeyInAnothersGroup) {
  Manifest manifest = small_checkpoint(job_, 7);
  const AccountKey account{.tenant = "acme", .number = 1};
  std::string key;
  KeyCodec(type_info<AccountKey>()).encode(&account, key);
  const std::uint16_t own = key_group_of(xxh3_64(key), StoredJob::kKeyGroups).value;
  const std::uint16_t other = own == 0 ? 1 : 0;
  std::string place;
  append_timer_key({other}, {static_cast<std::uint16_t>(state(manifest, "").state_id())},
                   TimeDomain::kEvent, {}, key, {}, "close", place);
  add_delta(manifest, place, {});
  EXPECT_THAT(damage(manifest), HasSubstr(fmt::format("lies in key group {}", other)));
}

TEST_F(CheckpointCheck, NamesEntriesOfNoStateAndKeysThatAreNone) {
  Manifest manifest = small_checkpoint(job_, 7);
  std::string place;
  append_entry_key({0}, {999}, "k", {}, place);
  add_delta(manifest, place, {});
  EXPECT_THAT(damage(manifest), HasSubstr("of state 999"));
  Manifest again = small_checkpoint(job_, 8);
  place.clear();
  append_state_prefix({0}, {static_cast<std::uint16_t>(state(again, "seen").state_id())}, place);
  add_delta(again, place + "no end", {});
  EXPECT_THAT(damage(again), HasSubstr("bytes that are no key"));
}

TEST_F(CheckpointCheck, NamesAMapThatIsNotWhatItsHeadSays) {
  Manifest manifest = small_checkpoint(job_, 7);
  const AccountKey account{.tenant = "nobody"};
  std::string key;
  KeyCodec(type_info<AccountKey>()).encode(&account, key);
  const std::uint16_t group = key_group_of(xxh3_64(key), StoredJob::kKeyGroups).value;
  const auto id = static_cast<std::uint16_t>(state(manifest, "postings").state_id());
  std::string place;
  append_entry_key({group}, {id}, key, {}, place);
  std::string head(1, '\0');
  ByteWriter(head).fixed(std::uint64_t{3});
  // In the task that has its group.
  if (group >= 4) manifest.mutable_tasks()->SwapElements(0, 1);
  add_delta(manifest, place, head);
  EXPECT_THAT(damage(manifest), HasSubstr("says that it has 3 elements, and has 0"));
}

TEST_F(CheckpointCheck, NamesACatalogThatIsNone) {
  Manifest manifest = small_checkpoint(job_, 7);
  manifest.mutable_tasks(1)->mutable_keyed_state()->mutable_catalog(0)->set_state_id(40);
  EXPECT_THAT(damage(manifest), HasSubstr("all keyed state"));
}

}  // namespace
}  // namespace tributary::testing_state
