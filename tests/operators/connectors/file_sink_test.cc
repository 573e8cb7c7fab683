#include "operators/connectors/file_sink.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/local_file_system.h"
#include "base/memory_file_system.h"
#include "operators/connectors/file_source.h"
#include "operators/include/tributary/raw_line.h"
#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::read_file;
using sample::Sale;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class FileSinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileSink> sink(std::vector<std::string> partition_by = {},
                                 FileFormat format = FileFormat::kJsonLines) {
    auto made = std::make_unique<FileSink>(FileSinkOptions{
        .directory = "out",
        .format = format,
        .partition_by = std::move(partition_by),
        .type = format == FileFormat::kRawLines ? &type_info<RawLine>() : &type_info<Sale>(),
        .files = files});
    return made;
  }
  void put(FileSink& to, std::string_view tenant, std::int64_t number,
           Operation operation = Operation::kInsert) {
    BatchPtr batch = context.pool().take(type_info<Sale>());
    *static_cast<Sale*>(batch->append({}, 0, operation)) = {.tenant = Text(tenant, batch->arena()),
                                                            .number = number,
                                                            .price = {Amount::kOne},
                                                            .note = {}};
    EXPECT_EQ(to.process(0, batch, 0, out), 1U);
  }
  std::string error_of(FileSink& to, std::string_view tenant = "acme") {
    try {
      for (int i = 0; i < 100'000; ++i) put(to, tenant, i);
    } catch (OperatorFailure& failure) {
      return failure.error.what();
    }
    return "no failure";
  }
  std::string line(std::string_view tenant, int number, std::string_view more = "") {
    return fmt::format(R"({{"tenant":"{}","number":{},"price":"1"{}}})", tenant, number, more) +
           "\n";
  }

  std::shared_ptr<MemoryFileSystem> files = std::make_shared<MemoryFileSystem>();
  fake::Context context;
  fake::Output out{context.batches};
};

TEST_F(FileSinkTest, WritesLinesThatAreVisibleAfterAFlush) {
  context.task = 3;
  auto to = sink();
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1);
  EXPECT_FALSE(*files->exists("out/part-3.jsonl"));
  ASSERT_TRUE(to->flush());
  EXPECT_EQ(read_file(*files, "out/part-3.jsonl"), line("acme", 1));
  put(*to, "acme", 2);
  ASSERT_TRUE(to->close(true));
  EXPECT_EQ(read_file(*files, "out/part-3.jsonl"), line("acme", 1) + line("acme", 2));
}

TEST_F(FileSinkTest, MarksDeletes) {
  auto to = sink();
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1, Operation::kDelete);
  ASSERT_TRUE(to->close(true));
  EXPECT_EQ(read_file(*files, "out/part-0.jsonl"), line("acme", 1, R"(,"_deleted":true)"));
}

TEST_F(FileSinkTest, WritesTheHeaderOfACsvFileOnce) {
  auto to = sink({}, FileFormat::kCsv);
  ASSERT_TRUE(to->open(context));
  put(*to, "a,b", 1);
  ASSERT_TRUE(to->flush());
  put(*to, "acme", 2);
  ASSERT_TRUE(to->close(true));
  EXPECT_EQ(read_file(*files, "out/part-0.csv"),
            "tenant,number,price,note\n\"a,b\",1,1,\nacme,2,1,\n");
}

TEST_F(FileSinkTest, WritesRawLinesAsTheyAre) {
  auto to = sink({}, FileFormat::kRawLines);
  ASSERT_TRUE(to->open(context));
  BatchPtr batch = context.pool().take(type_info<RawLine>());
  RawLine raw;
  raw.bytes = "not {json";
  *static_cast<RawLine*>(batch->append({})) = raw;
  to->process(0, batch, 0, out);
  ASSERT_TRUE(to->flush());
  EXPECT_EQ(read_file(*files, "out/part-0.jsonl"), "not {json\n");
  static_cast<RawLine*>(batch->record(0))->bytes = "two\nlines";
  EXPECT_THROW(to->process(0, batch, 0, out), OperatorFailure);
}

TEST_F(FileSinkTest, GivesEachValueItsFolder) {
  auto to = sink({"tenant", "number"});
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1);
  put(*to, "../globex", 1);
  put(*to, "acme", 1);
  put(*to, "acme", 2);
  ASSERT_TRUE(to->close(true));
  EXPECT_EQ(read_file(*files, "out/tenant=acme/number=1/part-0.jsonl"),
            line("acme", 1) + line("acme", 1));
  EXPECT_EQ(read_file(*files, "out/tenant=acme/number=2/part-0.jsonl"), line("acme", 2));
  EXPECT_EQ(read_file(*files, "out/tenant=%2E.%2Fglobex/number=1/part-0.jsonl"),
            line("../globex", 1));
}

TEST_F(FileSinkTest, NeverMixesValuesThatHoldStrangeBytes) {
  auto to = sink({"tenant", "note"});
  EXPECT_FALSE(to->open(context)) << "an Optional is no single value";
  to = sink({"tenant"});
  ASSERT_TRUE(to->open(context));
  using namespace std::string_view_literals;
  put(*to, "a\0"sv, 1);
  put(*to, "a"sv, 2);
  put(*to, ""sv, 3);
  ASSERT_TRUE(to->close(true));
  EXPECT_THAT(*files->list("out"), SizeIs(3));
  EXPECT_EQ(read_file(*files, "out/tenant=a/part-0.jsonl"), line("a", 2));
  EXPECT_EQ(read_file(*files, "out/tenant=%/part-0.jsonl"), line("", 3));
}

TEST_F(FileSinkTest, UnknownPartitionFieldIsAnError) {
  const Status opened = sink({"tennant"})->open(context);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what(), HasSubstr("tennant"));
}

TEST_F(FileSinkTest, WritesMorePartitionsThanItKeepsOpen) {
  auto to = sink({"tenant"});
  ASSERT_TRUE(to->open(context));
  const int tenants = 3 * static_cast<int>(PartFiles::kOpenFilesMax);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < tenants; ++i) put(*to, "t" + std::to_string(i), round);
    ASSERT_TRUE(to->flush());
  }
  ASSERT_TRUE(to->close(true));
  for (int i = 0; i < tenants; ++i) {
    const std::string tenant = "t" + std::to_string(i);
    EXPECT_EQ(read_file(*files, "out/tenant=" + tenant + "/part-0.jsonl"),
              line(tenant, 0) + line(tenant, 1) + line(tenant, 2));
  }
}

TEST_F(FileSinkTest, BoundsTheMemoryOfAllBuffers) {
  auto to = sink({"tenant"});
  ASSERT_TRUE(to->open(context));
  const std::string large(100'000, 'x');
  for (int i = 0; i < 200; ++i) put(*to, large + std::to_string(i), i);
  // 20 MB in buffers that are not full each: they went out together.
  EXPECT_GT(files->list("out")->size(), 100U);
}

TEST_F(FileSinkTest, FullDiskIsAnErrorThatNamesThePathAndNothingMoreIsWritten) {
  auto to = sink();
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1);
  ASSERT_TRUE(to->flush());
  files->inject_error("out/part-0.jsonl", FileOperation::kWrite, ENOSPC);
  EXPECT_THAT(error_of(*to), AllOf(HasSubstr("out/part-0.jsonl"), HasSubstr("No space left")));
  files->clear_faults();
  EXPECT_FALSE(to->flush());
  EXPECT_TRUE(to->close(false));
  EXPECT_EQ(read_file(*files, "out/part-0.jsonl"), line("acme", 1));
}

TEST_F(FileSinkTest, KeepsWholeLinesWhenTheJobFailsElsewhere) {
  auto to = sink();
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1);
  EXPECT_TRUE(to->close(false));
  EXPECT_EQ(read_file(*files, "out/part-0.jsonl"), line("acme", 1));
}

TEST_F(FileSinkTest, DoesNotTouchAFileThatIsThere) {
  sample::write_file(*files, "out/part-0.jsonl", "precious\n");
  auto to = sink();
  ASSERT_TRUE(to->open(context));
  put(*to, "acme", 1);
  const Status flushed = to->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code(), ErrorCode::F103);
  EXPECT_FALSE(to->close(true));
  EXPECT_EQ(read_file(*files, "out/part-0.jsonl"), "precious\n");
}

TEST(FolderNameTest, IsSafe) {
  using namespace std::string_view_literals;
  EXPECT_EQ(folder_name("acme-1_B.x"), "acme-1_B.x");
  EXPECT_EQ(folder_name(""), "%");
  EXPECT_EQ(folder_name("."), "%2E");
  EXPECT_EQ(folder_name(".."), "%2E.");
  EXPECT_EQ(folder_name("a/b"), "a%2Fb");
  EXPECT_EQ(folder_name("a\0b=c%"sv), "a%00b%3Dc%25");
  EXPECT_EQ(folder_name("ü"), "%C3%BC");
}

TEST(FolderNameTest, LongValuesHaveNamesOfTheirOwn) {
  const std::string base(5000, '/');
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.insert(folder_name(base + std::to_string(i)));
    EXPECT_LE(folder_name(base + std::to_string(i)).size(), 200U);
  }
  EXPECT_THAT(names, SizeIs(100));
  EXPECT_EQ(folder_name(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_NE(folder_name(std::string(201, 'x')), folder_name(std::string(202, 'x')));
}

TEST(FileSinkOnDiskTest, WhatIsWrittenIsReadBack) {
  std::string folder = std::filesystem::temp_directory_path() / "tributary-sink-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  auto files = std::make_shared<LocalFileSystem>();
  fake::Context context;
  fake::Output out{context.batches};
  FileSink sink({.directory = folder + "/out",
                 .format = FileFormat::kJsonLines,
                 .partition_by = {},
                 .type = &type_info<Sale>(),
                 .files = files});
  ASSERT_TRUE(sink.open(context));
  for (int i = 0; i < 20'000; ++i) {
    BatchPtr batch = context.pool().take(type_info<Sale>());
    *static_cast<Sale*>(batch->append({})) = {
        .tenant = "acme", .number = i, .price = {Amount::kOne * 3 / 2}, .note = {}};
    sink.process(0, batch, 0, out);
  }
  ASSERT_TRUE(sink.close(true));
  EXPECT_EQ(read_file(*files, folder + "/out/part-0.jsonl"), sample::sales(0, 20'000));
  EXPECT_TRUE(files->remove_tree(folder));
}

}  // namespace
}  // namespace tributary
