#include "base/memory_file_system.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace tributary {
namespace {

class MemoryFileSystemTest : public ::testing::Test {
 protected:
  std::unique_ptr<WritableFile> created(const std::string& path, std::string_view bytes) {
    auto file = files_.create(path).value();
    EXPECT_TRUE(file->append(bytes));
    EXPECT_TRUE(file->flush());
    return file;
  }
  std::string text(const std::string& path) { return files_.read_whole_file(path, 1'000).value(); }

  MemoryFileSystem files_;
};

TEST_F(MemoryFileSystemTest, KeepsAfterAPowerCutWhatWasSynced) {
  auto file = created("a", "durable");
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(files_.sync_directory("/"));
  ASSERT_TRUE(file->append(" lost"));
  ASSERT_TRUE(file->flush());
  EXPECT_EQ(text("a"), "durable lost");
  files_.drop_unsynced();
  EXPECT_EQ(text("a"), "durable");
}

TEST_F(MemoryFileSystemTest, ForgetsNamesWhoseFolderWasNotSynced) {
  ASSERT_TRUE(created("a", "1")->sync());
  files_.drop_unsynced();
  EXPECT_FALSE(files_.exists("a").value());

  ASSERT_TRUE(files_.make_directories("d/e"));
  ASSERT_TRUE(files_.sync_directory("d"));
  files_.drop_unsynced();
  EXPECT_FALSE(files_.exists("d").value());

  ASSERT_TRUE(files_.make_directories("d/e"));
  ASSERT_TRUE(files_.sync_directory("."));
  files_.drop_unsynced();
  EXPECT_TRUE(files_.exists("d").value());
  EXPECT_FALSE(files_.exists("d/e").value());
}

TEST_F(MemoryFileSystemTest, TakesARenameBackUnlessTheFolderWasSynced) {
  ASSERT_TRUE(files_.replace_file("mark", "1"));
  ASSERT_TRUE(created("mark.new", "2")->sync());
  ASSERT_TRUE(files_.rename("mark.new", "mark"));
  EXPECT_EQ(text("mark"), "2");
  files_.drop_unsynced();
  EXPECT_EQ(text("mark"), "1");
  ASSERT_TRUE(files_.replace_file("mark", "3"));
  files_.drop_unsynced();
  EXPECT_EQ(text("mark"), "3");
  ASSERT_TRUE(files_.remove("mark"));
  files_.drop_unsynced();
  EXPECT_EQ(text("mark"), "3");
}

TEST_F(MemoryFileSystemTest, LosesBytesThatWereNeverFlushed) {
  {
    auto file = files_.create("a").value();
    ASSERT_TRUE(file->append("gone"));
  }
  EXPECT_EQ(text("a"), "");
}

TEST_F(MemoryFileSystemTest, GivesErrorsOnFilesOpenedBeforeThePowerCut) {
  auto writer = created("a", "1");
  auto reader = files_.open_read("a").value();
  files_.drop_unsynced();
  char byte = 0;
  EXPECT_EQ(reader->read({&byte, 1}).error().code(), ErrorCode::F101);
  EXPECT_EQ(writer->sync().error().code(), ErrorCode::F102);
}

TEST_F(MemoryFileSystemTest, InjectsErrorsByPathAfterSomeCalls) {
  files_.inject_error("a", FileOperation::kWrite, ENOSPC, 2);
  auto file = created("/a", "fits");
  ASSERT_TRUE(file->append("does not"));
  EXPECT_EQ(file->flush().error().what(), "writing a: No space left on device");
  files_.clear_faults();
  EXPECT_FALSE(file->sync());
  EXPECT_EQ(text("a"), "fits");

  files_.inject_error("a", FileOperation::kRead, EIO);
  EXPECT_EQ(files_.open_read("a").error().code(), ErrorCode::F101);
  EXPECT_EQ(created("b", "other").get()->size(), 5U);
  files_.inject_error("/", FileOperation::kSync, EIO);
  EXPECT_EQ(files_.sync_directory("/").error().code(), ErrorCode::F102);
}

TEST_F(MemoryFileSystemTest, GivesShortReads) {
  created("a", "0123456789");
  files_.limit_reads("a", 3);
  auto file = files_.open_read("a").value();
  std::string bytes(10, '\0');
  EXPECT_EQ(file->read(bytes).value(), 3U);
  EXPECT_EQ(file->read_at(0, bytes).value(), 10U);
  EXPECT_EQ(text("a"), "0123456789");
}

TEST_F(MemoryFileSystemTest, KnowsOnePathUnderAllItsSpellings) {
  ASSERT_TRUE(files_.make_directories("/x//y/./z/.."));
  created("x/y/a", "1");
  EXPECT_EQ(text("/x/y/../../x/y/a"), "1");
  EXPECT_FALSE(files_.rename("x", "x/y/inside"));
  EXPECT_FALSE(files_.remove("/"));
}

}  // namespace
}  // namespace tributary
