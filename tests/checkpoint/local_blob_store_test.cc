#include "checkpoint/local_blob_store.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/memory_file_system.h"
#include "checkpoint/store_probe.h"
#include "tests/checkpoint/forwarding_file_system.h"

namespace tributary {
namespace {

using checkpoint::BlobRef;
using checkpoint::PieceRef;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<BlobRef> put(BlobStore& store, std::string_view prefix, std::string_view bytes) {
  const auto writer = TRY(store.create(prefix));
  TRY(writer->append(bytes.substr(0, bytes.size() / 2)));
  TRY(writer->append(bytes.substr(bytes.size() / 2)));
  return writer->finish();
}

PieceRef piece_of(const BlobRef& blob, std::string_view bytes, std::uint64_t offset,
                  std::uint64_t length) {
  PieceRef piece;
  *piece.mutable_blob() = blob;
  piece.set_offset(offset);
  piece.set_length(length);
  const Hash128 hash = xxh3_128(bytes.substr(offset, length));
  piece.set_hash_high(hash.high);
  piece.set_hash_low(hash.low);
  return piece;
}

class LocalBlobStoreTest : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes) {
    const auto file = *files_.create(path);
    ASSERT_TRUE(file->append(bytes));
    ASSERT_TRUE(file->close());
  }
  std::string read(const std::string& path) { return *files_.read_whole_file(path, 1 << 24); }

  MemoryFileSystem files_;
  SeededRandomSource random_{1};
  LocalBlobStore store_{files_, "blobs", random_};
};

TEST_F(LocalBlobStoreTest, GivesBackWhatWasWritten) {
  const BlobRef blob = *put(store_, "u/l/1/2", "some bytes");
  EXPECT_THAT(blob.name(), testing::MatchesRegex("u/l/1/2/[0-9a-f]+"));
  EXPECT_EQ(blob.size(), 10U);
  EXPECT_EQ(*store_.get(blob), "some bytes");
  EXPECT_EQ(*store_.get_piece(piece_of(blob, "some bytes", 5, 3)), "byt");
  EXPECT_EQ(*store_.get(*put(store_, "u", "")), "");
}

TEST_F(LocalBlobStoreTest, Rule27_EqualBytesUnderOnePrefixAreTwoBlobs) {
  EXPECT_NE(put(store_, "u", "same")->name(), put(store_, "u", "same")->name());
}

TEST_F(LocalBlobStoreTest, Rule1_ABlobThatWasNotStoredAsWrittenIsNotFinished) {
  const auto writer = *store_.create("u");
  ASSERT_TRUE(writer->append("right"));
  const std::string temporary = "blobs/" + store_.list("u")->front().name;
  {
    const auto other = *files_.append(temporary);
    ASSERT_TRUE(other->append("wrong"));
    ASSERT_TRUE(other->close());
  }
  const auto finished = writer->finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().code(), ErrorCode::S411);
}

TEST_F(LocalBlobStoreTest, Rule29_AFinishedBlobOutlivesAPowerCutAtAnyLaterMoment) {
  for (std::uint64_t at = 0;; ++at) {
    MemoryFileSystem files;
    SeededRandomSource random(3);
    CutFileSystem cut(files, at, [&] { files.drop_unsynced(); });
    std::vector<std::pair<BlobRef, std::string>> told;
    {
      LocalBlobStore store(cut, "state/blobs", random);
      for (const char* bytes : {"one", "two", "three"}) {
        const auto blob = put(store, std::string("u/l/1/") + bytes, bytes);
        if (!blob) break;
        told.emplace_back(*blob, bytes);
      }
    }
    files.drop_unsynced();
    LocalBlobStore after(files, "state/blobs", random);
    for (const auto& [blob, bytes] : told) {
      const auto read = after.get(blob);
      ASSERT_TRUE(read.has_value()) << "cut at " << at << ": " << read.error().to_string();
      EXPECT_EQ(*read, bytes);
    }
    if (!cut.cut()) {
      EXPECT_THAT(told, SizeIs(3));
      break;
    }
  }
}

TEST_F(LocalBlobStoreTest, Rule46_EachChangedByteAndEachLengthIsDetectedAndNamed) {
  const std::string bytes = "a small blob";
  const BlobRef blob = *put(store_, "u/l/1/2", bytes);
  const std::string path = "blobs/" + blob.name();
  const auto expect_refused = [&](ErrorCode code) {
    const auto whole = store_.get(blob);
    const auto piece = store_.get_piece(piece_of(blob, bytes, 0, bytes.size()));
    const auto file = store_.get_to_file(blob, "copy");
    ASSERT_FALSE(whole || piece || file);
    for (const Error& error : {whole.error(), piece.error(), file.error()}) {
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), HasSubstr(blob.name()));
    }
    EXPECT_FALSE(*files_.exists("copy"));
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write(path, bad);
    expect_refused(ErrorCode::S411);
    write(path, bytes.substr(0, at));
    expect_refused(ErrorCode::S411);
  }
  write(path, bytes + "x");
  expect_refused(ErrorCode::S411);
  ASSERT_TRUE(files_.remove(path));
  expect_refused(ErrorCode::S410);
}

TEST_F(LocalBlobStoreTest, RefusesReferencesThatNoStoreGave) {
  BlobRef blob = *put(store_, "u", "bytes");
  BlobRef outside = blob;
  outside.set_name("../blobs/" + blob.name());
  EXPECT_EQ(store_.get(outside).error().code(), ErrorCode::S412);
  EXPECT_EQ(store_.remove("../x").error().code(), ErrorCode::S412);
  EXPECT_EQ(store_.create("a//b").error().code(), ErrorCode::S412);
  BlobRef huge = blob;
  huge.set_size(BlobStore::kWholeBytesMax + 1);
  EXPECT_EQ(store_.get(huge).error().code(), ErrorCode::S412);
  PieceRef piece = piece_of(blob, "bytes", 1, 2);
  piece.set_offset(~std::uint64_t{0});
  EXPECT_EQ(store_.get_piece(piece).error().code(), ErrorCode::S412);
}

TEST_F(LocalBlobStoreTest, AFileOfALargeBlobIsALinkAndOfASmallOneACopy) {
  const std::string large(LocalBlobStore::kLinkBytesMin, 'x');
  const BlobRef blob = *put(store_, "u", large);
  const BlobRef small = *put(store_, "u", "small");
  write("file", "what was there");
  ASSERT_TRUE(store_.get_to_file(blob, "file"));
  EXPECT_EQ(files_.stat("file")->inode, files_.stat("blobs/" + blob.name())->inode);
  // Replaces the link, not the blob that it names.
  ASSERT_TRUE(store_.get_to_file(small, "file"));
  EXPECT_EQ(read("file"), "small");
  EXPECT_NE(files_.stat("file")->inode, files_.stat("blobs/" + small.name())->inode);
  EXPECT_EQ(*store_.get(blob), large);
}

TEST_F(LocalBlobStoreTest, ACopyInAnotherStoreIsVerifiedDurableAndNamedAnew) {
  const BlobRef blob = *put(store_, "u/l/1/2", "state");
  LocalBlobStore other(files_, "savepoints/a/blobs", random_);
  const BlobRef copy = *other.copy_from(store_, blob, "u");
  EXPECT_NE(copy.name(), blob.name());
  ASSERT_TRUE(store_.remove(blob.name()));
  EXPECT_EQ(other.copy_from(store_, blob, "u").error().code(), ErrorCode::S410);
  files_.drop_unsynced();
  EXPECT_EQ(*other.get(copy), "state");
}

TEST_F(LocalBlobStoreTest, ADroppedWriterLeavesNothingAndACrashLeavesAnOrphanThatIsListed) {
  {
    ASSERT_TRUE((*store_.create("u/l/1/2"))->append("x"));
  }
  EXPECT_THAT(*store_.list(""), IsEmpty());
  write("blobs/u/l/1/2/0123.tmp", "left by a crash");
  ASSERT_THAT(*store_.list("u/l/1/"), SizeIs(1));
  ASSERT_TRUE(store_.remove(store_.list("u/")->front().name));
  EXPECT_THAT(*store_.list(""), IsEmpty());
}

TEST_F(LocalBlobStoreTest, ListsByPrefixAndRemovesFoldersWithTheirLastBlob) {
  const BlobRef a = *put(store_, "u/l/1/2", "a");
  const BlobRef b = *put(store_, "u/l/1/3", "b");
  EXPECT_THAT(*store_.list("u/l/1/"), SizeIs(2));
  ASSERT_THAT(*store_.list("u/l/1/3"), SizeIs(1));
  EXPECT_EQ(store_.list("u/l/1/3")->front().name, b.name());
  EXPECT_THAT(*store_.list("other"), IsEmpty());
  ASSERT_TRUE(store_.remove(a.name()));
  ASSERT_TRUE(store_.remove(a.name()));  // fine if it is missing
  EXPECT_FALSE(*files_.exists("blobs/u/l/1/2"));
  ASSERT_TRUE(store_.remove(b.name()));
  EXPECT_FALSE(*files_.exists("blobs/u"));
  // The folders are made again, and are durable again.
  const BlobRef c = *put(store_, "u/l/1/3", "c");
  files_.drop_unsynced();
  EXPECT_EQ(*store_.get(c), "c");
}

TEST_F(LocalBlobStoreTest, AFullOrFailingDiskIsAnErrorAndLeavesNoBlob) {
  // Each call that changes something fails once; a later attempt goes well.
  for (std::uint64_t at = 0; at < 20; ++at) {
    MemoryFileSystem files;
    SeededRandomSource random(3);
    CutFileSystem full(files, at, [] {});
    LocalBlobStore store(full, "blobs", random);
    const auto blob = put(store, "u", "bytes");
    LocalBlobStore later(files, "blobs", random);
    EXPECT_EQ(*later.get(*put(later, "u", "again")), "again");
    if (!full.cut()) {
      EXPECT_TRUE(blob.has_value());
      return;
    }
    EXPECT_FALSE(blob.has_value());
  }
  FAIL() << "never got through";
}

TEST_F(LocalBlobStoreTest, Rule45_AStoreThatAHostDoesNotSeeIsRefusedByItsName) {
  const BlobRef probe = *write_store_probe(store_, random_);
  EXPECT_TRUE(read_store_probe(store_, probe, "host-1"));
  MemoryFileSystem own;
  LocalBlobStore elsewhere(own, "blobs", random_);
  const Status refused = read_store_probe(elsewhere, probe, "host-2");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::S413);
  EXPECT_THAT(refused.error().what(), HasSubstr("host-2"));
}

}  // namespace
}  // namespace tributary
