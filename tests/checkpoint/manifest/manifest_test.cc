#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/memory_file_system.h"
#include "checkpoint/manifest/blob_deletion.h"
#include "checkpoint/manifest/checkpoint_copy.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_file.h"
#include "checkpoint/manifest/manifest_store.h"
#include "tests/checkpoint/forwarding_file_system.h"
#include "tests/checkpoint/manifest/small_manifest.h"

namespace tributary {
namespace {

using checkpoint::BlobRef;
using checkpoint::Manifest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ManifestFile, GivesBackWhatWasEncodedAndRoomForATag) {
  const std::string bytes =
      encode_manifest({.manifest = small_manifest(), .key_id = "key", .tag = "tag"});
  const auto file = decode_manifest(bytes, "m");
  ASSERT_TRUE(file.has_value()) << file.error().to_string();
  EXPECT_EQ(file->manifest.SerializeAsString(), small_manifest().SerializeAsString());
  EXPECT_EQ(file->key_id, "key");
  EXPECT_EQ(file->tag, "tag");
}

TEST(ManifestFile, Rule46_EachChangedBitAndEachLengthIsDetectedAndNamed) {
  const std::string good = encode_manifest({.manifest = small_manifest()});
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto file = decode_manifest(bad, "manifest-7-3-2");
      ASSERT_FALSE(file.has_value()) << "byte " << at;
      EXPECT_EQ(file.error().code(), ErrorCode::S415);
      EXPECT_THAT(file.error().what(), HasSubstr("manifest-7-3-2"));
    }
    EXPECT_EQ(decode_manifest(good.substr(0, at), "m").error().code(), ErrorCode::S415);
  }
  EXPECT_EQ(decode_manifest(good + "x", "m").error().code(), ErrorCode::S415);
}

// A file of another version with a right checksum.
std::string of_version(std::uint16_t major, std::uint16_t minor, std::string_view behind) {
  std::string bytes = encode_manifest({.manifest = small_manifest()});
  bytes.resize(bytes.size() - 16);
  std::string version;
  ByteWriter writer(version);
  writer.fixed(major);
  writer.fixed(minor);
  bytes.replace(8, 4, version);
  bytes += behind;
  const Hash128 hash = xxh3_128(bytes);
  ByteWriter trailer(bytes);
  trailer.fixed(hash.high);
  trailer.fixed(hash.low);
  return bytes;
}

TEST(ManifestFile, Rule70_ANewerMajorIsRefusedByNameAndANewerMinorIsRead) {
  const auto newer = decode_manifest(of_version(2, 5, ""), "m");
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().code(), ErrorCode::S416);
  EXPECT_THAT(newer.error().what(), HasSubstr("2.5"));
  EXPECT_TRUE(decode_manifest(of_version(1, 9, "what a later minor adds"), "m").has_value());
  EXPECT_EQ(decode_manifest(of_version(1, 0, "x"), "m").error().code(), ErrorCode::S415);
  EXPECT_EQ(decode_manifest(of_version(0, 0, ""), "m").error().code(), ErrorCode::S415);
}

TEST(ManifestCheck, RefusesWhatNoEngineWrites) {
  const std::vector<std::pair<const char*, std::function<void(Manifest&)>>> wrongs = {
      {"kind", [](Manifest& m) { m.clear_kind(); }},
      {"kind that is not known", [](Manifest& m) { m.set_kind(checkpoint::ManifestKind(9)); }},
      {"uid", [](Manifest& m) { m.set_uid("short"); }},
      {"digest", [](Manifest& m) { m.clear_graph_digest(); }},
      {"id", [](Manifest& m) { m.set_checkpoint(0); }},
      {"groups", [](Manifest& m) { m.set_key_groups(40000); }},
      {"lineages", [](Manifest& m) { m.clear_lineages(); }},
      {"routing", [](Manifest& m) { m.mutable_routing(0)->set_bounds(1, 9); }},
      {"split order", [](Manifest& m) { m.mutable_sources(0)->mutable_splits(1)->set_id("a"); }},
      {"task", [](Manifest& m) { m.mutable_tasks(0)->set_task(2); }},
      {"task twice", [](Manifest& m) { *m.add_tasks() = m.tasks(0); }},
      {"task without operators", [](Manifest& m) { m.mutable_tasks(0)->clear_operators(); }},
      {"range", [](Manifest& m) { m.mutable_tasks(0)->mutable_keyed_state()->set_group_end(9); }},
      {"blob",
       [](Manifest& m) {
         m.mutable_tasks(0)->mutable_operator_states(0)->mutable_blobs(0)->set_name("../x");
       }},
      {"piece",
       [](Manifest& m) {
         m.mutable_tasks(0)
             ->mutable_keyed_state()
             ->mutable_layers(0)
             ->mutable_deltas(0)
             ->mutable_piece()
             ->set_offset(~std::uint64_t{0});
       }},
  };
  EXPECT_TRUE(check_manifest(small_manifest(), "m"));
  for (const auto& [what, make_wrong] : wrongs) {
    Manifest manifest = small_manifest();
    make_wrong(manifest);
    const Status checked = check_manifest(manifest, "m");
    ASSERT_FALSE(checked.has_value()) << what;
    EXPECT_EQ(checked.error().code(), ErrorCode::S415) << what;
    EXPECT_FALSE(decode_manifest(encode_manifest({.manifest = manifest}), "m").has_value()) << what;
  }
}

TEST(ManifestBlobs, FindsEachWhereverItStands) {
  EXPECT_THAT(blob_names(small_manifest()),
              ElementsAre("u/l/1/6/base", "u/l/2/7/own", "u/l/2/7/packed"));
}

class ManifestStoreTest : public ::testing::Test {
 protected:
  MemoryFileSystem files_;
  SeededRandomSource random_{1};
  ManifestStore store_{files_, "state/manifests", random_};
};

TEST_F(ManifestStoreTest, ReadsWhatWasWrittenUnderTheNameOfIdTermAndAttempt) {
  const auto ref = *store_.write(small_manifest());
  EXPECT_EQ(ref.name(), "manifest-7-3-2");
  EXPECT_EQ(store_.read(ref)->SerializeAsString(), small_manifest().SerializeAsString());
  EXPECT_EQ(store_.read_by_name(ref.name())->checkpoint(), 7U);
  ASSERT_TRUE(store_.write(small_manifest(10)).has_value());
  EXPECT_THAT(*store_.list(), ElementsAre("manifest-10-3-2", "manifest-7-3-2"));
  ASSERT_TRUE(store_.remove(ref.name()));
  ASSERT_TRUE(store_.remove(ref.name()));
  EXPECT_EQ(store_.read(ref).error().code(), ErrorCode::S414);
}

TEST_F(ManifestStoreTest, Rule29_AManifestIsNeverReplacedAndAnotherOneIsNotTakenForIt) {
  const auto ref = *store_.write(small_manifest());
  EXPECT_TRUE(store_.write(small_manifest()).has_value());  // the same again: an answer was lost
  Manifest other = small_manifest();
  other.set_created_micros(5);
  EXPECT_EQ(store_.write(other).error().code(), ErrorCode::S415);
  EXPECT_TRUE(store_.read(ref).has_value());
  ASSERT_TRUE(store_.remove(ref.name()));
  ASSERT_TRUE(store_.write(other).has_value());
  EXPECT_EQ(store_.read(ref).error().code(), ErrorCode::S415);
}

TEST_F(ManifestStoreTest, Rule29_APowerCutAtAnyCallLeavesTheWholeManifestOrNone) {
  for (std::uint64_t at = 0;; ++at) {
    MemoryFileSystem files;
    SeededRandomSource random(3);
    CutFileSystem cut(files, at, [&] { files.drop_unsynced(); });
    ManifestStore store(cut, "state/m", random);
    const auto told = store.write(small_manifest());
    files.drop_unsynced();
    ManifestStore after(files, "state/m", random);
    const auto read = after.read_by_name("manifest-7-3-2");
    if (told) {
      ASSERT_TRUE(after.read(*told).has_value()) << "cut at " << at;
    }
    if (!read) {
      EXPECT_EQ(read.error().code(), ErrorCode::S414) << "cut at " << at;
    }
    if (!cut.cut()) {
      EXPECT_TRUE(told.has_value());
      EXPECT_GT(at, 4U);
      break;
    }
  }
}

class StoredCheckpointTest : public ManifestStoreTest {
 protected:
  BlobRef put(const std::string& prefix, std::string_view bytes) {
    const auto writer = *blobs_.create(prefix);
    EXPECT_TRUE(writer->append(bytes));
    return *writer->finish();
  }
  // A manifest whose one task names these blobs.
  Manifest naming(std::uint64_t id, const std::vector<BlobRef>& blobs) {
    Manifest manifest = small_manifest(id);
    auto& task = *manifest.mutable_tasks(0);
    task.clear_keyed_state();
    task.clear_sinks();
    task.mutable_operator_states(0)->clear_blobs();
    for (const BlobRef& blob : blobs) *task.mutable_operator_states(0)->add_blobs() = blob;
    return manifest;
  }
  std::string prefix(std::uint64_t id, std::uint32_t attempt = 2) {
    return blob_prefix(std::string(16, 'u'), Hash128{1, 2}.to_hex(), attempt, id);
  }

  LocalBlobStore blobs_{files_, "state/blobs", random_};
};

TEST_F(StoredCheckpointTest, Rule28_ACondemnedCheckpointLeavesWhatOthersName) {
  const BlobRef shared = put(prefix(1), "base");
  const BlobRef own = put(prefix(1), "delta");
  ASSERT_TRUE(delete_condemned(blobs_, naming(1, {shared, own}), {naming(2, {shared})}));
  EXPECT_TRUE(blobs_.get(shared).has_value());
  EXPECT_EQ(blobs_.get(own).error().code(), ErrorCode::S410);
  // Again, as after a lost answer.
  ASSERT_TRUE(delete_condemned(blobs_, naming(1, {shared, own}), {naming(2, {shared})}));
}

TEST_F(StoredCheckpointTest, Rule28_OrphansAreUnnamedBlobsOfEarlierAttemptsOfThisJobOnly) {
  const BlobRef old = put(prefix(3), "orphan");
  const BlobRef old_and_newer_than_any = put(prefix(9), "orphan");
  const BlobRef named = put(prefix(3), "named");
  // A base whose folding began when 1 was the newest; the next checkpoint names it.
  const BlobRef fresh = put(prefix(1, 3), "pending");
  const BlobRef foreign = put("other/l/1/1", "x");
  const BlobRef odd = put(prefix(3).substr(0, 40), "x");
  EXPECT_EQ(*sweep_orphans(blobs_, std::string(16, 'u'), 3, {naming(5, {named})}), 2U);
  for (const BlobRef& gone : {old, old_and_newer_than_any})
    EXPECT_EQ(blobs_.get(gone).error().code(), ErrorCode::S410);
  for (const BlobRef& kept : {named, fresh, foreign, odd})
    EXPECT_TRUE(blobs_.get(kept).has_value()) << kept.name();
}

TEST_F(StoredCheckpointTest, Rule28_ManifestsThatNoRecordNamesGoWhenTheyAreOld) {
  const auto named = *store_.write(small_manifest(3));
  const auto given_up = *store_.write(small_manifest(4));
  const auto pending = *store_.write(small_manifest(9));
  EXPECT_EQ(*sweep_manifests(store_, 9, {named}), 1U);
  EXPECT_THAT(*store_.list(), ElementsAre(pending.name(), named.name()));
  EXPECT_EQ(store_.read(given_up).error().code(), ErrorCode::S414);
}

TEST_F(StoredCheckpointTest, Rule4_ACopyIsSelfContainedAndBlobsAreCopiedOnce) {
  const BlobRef twice = put(prefix(7), "state");
  Manifest copy = naming(7, {twice, twice});
  LocalBlobStore savepoint(files_, "savepoints/a/blobs", random_);
  ASSERT_TRUE(copy_blobs(blobs_, savepoint, "blobs", copy));
  EXPECT_EQ(savepoint.list("")->size(), 1U);
  ASSERT_TRUE(blobs_.remove(twice.name()));
  for_each_blob(std::as_const(copy),
                [&](const BlobRef& blob) { EXPECT_EQ(*savepoint.get(blob), "state"); });
  Manifest broken = naming(7, {twice});
  EXPECT_EQ(copy_blobs(blobs_, savepoint, "blobs", broken).error().code(), ErrorCode::S410);
}

TEST_F(StoredCheckpointTest, Rule4_ASavepointOutlivesTheJobsStoreAndIsNotWrittenOver) {
  const Manifest manifest = naming(7, {put(prefix(7), "state")});
  EXPECT_EQ(read_savepoint(files_, random_, "sp").error().code(), ErrorCode::S414);
  ASSERT_TRUE(write_savepoint(files_, random_, "sp", blobs_, manifest, true).has_value());
  ASSERT_TRUE(files_.remove_tree("state"));
  files_.drop_unsynced();
  const Manifest read = *read_savepoint(files_, random_, "sp");
  EXPECT_EQ(read.kind(), checkpoint::SAVEPOINT);
  EXPECT_TRUE(read.carries_staged());
  LocalBlobStore copied(files_, savepoint_blobs("sp"), random_);
  for_each_blob(read, [&](const BlobRef& blob) { EXPECT_EQ(*copied.get(blob), "state"); });
  EXPECT_EQ(write_savepoint(files_, random_, "sp", blobs_, manifest, false).error().code(),
            ErrorCode::S419);
}

TEST_F(StoredCheckpointTest, ASavepointIsNotWrittenAmongOtherFiles) {
  const Manifest manifest = naming(7, {put(prefix(7), "state")});
  ASSERT_TRUE(files_.make_directories("home"));
  ASSERT_TRUE(files_.replace_file("home/letter.txt", "dear"));
  const auto refused = write_savepoint(files_, random_, "home", blobs_, manifest, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::S419);
  EXPECT_THAT(refused.error().what(), HasSubstr("home is not empty: 'letter.txt'"));
  EXPECT_FALSE(*files_.exists("home/blobs"));
  ASSERT_TRUE(files_.make_directories("empty"));
  EXPECT_TRUE(write_savepoint(files_, random_, "empty", blobs_, manifest, false).has_value());
}

TEST_F(StoredCheckpointTest, Rule4_ASavepointThatPowerCutOffIsNone) {
  const Manifest manifest = naming(7, {put(prefix(7), "state")});
  for (std::uint64_t at = 0;; ++at) {
    const std::string path = fmt::format("sp{}", at);
    CutFileSystem cut(files_, at, [] {});
    const auto told = write_savepoint(cut, random_, path, blobs_, manifest, false);
    files_.drop_unsynced();
    const auto read = read_savepoint(files_, random_, path);
    if (told) {
      ASSERT_TRUE(read.has_value()) << at;
    }
    if (read) {
      LocalBlobStore copied(files_, savepoint_blobs(path), random_);
      for_each_blob(*read, [&](const BlobRef& blob) { EXPECT_EQ(*copied.get(blob), "state"); });
    }
    if (!cut.cut()) break;
  }
}

}  // namespace
}  // namespace tributary
