#include "runtime/api/output_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OutputFolders : public ::testing::Test {
 protected:
  void put(const std::string& path) {
    ASSERT_TRUE(files_.make_directories(parent_directory(path)));
    ASSERT_TRUE(files_.create(path).has_value());
  }
  bool exists(const std::string& path) { return *files_.exists(path); }

  MemoryFileSystem files_;
  const std::vector<OutputFolder> folders_ = {
      {.sink = "lines", .path = "/out/lines", .partition_by = {}}};
};

TEST_F(OutputFolders, AreThoseThatSinksName) {
  graph::JobGraph graph;
  graph::Vertex& source = *graph.add_vertices();
  source.set_kind(graph::SOURCE);
  (*source.mutable_properties())["output"] = "/not/this";
  graph::Vertex& sink = *graph.add_vertices();
  sink.set_kind(graph::SINK);
  sink.set_name("lines");
  (*sink.mutable_properties())["output"] = "/out/lines";
  (*sink.mutable_properties())["partition_by"] = "tenant, day";
  graph.add_vertices()->set_kind(graph::SINK);
  const auto found = output_folders(graph);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].sink, "lines");
  EXPECT_EQ(found[0].path, "/out/lines");
  EXPECT_THAT(found[0].partition_by, ElementsAre("tenant", "day"));
}

TEST_F(OutputFolders, MayBeMissingOrHoldOtherFiles) {
  EXPECT_TRUE(prepare_output(files_, folders_, false).has_value());
  put("/out/lines/README.md");
  put("/out/lines/parts.jsonl");
  EXPECT_TRUE(prepare_output(files_, folders_, false).has_value());
}

TEST_F(OutputFolders, AreRefusedWhenAnEarlierRunWroteThere) {
  put("/out/lines/part-0.jsonl");
  const Status prepared = prepare_output(files_, folders_, false);
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().code(), ErrorCode::F103);
  EXPECT_THAT(prepared.error().what(),
              HasSubstr("output /out/lines of sink lines already holds 1 file of an earlier run "
                        "(/out/lines/part-0.jsonl)"));
  EXPECT_THAT(prepared.error().fix(), HasSubstr("--force"));
}

TEST_F(OutputFolders, LoseNothingButTheSinksOwnFilesWhenForced) {
  put("/out/lines/part-0.jsonl");
  put("/out/lines/part-12.csv");
  put("/out/lines/notes.txt");
  put("/out/other/part-0.jsonl");
  ASSERT_TRUE(prepare_output(files_, folders_, true).has_value());
  EXPECT_FALSE(exists("/out/lines/part-0.jsonl"));
  EXPECT_FALSE(exists("/out/lines/part-12.csv"));
  EXPECT_TRUE(exists("/out/lines/notes.txt"));
  EXPECT_TRUE(exists("/out/other/part-0.jsonl"));
}

TEST_F(OutputFolders, LoseFilesOnlyWhereTheSinkPartitions) {
  const std::vector<OutputFolder> folders = {
      {.sink = "lines", .path = "/out/lines", .partition_by = {"tenant", "day"}}};
  put("/out/lines/tenant=acme/day=1/part-0.jsonl");
  ASSERT_TRUE(prepare_output(files_, folders, true).has_value());
  EXPECT_FALSE(exists("/out/lines/tenant=acme/day=1/part-0.jsonl"));
}

// Somebody else's, whatever --force says.
TEST_F(OutputFolders, AreRefusedWithPartFilesThatTheSinkWouldNotWriteAndNothingIsDeleted) {
  for (const char* foreign :
       {"/out/lines/archive/part-0.jsonl", "/out/lines/tenant=acme/part-0.jsonl",
        "/out/lines/part-of-it.csv", "/out/lines/part-0.jsonl.gz"}) {
    put("/out/lines/part-0.jsonl");
    put(foreign);
    const Status prepared = prepare_output(files_, folders_, true);
    ASSERT_FALSE(prepared.has_value()) << foreign;
    EXPECT_EQ(prepared.error().code(), ErrorCode::F103);
    EXPECT_THAT(prepared.error().what(), HasSubstr(foreign));
    EXPECT_TRUE(exists("/out/lines/part-0.jsonl"));
    EXPECT_TRUE(exists(foreign));
    ASSERT_TRUE(files_.remove(foreign));
  }
}

TEST_F(OutputFolders, LoseNothingIfOneOfThemIsRefused) {
  put("/out/lines/part-0.jsonl");
  put("/out/more/elsewhere/part-0.jsonl");
  const std::vector<OutputFolder> folders = {
      {.sink = "lines", .path = "/out/lines", .partition_by = {}},
      {.sink = "more", .path = "/out/more", .partition_by = {}}};
  EXPECT_FALSE(prepare_output(files_, folders, true).has_value());
  EXPECT_TRUE(exists("/out/lines/part-0.jsonl"));
}

TEST_F(OutputFolders, MustBeFolders) {
  put("/out/lines");
  EXPECT_THAT(prepare_output(files_, folders_, true).error().what(), HasSubstr("is no folder"));
}

}  // namespace
}  // namespace tributary
