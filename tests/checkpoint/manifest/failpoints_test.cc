// Failpoints of the stores: a step that fails there has done no harm, and the next try succeeds.
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/memory_file_system.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/local_metadata_store.h"
#include "checkpoint/manifest/blob_deletion.h"
#include "checkpoint/manifest/checkpoint_copy.h"
#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_store.h"
#include "tests/checkpoint/manifest/small_manifest.h"

namespace tributary {
namespace {

using checkpoint::BlobRef;
using checkpoint::Manifest;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreFailpoints : public ::testing::Test {
 protected:
  Result<BlobRef> put(std::string_view bytes) {
    const auto writer = TRY(blobs_.create("u/l/1/7"));
    TRY(writer->append(bytes));
    return writer->finish();
  }
  // With blobs that are there, each once.
  Manifest manifest_with_blobs() {
    Manifest manifest = small_manifest();
    for_each_blob(manifest, [&](BlobRef& blob) { blob = *put("blob"); });
    return manifest;
  }
  // The first try fails at the point, the second does not.
  void try_twice(const std::string& point, const std::function<Status()>& step) {
    const ScopedFailpoints armed(point + "=error@1");
    const Status first = step();
    ASSERT_FALSE(first.has_value()) << point;
    EXPECT_EQ(first.error().code(), ErrorCode::S440) << point;
    const Status second = step();
    EXPECT_TRUE(second.has_value()) << point << ": " << second.error().what();
  }

  MemoryFileSystem files_;
  SeededRandomSource random_{3};
  LocalBlobStore blobs_{files_, "blobs", random_};
};

TEST_F(StoreFailpoints, ABlobThatFailedLeavesNothingUnfinished) {
  for (const char* point :
       {"blob.before_sync", "blob.after_sync", "blob.before_rename", "blob.after_rename"}) {
    BlobRef blob;
    try_twice(point, [&]() -> Status {
      blob = TRY(put("bytes"));
      return {};
    });
    EXPECT_EQ(*blobs_.get(blob), "bytes");
  }
  const auto left = blobs_.list("");
  for (const ListedBlob& blob : *left) EXPECT_FALSE(blob.name.ends_with(".tmp"));
}

TEST_F(StoreFailpoints, AVersionCountsFromItsLinkOn) {
  LocalMetadataStore store(files_, "record", random_);
  {
    const ScopedFailpoints armed("metadata.before_link=error@1");
    EXPECT_EQ(store.compare_and_set("job", {0}, "one").error().code(), ErrorCode::S440);
    EXPECT_FALSE(store.get("job")->has_value());
    EXPECT_TRUE(store.compare_and_set("job", {0}, "one")->stored);
  }
  const ScopedFailpoints armed("metadata.after_link=error@1");
  EXPECT_EQ(store.compare_and_set("job", {1}, "two").error().code(), ErrorCode::S440);
  // Whoever got the error must look.
  EXPECT_EQ((*store.get("job"))->bytes, "two");
  EXPECT_FALSE(store.compare_and_set("job", {1}, "two")->stored);
}

TEST_F(StoreFailpoints, AManifestIsWrittenAgainUnderItsName) {
  for (const char* point : {"manifest.written", "manifest.after_link"}) {
    ManifestStore store(files_, std::string("m-") + point, random_);
    try_twice(point, [&]() -> Status {
      TRY(store.write(small_manifest()));
      return {};
    });
    EXPECT_THAT(*store.list(), SizeIs(1));
    EXPECT_TRUE(store.read_by_name("manifest-7-3-2").has_value());
  }
}

TEST_F(StoreFailpoints, ADeletionGoesOnWhereItFailed) {
  for (const char* point : {"deletion.before_first", "deletion.between", "deletion.after_last"}) {
    const Manifest condemned = manifest_with_blobs();
    const Manifest kept = manifest_with_blobs();
    try_twice(point, [&] { return delete_condemned(blobs_, condemned, {kept}); });
    EXPECT_THAT(*blobs_.list(""), SizeIs(blob_names(kept).size()));
    EXPECT_TRUE(delete_condemned(blobs_, kept, {}).has_value());
    EXPECT_THAT(*blobs_.list(""), IsEmpty());
  }
}

TEST_F(StoreFailpoints, ASavepointIsNoneBeforeItsManifest) {
  for (const char* point : {"savepoint.mid_copy", "savepoint.before_manifest"}) {
    const std::string path = std::string("saved-") + point;
    const Manifest manifest = manifest_with_blobs();
    {
      const ScopedFailpoints armed(std::string(point) + "=error@1");
      EXPECT_EQ(write_savepoint(files_, random_, path, blobs_, manifest, false).error().code(),
                ErrorCode::S440);
      EXPECT_EQ(read_savepoint(files_, random_, path).error().code(), ErrorCode::S414);
    }
    EXPECT_TRUE(write_savepoint(files_, random_, path, blobs_, manifest, false).has_value());
    EXPECT_TRUE(read_savepoint(files_, random_, path).has_value());
  }
}

}  // namespace
}  // namespace tributary
