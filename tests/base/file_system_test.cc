// Both file systems against the contract of base/file_system.h.
#include "base/file_system.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/local_file_system.h"
#include "base/memory_file_system.h"

namespace tributary {
namespace {

class FileSystemTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("memory")) {
      files_ = std::make_unique<MemoryFileSystem>();
      root_ = "/test";
    } else {
      files_ = std::make_unique<LocalFileSystem>();
      std::string pattern = (std::filesystem::temp_directory_path() / "tributary-XXXXXX").string();
      ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
      root_ = pattern;
    }
    ASSERT_TRUE(files_->make_directories(root_));
  }
  void TearDown() override { EXPECT_TRUE(files_->remove_tree(root_)); }

  std::string at(std::string_view name) const { return root_ + "/" + std::string(name); }
  void write(std::string_view name, std::string_view bytes) {
    auto file = files_->create(at(name)).value();
    ASSERT_TRUE(file->append(bytes));
    ASSERT_TRUE(file->close());
  }
  std::string text(std::string_view name) {
    return files_->read_whole_file(at(name), 1 << 20).value();
  }
  static std::string read_at(const ReadableFile& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(file.read_at(offset, bytes).value());
    return bytes;
  }

  std::unique_ptr<FileSystem> files_;
  std::string root_;
};

TEST_P(FileSystemTest, ReadsBackWhatWasWritten) {
  const std::string big(200'000, 'x');
  auto file = files_->create(at("a")).value();
  ASSERT_TRUE(file->append("head "));
  ASSERT_TRUE(file->append(big));
  ASSERT_TRUE(file->append(" tail"));
  EXPECT_EQ(file->size(), big.size() + 10);
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->close());
  EXPECT_EQ(text("a"), "head " + big + " tail");
  write("a", "short");
  EXPECT_EQ(text("a"), "short");
}

TEST_P(FileSystemTest, ReadsAnywhereWithoutMovingThePosition) {
  write("a", "0123456789");
  auto file = files_->open_read(at("a")).value();
  EXPECT_EQ(file->size().value(), 10U);
  EXPECT_EQ(read_at(*file, 4, 3), "456");
  EXPECT_EQ(read_at(*file, 8, 10), "89");
  EXPECT_EQ(read_at(*file, 99, 10), "");
  EXPECT_EQ(file->position(), 0U);
  std::string bytes(4, '\0');
  EXPECT_EQ(file->read(bytes).value(), 4U);
  EXPECT_EQ(bytes, "0123");
  file->seek(9);
  EXPECT_EQ(file->read(bytes).value(), 1U);
  EXPECT_EQ(file->position(), 10U);
  EXPECT_EQ(file->read(bytes).value(), 0U);
}

TEST_P(FileSystemTest, AppendsWhileAReaderFollows) {
  write("a", "one ");
  auto reader = files_->open_read(at("a")).value();
  auto writer = files_->append(at("a")).value();
  EXPECT_EQ(writer->size(), 4U);
  ASSERT_TRUE(writer->append("two"));
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(read_at(*reader, 0, 100), "one two");
  ASSERT_TRUE(files_->append(at("new")));
  EXPECT_EQ(text("new"), "");
}

TEST_P(FileSystemTest, ListsSortedByNameWithKindAndSize) {
  write("b", "22");
  write("B", "1");
  ASSERT_TRUE(files_->make_directories(at("a/deep/er")));
  ASSERT_TRUE(files_->make_directories(at("a/deep")));
  const auto entries = files_->list(root_).value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "B");
  EXPECT_EQ(entries[1].name, "a");
  EXPECT_EQ(entries[1].kind, FileKind::kDirectory);
  EXPECT_EQ(entries[2].name, "b");
  EXPECT_EQ(entries[2].kind, FileKind::kFile);
  EXPECT_EQ(entries[2].size, 2U);
}

TEST_P(FileSystemTest, RenamesOverAnExistingFile) {
  write("a", "new");
  write("b", "old");
  const std::uint64_t inode = files_->stat(at("a"))->inode;
  ASSERT_TRUE(files_->rename(at("a"), at("b")));
  EXPECT_EQ(text("b"), "new");
  EXPECT_EQ(files_->stat(at("b"))->inode, inode);
  EXPECT_FALSE(files_->exists(at("a")).value());
}

TEST_P(FileSystemTest, LinksForTheFirstOnly) {
  write("a", "first");
  write("b", "second");
  EXPECT_TRUE(files_->link_without_replace(at("a"), at("epoch")).value());
  EXPECT_FALSE(files_->link_without_replace(at("b"), at("epoch")).value());
  EXPECT_EQ(text("epoch"), "first");
  EXPECT_EQ(files_->link_without_replace(at("none"), at("x")).error().code(), ErrorCode::F102);
}

TEST_P(FileSystemTest, ReplacesAWholeFile) {
  ASSERT_TRUE(files_->replace_file(at("mark"), "1"));
  ASSERT_TRUE(files_->replace_file(at("mark"), "22"));
  EXPECT_EQ(text("mark"), "22");
  EXPECT_EQ(files_->list(root_)->size(), 1U);
}

TEST_P(FileSystemTest, TruncatesAndRemoves) {
  write("a", "0123456789");
  ASSERT_TRUE(files_->truncate(at("a"), 4));
  EXPECT_EQ(text("a"), "0123");
  ASSERT_TRUE(files_->make_directories(at("d/e")));
  EXPECT_EQ(files_->remove(at("d")).error().code(), ErrorCode::F102);
  ASSERT_TRUE(files_->remove_tree(at("d")));
  ASSERT_TRUE(files_->remove_tree(at("d")));
  ASSERT_TRUE(files_->remove(at("a")));
  EXPECT_TRUE(files_->list(root_)->empty());
}

TEST_P(FileSystemTest, LimitsAWholeRead) {
  write("a", "12345");
  EXPECT_EQ(files_->read_whole_file(at("a"), 5).value(), "12345");
  EXPECT_EQ(files_->read_whole_file(at("a"), 4).error().code(), ErrorCode::F101);
  const std::string big(100'000, 'y');
  write("b", big);
  EXPECT_EQ(files_->read_whole_file(at("b"), big.size()).value(), big);
  EXPECT_FALSE(files_->read_whole_file(at("b"), big.size() - 1).has_value());
}

TEST_P(FileSystemTest, NamesPathAndReasonInErrors) {
  const Error missing = files_->open_read(at("none")).error();
  EXPECT_EQ(missing.code(), ErrorCode::F101);
  EXPECT_EQ(missing.what(), "opening " + at("none") + ": No such file or directory");
  EXPECT_EQ(files_->create(at("none/x")).error().code(), ErrorCode::F102);
  EXPECT_EQ(files_->open_read(root_).error().what(), "opening " + root_ + ": Is a directory");
  EXPECT_EQ(files_->list(at("none")).error().code(), ErrorCode::F101);
  EXPECT_EQ(files_->stat(at("none")).error().code(), ErrorCode::F101);
  write("file", "");
  EXPECT_EQ(files_->make_directories(at("file")).error().code(), ErrorCode::F102);
  EXPECT_EQ(files_->make_directories(at("file/sub")).error().code(), ErrorCode::F102);
  EXPECT_EQ(files_->sync_directory(at("none")).error().code(), ErrorCode::F102);
}

INSTANTIATE_TEST_SUITE_P(Both, FileSystemTest, ::testing::Values("memory", "local"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(ParentDirectoryTest, IsWhatLiesBeforeTheLastName) {
  EXPECT_EQ(parent_directory("a/b/c.txt"), "a/b");
  EXPECT_EQ(parent_directory("a/b//"), "a");
  EXPECT_EQ(parent_directory("c.txt"), ".");
  EXPECT_EQ(parent_directory("/c.txt"), "/");
  EXPECT_EQ(parent_directory("/"), "/");
}

}  // namespace
}  // namespace tributary
