#include "checkpoint/publish/file_epoch_writer.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr OwnershipRound kRound{2, 1};

// A disk that takes the first half of a write and is full then, while `full`.
class FillingFileSystem final : public FileSystem {
 public:
  explicit FillingFileSystem(std::shared_ptr<FileSystem> files) : files_(std::move(files)) {}
  bool full = false;

  Result<std::unique_ptr<ReadableFile>> open_read(const std::string& path) override {
    return files_->open_read(path);
  }
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    return std::make_unique<File>(*this, TRY(files_->create(path)));
  }
  Result<std::unique_ptr<WritableFile>> append(const std::string& path) override {
    return std::make_unique<File>(*this, TRY(files_->append(path)));
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    return files_->list(directory);
  }
  Result<bool> exists(const std::string& path) override { return files_->exists(path); }
  Result<FileStatus> stat(const std::string& path) override { return files_->stat(path); }
  Status make_directories(const std::string& path) override {
    return files_->make_directories(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return files_->rename(from, to);
  }
  Result<bool> link_without_replace(const std::string& from, const std::string& to) override {
    return files_->link_without_replace(from, to);
  }
  Status remove(const std::string& path) override { return files_->remove(path); }
  Status truncate(const std::string& path, std::uint64_t size) override {
    if (cannot_truncate) return fail(ErrorCode::F102, "truncating {}", path);
    return files_->truncate(path, size);
  }
  Status sync_directory(const std::string& directory) override {
    return files_->sync_directory(directory);
  }
  bool cannot_truncate = false;

 private:
  class File final : public WritableFile {
   public:
    File(FillingFileSystem& disk, std::unique_ptr<WritableFile> file)
        : disk_(disk), file_(std::move(file)) {}
    Status append(std::string_view bytes) override {
      if (!disk_.full) return file_->append(bytes);
      TRY(file_->append(bytes.substr(0, bytes.size() / 2)));
      TRY(file_->flush());
      return fail(ErrorCode::F102, "No space left");
    }
    Status flush() override { return file_->flush(); }
    Status sync() override { return file_->sync(); }
    Status close() override { return file_->close(); }
    std::uint64_t size() const override { return file_->size(); }

   private:
    FillingFileSystem& disk_;
    std::unique_ptr<WritableFile> file_;
  };
  const std::shared_ptr<FileSystem> files_;
};

class FileEpochWriterTest : public ::testing::Test {
 protected:
  std::string read(const EndedEpoch::Staged& staged) const {
    return disk_->read_whole_file(staged.file.temporary, 1 << 24).value();
  }

  FileConnector::Settings settings_{
      .directory = "sink", .uid = {7, 7}, .sink = "out", .numbers = 3, .hazards = {}};
  std::shared_ptr<MemoryFileSystem> disk_ = std::make_shared<MemoryFileSystem>();
  std::shared_ptr<FillingFileSystem> filling_ = std::make_shared<FillingFileSystem>(disk_);
  FileEpochWriter writer_{settings_, WriterNumber{2}, kRound, "txt", filling_};
};

TEST_F(FileEpochWriterTest, AnEpochIsClosedWhileTheNextOneIsWritten) {
  ASSERT_TRUE(writer_.append("a", "one"));
  const auto first = writer_.end_epoch({5});
  ASSERT_TRUE(writer_.append("a", "two"));
  const auto second = writer_.end_epoch({6});
  const auto two = second->close();
  const auto one = first->close();
  ASSERT_THAT(*one, SizeIs(1));
  EXPECT_EQ(one->at(0).path, "sink/a/part-2-5.txt");
  EXPECT_EQ(two->at(0).path, "sink/a/part-2-6.txt");
  EXPECT_EQ(read(one->at(0)), "one");
  EXPECT_EQ(read(two->at(0)), "two");
  EXPECT_EQ(one->at(0).file.size, 3U);
  EXPECT_EQ(one->at(0).file.hash, xxh3_128("one"));
}

TEST_F(FileEpochWriterTest, AnEpochWithoutBytesHasNoFiles) {
  const auto ended = writer_.end_epoch({5});
  EXPECT_TRUE(ended->empty());
  EXPECT_THAT(*ended->close(), IsEmpty());
  EXPECT_FALSE(*disk_->exists("sink"));
}

TEST_F(FileEpochWriterTest, WhatAFailedWriteLeftIsTakenBackAndWrittenAgain) {
  const std::string large(PartFiles::kBufferBytes, 'x');
  ASSERT_TRUE(writer_.append("", large));
  filling_->full = true;
  EXPECT_FALSE(writer_.append("", large + "y"));
  for (const bool cannot_truncate : {false, true, false}) {
    filling_->cannot_truncate = cannot_truncate;
    EXPECT_FALSE(writer_.files().write_all());
  }
  filling_->full = false;
  filling_->cannot_truncate = true;
  EXPECT_TRUE(writer_.files().write_all()) << "the last failure was taken back at once";
  filling_->full = true;
  EXPECT_FALSE(writer_.append("", large));
  filling_->full = false;
  EXPECT_FALSE(writer_.files().write_all()) << "behind half a line nothing is written";
  filling_->cannot_truncate = false;
  const auto ended = writer_.end_epoch({5});
  const auto closed = ended->close();
  ASSERT_TRUE(closed);
  const std::string expected = large + large + "y" + large;
  EXPECT_EQ(read(closed->at(0)), expected);
  EXPECT_EQ(closed->at(0).file.hash, xxh3_128(expected));
}

TEST_F(FileEpochWriterTest, CloseMayBeTriedAgainWhileOnlyWritingFailed) {
  ASSERT_TRUE(writer_.append("a", "one"));
  ASSERT_TRUE(writer_.append("b", "two"));
  filling_->full = true;
  const auto ended = writer_.end_epoch({5});
  EXPECT_FALSE(ended->close());
  EXPECT_FALSE(ended->lost());
  filling_->full = false;
  const auto closed = ended->close();
  ASSERT_THAT(*closed, SizeIs(2));
  EXPECT_EQ(read(closed->at(0)), "one");
  EXPECT_EQ(read(closed->at(1)), "two");
}

TEST_F(FileEpochWriterTest, AfterAFailedSyncTheEpochIsLost) {
  ASSERT_TRUE(writer_.append("a", "one"));
  const std::string folder =
      FileConnector::writer_folder(settings_, {2}) + "/staged/2-1-0000000000000000/0";
  disk_->inject_error(folder + "/0", FileOperation::kSync, EIO);
  const auto ended = writer_.end_epoch({5});
  EXPECT_FALSE(ended->close());
  EXPECT_TRUE(ended->lost());
  disk_->clear_faults();
  ASSERT_TRUE(writer_.append("a", "two"));
  disk_->inject_error(
      FileConnector::writer_folder(settings_, {2}) + "/staged/2-1-0000000000000000/1",
      FileOperation::kSync, EIO);
  const auto next = writer_.end_epoch({6});
  EXPECT_FALSE(next->close());
  EXPECT_TRUE(next->lost()) << "of names it is as true";
}

TEST_F(FileEpochWriterTest, Rule12_OnlyFilesOfEarlierRoundsOfTheNumberAreRemoved) {
  const auto leave = [&](Hash128 uid, std::uint32_t number, OwnershipRound round) {
    FileConnector::Settings settings = settings_;
    settings.uid = uid;
    FileEpochWriter writer(settings, {number}, round, "txt", disk_);
    ASSERT_TRUE(writer.append("", "bytes"));
    ASSERT_TRUE(writer.end_epoch({1})->close());
  };
  for (const OwnershipRound round :
       {OwnershipRound{1, 9}, {2, 1}, {2, 1, 7}, {2, 2}, {2, 2, 7}, {10, 1, ~0ULL}})
    leave({7, 7}, 2, round);
  leave({7, 7}, 1, {1, 1});
  leave({8, 8}, 2, {1, 1});
  const std::string staged = FileConnector::writer_folder(settings_, {2}) + "/staged";
  ASSERT_TRUE(disk_->make_directories(staged + "/of somebody else"));
  ASSERT_TRUE(disk_->make_directories(staged + "/2-1-7"));
  ASSERT_TRUE(disk_->make_directories(staged + "/1-3")) << "of an older engine";
  ASSERT_TRUE(remove_staged_before(*disk_, settings_, {2}, {2, 2}));
  ASSERT_TRUE(remove_staged_before(*disk_, settings_, {0}, {2, 2})) << "it has none";
  std::vector<std::string> names;
  const auto entries = disk_->list(staged);
  for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("10-1-ffffffffffffffff", "2-1-7", "2-2-0000000000000000",
                                 "2-2-0000000000000007", "of somebody else"));
  EXPECT_TRUE(*disk_->exists(FileConnector::writer_folder(settings_, {1}) +
                             "/staged/1-1-0000000000000000"));
}

}  // namespace
}  // namespace tributary
