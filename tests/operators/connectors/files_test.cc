#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tributary/blackhole.h>
#include <tributary/dead_letters.h>
#include <tributary/files.h>

#include "base/memory_file_system.h"
#include "checkpoint/publish/sink_connector.h"
#include "runtime/exec/staged_output.h"
#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::Sale;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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

TEST(FilesTest, TakesAFolderAsALiteralAStringAViewOrASetting) {
  const Text setting = "data/sales/";  // as a settings record has it
  const std::string text = setting.str();
  for (const auto& source : {files<Sale>(setting), files<Sale>(text), files<Sale>(setting.view()),
                             files<Sale>("data/sales/")}) {
    EXPECT_THAT(source.source_spec().untyped.properties, Contains(Pair("path", "data/sales")));
  }
  for (const auto& sink : {dead_letters(setting), dead_letters(text), dead_letters("data/sales/")})
    EXPECT_EQ(sink.sink_spec().untyped.properties.at("output"), "data/sales");
  EXPECT_EQ(files_upsert<Sale>(setting).sink_spec().untyped.properties.at("output"), "data/sales");
}

TEST(FilesTest, TopicOfASingleFileIsItsFolder) {
  EXPECT_THAT(files<Sale>("in/sales/a.jsonl.gz").source_spec().untyped.properties,
              Contains(Pair("topic", "sales")));
}

TEST(FilesTest, SinkPublishesExactlyOnceInTheFolderThatItWritesTo) {
  const auto disk = std::make_shared<MemoryFileSystem>();
  const auto sink = files<Sale>("out/").file_system(disk).sink_spec().untyped;
  ASSERT_TRUE(sink.make_connector);
  const SinkIdentity identity{.uid = {7, 8}, .sink = "lines", .numbers = 2};
  const auto connector = sink.make_connector(identity);
  ASSERT_TRUE(connector->fence({1}, {3, 1}));
  EXPECT_TRUE(*disk->exists("out/_tributary/" + identity.uid.to_hex() + "/lines/1/owner-3-1"));
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
                     "tenant,number,price\nnone,-,1\nacme,1,1\n" + std::string(200, 'x') + "\n");
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

std::vector<std::string> whats(const std::vector<Error>& mistakes) {
  std::vector<std::string> texts;
  for (const Error& mistake : mistakes) {
    EXPECT_EQ(mistake.code(), ErrorCode::G317);
    texts.push_back(mistake.what());
  }
  return texts;
}

TEST(FilesTest, AnEmptyPathIsAMistakeAndNotTheWorkingDirectory) {
  EXPECT_THAT(whats(files<Sale>("").source_spec().untyped.mistakes),
              ElementsAre(HasSubstr("an empty path")));
  EXPECT_THAT(whats(files<Sale>("").sink_spec().untyped.mistakes),
              ElementsAre(HasSubstr("an empty path")));
  EXPECT_EQ(files<Sale>("").sink_spec().untyped.properties.at("output"), "");
  EXPECT_THAT(files<Sale>(".").sink_spec().untyped.mistakes, IsEmpty());
  EXPECT_THAT(whats(files_upsert<Sale>("a\x1b[2J").sink_spec().untyped.mistakes),
              ElementsAre(HasSubstr("control characters")));
}

TEST(FilesTest, AFieldToPartitionByThatTheRecordLacksIsAMistake) {
  EXPECT_THAT(
      whats(files<Sale>("out").partition_by("tenant", "nosuch").sink_spec().untyped.mistakes),
      ElementsAre("partition_by nosuch: Sale has no such field of a single value"));
}

struct Readout {
  fake::Context context;
  fake::Output out{context.batches};

  Readout(const Files<Sale>& source, const std::string& path, std::string_view bytes) {
    auto tree = std::make_shared<MemoryFileSystem>();
    sample::write_file(*tree, path, bytes);
    const auto spec = source.file_system(tree).source_spec();
    auto reader = spec.untyped.make_reader();
    EXPECT_TRUE(reader->open(context));
    const auto splits = spec.untyped.make_lister()->list();
    EXPECT_TRUE(splits);
    for (const Split& split : *splits) EXPECT_TRUE(reader->add_split(split));
    while (reader->read(out)->state == ReadState::kMore) {
    }
  }
};

TEST(FilesTest, ACsvHeaderNamesEveryFieldThatIsNoOptional) {
  const char* const mistyped = "tenant,nubmer,price\nacme,1,2\n";
  const Readout refused(files<Sale>("in").csv(), "in/a.csv", mistyped);
  EXPECT_THAT(refused.out.records, IsEmpty());
  ASSERT_FALSE(refused.out.refused.empty());
  EXPECT_EQ(refused.out.refused[0].message, "header: no column number");
  const Readout allowed(files<Sale>("in").csv().allow_missing(), "in/a.csv", mistyped);
  EXPECT_THAT(allowed.out.records, ElementsAre(HasSubstr(R"("number":0)")));
  EXPECT_THAT(allowed.out.refused, IsEmpty());
}

TEST(FilesTest, JsonLinesMayLackFieldsUnlessAllAreRequired) {
  const char* const lines = R"({"tenant":"acme","price":"1"})";
  EXPECT_THAT(Readout(files<Sale>("in"), "in/a.jsonl", lines).out.records, SizeIs(1));
  const Readout refused(files<Sale>("in").require_all(), "in/a.jsonl", lines);
  EXPECT_THAT(refused.out.records, IsEmpty());
  ASSERT_THAT(refused.out.refused, SizeIs(1));
  EXPECT_EQ(refused.out.refused[0].field, "number");
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
