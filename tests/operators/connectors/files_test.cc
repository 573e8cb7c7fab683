#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tributary/blackhole.h>
#include <tributary/dead_letters.h>
#include <tributary/files.h>

#include "base/memory_file_system.h"
#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::Sale;
using ::testing::Contains;
using ::testing::Pair;
using ::testing::SizeIs;

static_assert(SourceLike<Files<Sale>> && SinkLike<Files<Sale>>);
static_assert(!SourceLike<FilesUpsert<Sale>> && SinkLike<FilesUpsert<Sale>>);
using FilesSink = decltype(files<Sale>("").sink_spec());
static_assert(FilesSink::accepts(kAppend) && FilesSink::accepts(kDelta) &&
              !FilesSink::accepts(kUpsert));
static_assert(decltype(files_upsert<Sale>("").sink_spec())::accepts(kUpsert));

TEST(FilesTest, SaysWhatItReads) {
  const auto source = files<Sale>("data/cost.charges/").csv().follow(200ms).source_spec().untyped;
  EXPECT_EQ(source.operator_type, "files");
  EXPECT_FALSE(source.bounded);
  EXPECT_THAT(source.properties, Contains(Pair("path", "data/cost.charges")));
  EXPECT_THAT(source.properties, Contains(Pair("topic", "cost.charges")));
  EXPECT_THAT(source.properties, Contains(Pair("format", "CSV")));
  EXPECT_THAT(source.properties, Contains(Pair("follow", "200ms")));
  EXPECT_TRUE(files<Sale>("in").source_spec().untyped.bounded);
  EXPECT_TRUE(files<Sale>("in").follow(Duration{}).source_spec().untyped.bounded);
}

TEST(FilesTest, TopicOfASingleFileIsItsFolder) {
  EXPECT_THAT(files<Sale>("in/sales/a.jsonl.gz").source_spec().untyped.properties,
              Contains(Pair("topic", "sales")));
}

TEST(FilesTest, SinkSaysWhereItsOutputLies) {
  const auto sink = files<Sale>("out").partition_by(&Sale::tenant, "number").sink_spec().untyped;
  EXPECT_THAT(sink.properties, Contains(Pair("output", "out")));
  EXPECT_THAT(sink.properties, Contains(Pair("partition_by", "tenant, number")));
}

TEST(FilesTest, RawLinesAreTheDefaultOfRawLine) {
  EXPECT_THAT(files<RawLine>("in").source_spec().untyped.properties,
              Contains(Pair("format", "raw lines")));
  EXPECT_THAT(dead_letters("out/dead").sink_spec().untyped.properties,
              Contains(Pair("format", "JSON lines")));
}

TEST(FilesTest, OptionsReachTheReader) {
  auto tree = std::make_shared<MemoryFileSystem>();
  sample::write_file(*tree, "in/a.csv",
                     "tenant,number\nnone,-\nacme,1\n" + std::string(200, 'x') + "\n");
  const auto spec =
      files<Sale>("in").csv().null_text("-").line_bytes_max(100).file_system(tree).source_spec();
  fake::Context context;
  fake::Output out{context.batches};
  auto reader = spec.untyped.make_reader();
  ASSERT_TRUE(reader->open(context));
  const auto splits = spec.untyped.make_lister()->list();
  ASSERT_TRUE(splits);
  for (const Split& split : *splits) ASSERT_TRUE(reader->add_split(split));
  while (reader->read(out)->state == ReadState::kMore) {
  }
  EXPECT_THAT(out.records, SizeIs(2));
  EXPECT_THAT(out.refused, SizeIs(1));
}

TEST(FilesTest, StrictRefusesWhatTheRecordDoesNotHave) {
  auto tree = std::make_shared<MemoryFileSystem>();
  sample::write_file(*tree, "in/a.jsonl", R"({"number":1,"colour":"red"})");
  const auto spec = files<Sale>("in").strict().file_system(tree).source_spec();
  fake::Context context;
  fake::Output out{context.batches};
  auto reader = spec.untyped.make_reader();
  ASSERT_TRUE(reader->open(context));
  const auto splits = spec.untyped.make_lister()->list();
  ASSERT_TRUE(splits);
  for (const Split& split : *splits) ASSERT_TRUE(reader->add_split(split));
  while (reader->read(out)->state == ReadState::kMore) {
  }
  ASSERT_THAT(out.refused, SizeIs(1));
  EXPECT_EQ(out.refused[0].reason, "BAD_FIELD");
}

TEST(BlackholeTest, CountsAndForgets) {
  fake::Context context;
  fake::Output out{context.batches};
  const auto sink = blackhole<Sale>().untyped.make_operator();
  ASSERT_TRUE(sink->open(context));
  BatchPtr batch = context.pool().take(type_info<Sale>());
  for (int i = 0; i < 3; ++i) *static_cast<Sale*>(batch->append({})) = Sale{};
  EXPECT_EQ(sink->process(0, batch, 1, out), 3U);
  EXPECT_EQ(context.counters["discarded_records"], 2);
}

}  // namespace
}  // namespace tributary
