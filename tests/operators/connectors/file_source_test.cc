#include "operators/connectors/file_source.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/local_file_system.h"
#include "base/memory_file_system.h"
#include "operators/include/tributary/raw_line.h"
#include "tests/operators/connectors/fake_engine.h"
#include "tests/operators/connectors/sample.h"

namespace tributary {
namespace {

using sample::append_to_file;
using sample::gzip;
using sample::sale;
using sample::sales;
using sample::write_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FileSourceTest : public ::testing::Test {
 protected:
  FileSourceOptions options(const std::string& path) {
    return {.path = path,
            .format = FileFormat::kJsonLines,
            .decoding = {},
            .follow = {},
            .missing_is_empty = false,
            .type = &type_info<sample::Sale>(),
            .files = files};
  }
  std::unique_ptr<FileReader> reader(const FileSourceOptions& chosen) {
    auto splits = FileLister(chosen).list();
    EXPECT_TRUE(splits) << splits.error().what();
    return reader(chosen, splits ? *splits : std::vector<Split>{});
  }
  std::unique_ptr<FileReader> reader(const FileSourceOptions& chosen,
                                     const std::vector<Split>& splits) {
    auto made = std::make_unique<FileReader>(chosen);
    EXPECT_TRUE(made->open(context));
    for (const Split& split : splits) EXPECT_TRUE(made->add_split(split));
    return made;
  }
  // Reads until there is nothing more now; the state, or the error.
  Result<ReadState> drain(FileReader& from) {
    for (int i = 0; i < 1'000'000; ++i) {
      const ReadResult read = TRY(from.read(out));
      if (read.state != ReadState::kMore) return read.state;
    }
    ADD_FAILURE() << "never comes to rest";
    return ReadState::kMore;
  }
  // What a new reader of all of the path gives, in one go.
  void read_all(const FileSourceOptions& chosen) {
    auto all = reader(chosen);
    const auto state = drain(*all);
    ASSERT_TRUE(state) << state.error().what();
    EXPECT_EQ(*state, ReadState::kEnd);
    EXPECT_TRUE(all->caught_up());
  }
  std::string failure_of(FileReader& from) {
    const auto state = drain(from);
    return state ? "no failure" : state.error().what();
  }

  std::shared_ptr<MemoryFileSystem> files = std::make_shared<MemoryFileSystem>();
  fake::Context context;
  fake::Output out{context.batches};
};

TEST_F(FileSourceTest, ReadsFilesOfAFolderOneAfterTheOther) {
  write_file(*files, "in/b.jsonl", sales(3, 5));
  write_file(*files, "in/a.jsonl", sales(0, 3));
  read_all(options("in"));
  EXPECT_THAT(out.records, ElementsAre(sale(0), sale(1), sale(2), sale(3), sale(4)));
  EXPECT_THAT(out.splits, ElementsAre(0, 0, 0, 1, 1));
}

TEST_F(FileSourceTest, LeavesUnfinishedAndForeignFilesAlone) {
  write_file(*files, "in/a.jsonl", sales(0, 1));
  for (const char* name : {"in/.b.jsonl", "in/_c.jsonl", "in/d.jsonl.tmp", "in/e.txt"})
    write_file(*files, name, "garbage");
  read_all(options("in"));
  EXPECT_THAT(out.records, SizeIs(1));
  EXPECT_THAT(out.refused, IsEmpty());
}

TEST_F(FileSourceTest, TakesALastLineWithoutLineEndBlankLinesAndCarriageReturns) {
  write_file(*files, "in.jsonl", sale(0) + "\r\n\r\n  \n" + sale(1));
  read_all(options("in.jsonl"));
  EXPECT_THAT(out.records, ElementsAre(sale(0), sale(1)));
}

TEST_F(FileSourceTest, ReadsTheSameByAnySizeOfReads) {
  write_file(*files, "in.jsonl", sales(0, 300));
  for (const std::size_t size : {1U, 7U, 64U}) {
    out.records.clear();
    files->limit_reads("in.jsonl", size);
    read_all(options("in.jsonl"));
    ASSERT_THAT(out.records, SizeIs(300)) << size;
    EXPECT_EQ(out.records.back(), sale(299));
  }
}

TEST_F(FileSourceTest, MissingFolderIsAnErrorUnlessSaidOtherwise) {
  auto chosen = options("nowhere");
  const auto listed = FileLister(chosen).list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code(), ErrorCode::F101);
  EXPECT_THAT(listed.error().what(), HasSubstr("nowhere"));
  chosen.missing_is_empty = true;
  read_all(chosen);
  EXPECT_THAT(out.records, IsEmpty());
}

TEST_F(FileSourceTest, FolderWithoutMatchingFilesIsAnError) {
  write_file(*files, "in/a.txt", "x");
  const auto listed = FileLister(options("in")).list();
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().what(), HasSubstr("*.jsonl"));
}

TEST_F(FileSourceTest, ReadsGzipOfSeveralMembers) {
  write_file(*files, "in.jsonl.gz", gzip(sales(0, 1000)) + gzip("") + gzip(sales(1000, 1010)));
  files->limit_reads("in.jsonl.gz", 11);
  auto all = reader(options("in.jsonl.gz"));
  EXPECT_FALSE(all->caught_up());
  ASSERT_TRUE(drain(*all));
  EXPECT_TRUE(all->caught_up());
  EXPECT_THAT(out.records, SizeIs(1010));
  EXPECT_EQ(all->positions()[0].position, static_cast<std::int64_t>(sales(0, 1010).size()));
}

TEST_F(FileSourceTest, TruncatedOrDamagedGzipIsAnErrorThatNamesTheFile) {
  const std::string whole = gzip(sales(0, 100));
  for (const std::string& bytes : {whole.substr(0, whole.size() - 5), whole.substr(0, 4),
                                   whole + "garbage", std::string("no gzip at all")}) {
    write_file(*files, "in.jsonl.gz", bytes);
    auto broken = reader(options("in.jsonl.gz"));
    const auto state = drain(*broken);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code(), ErrorCode::F101);
    EXPECT_THAT(state.error().what(), HasSubstr("in.jsonl.gz"));
  }
}

TEST_F(FileSourceTest, RefusesBadLinesWithTheirPlaceAndGoesOn) {
  const std::string accents = R"({"tenant":"größe","number":1})";
  write_file(*files, "in.jsonl",
             accents + "\nnot json\n\n" + R"({"price":"1.x"})" + "\n" + sale(7));
  read_all(options("in.jsonl"));
  EXPECT_THAT(out.records, SizeIs(2));
  ASSERT_THAT(out.refused, SizeIs(2));
  EXPECT_EQ(out.refused[0].offset, static_cast<std::int64_t>(accents.size()) + 1);
  EXPECT_EQ(out.refused[0].line, 2);
  EXPECT_EQ(out.refused[0].reason, "MALFORMED_JSON");
  EXPECT_EQ(out.refused[0].raw, "not json");
  EXPECT_EQ(out.refused[1].line, 4);
  EXPECT_EQ(out.refused[1].reason, "BAD_DECIMAL");
}

TEST_F(FileSourceTest, RefusesAnOverlongLineOnce) {
  write_file(*files, "in.jsonl",
             sale(0) + "\n" + std::string(500'000, 'x') + "\n" + sale(1) + "\n");
  auto chosen = options("in.jsonl");
  chosen.decoding.line_bytes_max = 1000;
  read_all(chosen);
  EXPECT_THAT(out.records, ElementsAre(sale(0), sale(1)));
  ASSERT_THAT(out.refused, SizeIs(1));
  EXPECT_EQ(out.refused[0].reason, "RECORD_TOO_LARGE");
  EXPECT_EQ(out.refused[0].line, 2);
  EXPECT_EQ(out.refused[0].raw, std::string(1000, 'x'));
}

TEST_F(FileSourceTest, FailsWhenThePolicySaysSo) {
  write_file(*files, "in.jsonl", sale(0) + "\nbad\n");
  out.refuses_bad_records = true;
  EXPECT_THAT(failure_of(*reader(options("in.jsonl"))), HasSubstr("line 2"));
}

TEST_F(FileSourceTest, StopsAmidBadRecordsWhenToldToYield) {
  write_file(*files, "in.jsonl", std::string("bad\nbad\nbad\n"));
  out.yields = true;
  auto all = reader(options("in.jsonl"));
  ASSERT_TRUE(all->read(out));
  EXPECT_THAT(out.refused, SizeIs(1));
  ASSERT_TRUE(drain(*all));
  EXPECT_THAT(out.refused, SizeIs(3));
}

TEST_F(FileSourceTest, RestartDropsExactlyWhatWasRead) {
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += i % 5 == 0 ? "bad\n" : sale(i) + (i % 3 == 0 ? "\r\n\n" : "\n");
  write_file(*files, "in.jsonl", text);
  read_all(options("in.jsonl"));
  const auto all_records = out.records;
  const auto all_refused = out.refused;
  // Stopped after any number of reads, a reader that begins at its positions gives the rest.
  for (int reads = 1; reads < 40; reads += 3) {
    out.records.clear();
    out.refused.clear();
    auto first = reader(options("in.jsonl"));
    for (int i = 0; i < reads; ++i) ASSERT_TRUE(first->read(out));
    auto second = reader(options("in.jsonl"), first->positions());
    ASSERT_TRUE(drain(*second));
    ASSERT_EQ(out.records, all_records) << reads;
    ASSERT_EQ(out.refused, all_refused) << reads;
  }
}

TEST_F(FileSourceTest, RestartReadsTheHeaderOfACsvFileAgain) {
  std::string text = "number,tenant\n";
  for (int i = 0; i < 2000; ++i)
    text += std::to_string(i) + (i % 7 == 0 ? ",\"ac\nme\"\n" : ",acme\n");
  write_file(*files, "in/a.csv", text);
  auto chosen = options("in");
  chosen.format = FileFormat::kCsv;
  auto first = reader(chosen);
  ASSERT_TRUE(first->read(out));
  auto second = reader(chosen, first->positions());
  ASSERT_TRUE(drain(*second));
  ASSERT_THAT(out.records, SizeIs(2000));
  EXPECT_THAT(out.records[1999], HasSubstr("1999"));
}

TEST_F(FileSourceTest, EachCsvFileHasItsOwnHeader) {
  write_file(*files, "in/a.csv", "number,tenant\n1,x\n");
  write_file(*files, "in/b.csv.gz", gzip("tenant,number,more\ny,2,NULL\n"));
  auto chosen = options("in");
  chosen.format = FileFormat::kCsv;
  read_all(chosen);
  EXPECT_THAT(out.records, ElementsAre(HasSubstr(R"("tenant":"x","number":1)"),
                                       HasSubstr(R"("tenant":"y","number":2)")));
}

TEST_F(FileSourceTest, RefusesMalformedCsvRowsWithTheirBytes) {
  write_file(*files, "in.csv", "number,tenant\n1,\"a\"b,\"c\nx,acme\n2,acme,3\r\n4,ok\n");
  auto chosen = options("in.csv");
  chosen.format = FileFormat::kCsv;
  read_all(chosen);
  EXPECT_THAT(out.records, ElementsAre(HasSubstr(R"("number":4)")));
  ASSERT_THAT(out.refused, SizeIs(3));
  EXPECT_EQ(out.refused[0].raw, "1,\"a\"b,\"c");
  EXPECT_EQ(out.refused[0].line, 2);
  EXPECT_EQ(out.refused[0].offset, 14);
  EXPECT_EQ(out.refused[0].reason, "MALFORMED_CSV");
  EXPECT_EQ(out.refused[1].raw, "x,acme");
  EXPECT_EQ(out.refused[1].reason, "BAD_FIELD");
  EXPECT_EQ(out.refused[2].raw, "2,acme,3");
  EXPECT_EQ(out.refused[2].line, 4);
  EXPECT_EQ(out.refused[2].reason, "MALFORMED_CSV");
}

TEST_F(FileSourceTest, RefusesEachRowOfACsvFileWhoseHeaderCannotBeUsed) {
  write_file(*files, "in.csv", "number,number\n1,2\n3,4\n");
  auto chosen = options("in.csv");
  chosen.format = FileFormat::kCsv;
  read_all(chosen);
  EXPECT_THAT(out.refused, SizeIs(3));
  EXPECT_THAT(out.refused[1].message, HasSubstr("twice"));
}

TEST_F(FileSourceTest, ListingIsFrozenWhenReadOnce) {
  write_file(*files, "in/a.jsonl", sales(0, 2));
  auto all = reader(options("in"));
  write_file(*files, "in/b.jsonl", sales(5, 6));
  append_to_file(*files, "in/a.jsonl", sales(2, 3));
  ASSERT_TRUE(drain(*all));
  EXPECT_THAT(out.records, ElementsAre(sale(0), sale(1)));
}

TEST_F(FileSourceTest, FileThatShrankOrVanishedAfterTheListingIsAnError) {
  write_file(*files, "in/a.jsonl", sales(0, 2));
  const auto splits = *FileLister(options("in")).list();
  write_file(*files, "in/a.jsonl", sales(0, 1));
  EXPECT_THAT(failure_of(*reader(options("in"), splits)),
              AllOf(HasSubstr(std::to_string(sales(0, 2).size())),
                    HasSubstr(std::to_string(sales(0, 1).size()))));
  ASSERT_TRUE(files->remove("in/a.jsonl"));
  EXPECT_THAT(failure_of(*reader(options("in"), splits)), HasSubstr("in/a.jsonl"));
}

TEST_F(FileSourceTest, PositionBehindTheEndOfTheFileIsAnErrorWithBothNumbers) {
  write_file(*files, "in.jsonl", sales(0, 1));
  auto chosen = options("in.jsonl");
  chosen.follow = milliseconds(10);
  EXPECT_THAT(failure_of(*reader(chosen, {{.id = "in.jsonl", .position = 4711, .end = 4711}})),
              AllOf(HasSubstr("4711"), HasSubstr(std::to_string(sales(0, 1).size()))));
}

TEST_F(FileSourceTest, FinishedFileIsNotOpenedAgain) {
  const auto size = static_cast<std::int64_t>(sales(0, 1).size());
  auto all = reader(options("in.jsonl"), {{.id = "in.jsonl", .position = size, .end = size}});
  const auto state = drain(*all);
  ASSERT_TRUE(state) << state.error().what();
  EXPECT_TRUE(all->caught_up());
}

TEST_F(FileSourceTest, ReadErrorsNameTheFile) {
  write_file(*files, "in/a.jsonl", sales(0, 5000));
  auto all = reader(options("in"));
  ASSERT_TRUE(all->read(out));
  files->inject_error("in/a.jsonl", FileOperation::kRead, EIO);
  EXPECT_THAT(failure_of(*all), HasSubstr("in/a.jsonl"));
}

TEST_F(FileSourceTest, AReadIsShort) {
  write_file(*files, "in.jsonl", std::string(10 << 20, '\n') + sale(0) + "\n");
  auto all = reader(options("in.jsonl"));
  for (int reads = 0; reads < (10 << 20) / 65536; ++reads) {
    ASSERT_EQ(all->read(out)->state, ReadState::kMore);
    ASSERT_THAT(out.records, IsEmpty());
  }
  ASSERT_TRUE(drain(*all));
  EXPECT_THAT(out.records, SizeIs(1));
}

TEST_F(FileSourceTest, RawLinesKnowWhereTheyCameFrom) {
  write_file(*files, "data/cost.charges/part-7.jsonl", "\xEF\xBB\xBFone\r\n\nlonger than ten\n");
  auto chosen = options("data/cost.charges");
  chosen.format = FileFormat::kRawLines;
  chosen.type = &type_info<RawLine>();
  chosen.decoding.line_bytes_max = 10;
  read_all(chosen);
  EXPECT_THAT(
      out.records,
      ElementsAre(R"({"topic":"cost.charges","partition":"part-7.jsonl","offset":3,"line":1,)"
                  R"("ingest_time":"1970-01-01T00:00:01Z","too_long":false,"bytes":"one"})",
                  R"({"topic":"cost.charges","partition":"part-7.jsonl","offset":9,"line":3,)"
                  R"("ingest_time":"1970-01-01T00:00:01Z","too_long":true,"bytes":"longer tha"})"));
}

TEST_F(FileSourceTest, CountsUnknownFields) {
  write_file(*files, "in.jsonl",
             R"({"number":1,"x":1,"y":2})"
             "\n"
             R"({"x":1})"
             "\n");
  read_all(options("in.jsonl"));
  EXPECT_EQ(context.counters["unknown_fields"], 3);
}

TEST_F(FileSourceTest, BacklogShrinksToNothing) {
  write_file(*files, "in/a.jsonl", sales(0, 10));
  write_file(*files, "in/b.jsonl", sales(0, 10));
  auto all = reader(options("in"));
  EXPECT_EQ(all->backlog(), static_cast<std::int64_t>(2 * sales(0, 10).size()));
  ASSERT_TRUE(drain(*all));
  EXPECT_EQ(all->backlog(), 0);
}

TEST_F(FileSourceTest, ARefusedRecordSaysWhichFieldIsWrongAndWhatStandsThere) {
  write_file(*files, "in/a.jsonl",
             R"({"tenant":"acme","number":"many"})"
             "\n"
             R"({"price":"1.x"})"
             "\n{\n");
  read_all(options("in"));
  write_file(*files, "in.csv", "number,tenant\nx,acme\n1,a,b\n");
  auto csv = options("in.csv");
  csv.format = FileFormat::kCsv;
  read_all(csv);
  std::vector<std::pair<std::string, std::string>> faults;
  for (const auto& refused : out.refused) faults.emplace_back(refused.field, refused.value);
  using Fault = std::pair<std::string, std::string>;
  EXPECT_THAT(faults, ElementsAre(Fault("number", "\"many\""), Fault("price", "1.x"), Fault("", ""),
                                  Fault("number", "x"), Fault("", "")));
}

class FollowedFilesTest : public FileSourceTest {
 protected:
  FollowedFilesTest() {
    write_file(*files, "in/a.jsonl", sales(0, 1));
    chosen = options("in");
    chosen.follow = milliseconds(200);
  }
  FileSourceOptions chosen;
};

TEST_F(FollowedFilesTest, ALineCountsWhenItsEndIsThere) {
  append_to_file(*files, "in/a.jsonl", R"({"tenant":"ac)");
  auto all = reader(chosen);
  EXPECT_FALSE(all->caught_up());
  EXPECT_EQ(drain(*all), ReadState::kIdle);
  // What was a record at the listing has been read, though the file does not end in a line end.
  EXPECT_TRUE(all->caught_up());
  EXPECT_THAT(out.records, SizeIs(1));
  append_to_file(*files, "in/a.jsonl",
                 R"(me","number":5,"price":"1"})"
                 "\n");
  EXPECT_EQ(drain(*all), ReadState::kIdle);
  ASSERT_THAT(out.records, SizeIs(2));
  EXPECT_THAT(out.records[1], HasSubstr(R"("acme","number":5)"));
}

TEST_F(FollowedFilesTest, AsksAgainAfterTheInterval) {
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  EXPECT_EQ(all->read(out)->retry_at, context.manual_clock.now() + milliseconds(200));
  EXPECT_EQ(FileLister(chosen).interval(), milliseconds(200));
}

TEST_F(FollowedFilesTest, TakesNewFilesAndReadsAGzipFileOnce) {
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  write_file(*files, "in/b.jsonl.gz", gzip(sales(1, 3)));
  const auto splits = *FileLister(chosen).list();
  ASSERT_THAT(splits, SizeIs(2));
  ASSERT_TRUE(all->add_split(splits[1]));
  EXPECT_FALSE(all->caught_up());
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  EXPECT_TRUE(all->caught_up());
  EXPECT_THAT(out.records, ElementsAre(sale(0), sale(1), sale(2)));
}

TEST_F(FollowedFilesTest, AFileThatWasRemovedAndMadeAnewIsAnErrorNeverPassedOver) {
  write_file(*files, "in/b.jsonl.gz", gzip(sales(1, 3)));
  for (const char* name : {"in/a.jsonl", "in/b.jsonl.gz"}) {
    FileLister lister(chosen);
    ASSERT_THAT(*lister.list(), SizeIs(2));
    ASSERT_TRUE(files->remove(name));
    ASSERT_THAT(*lister.list(), SizeIs(1));
    write_file(*files, name, "");
    const auto listed = lister.list();
    ASSERT_FALSE(listed) << name;
    EXPECT_EQ(listed.error().code(), ErrorCode::F101);
    EXPECT_THAT(listed.error().what(), HasSubstr(std::string(name) + ": the file was removed"));
  }
}

TEST_F(FollowedFilesTest, AFileThatTookTheNameOfAnotherBetweenTwoListingsIsAnError) {
  FileLister lister(chosen);
  ASSERT_TRUE(lister.list());
  write_file(*files, "in/new.tmp", sales(5, 9));
  ASSERT_TRUE(files->rename("in/new.tmp", "in/a.jsonl"));
  EXPECT_THAT(lister.list().error().what(), HasSubstr("the file was replaced"));
}

TEST_F(FollowedFilesTest, AFileThatAnEarlierRunReadUnderAnotherPathIsAnErrorNeverReadAgain) {
  const std::vector<std::string> elsewhere{"/x/in/a.jsonl"};
  FileLister moved(chosen);
  moved.recall(elsewhere);
  const auto listed = moved.list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code(), ErrorCode::F101);
  EXPECT_THAT(listed.error().what(), HasSubstr("in/a.jsonl: this job has read a file of the same "
                                               "name as /x/in/a.jsonl"));
  EXPECT_THAT(listed.error().fix(), HasSubstr("(/x/in)"));

  FileLister both(chosen);
  both.recall({"/x/in/a.jsonl", "in/a.jsonl"});
  EXPECT_TRUE(both.list());
  FileLister another(chosen);
  another.recall({"/x/in/b.jsonl"});
  EXPECT_TRUE(another.list());
}

TEST_F(FollowedFilesTest, AFileThatGrowsOrGoesForGoodIsNone) {
  FileLister lister(chosen);
  ASSERT_TRUE(lister.list());
  append_to_file(*files, "in/a.jsonl", sales(1, 2));
  EXPECT_TRUE(lister.list());
  ASSERT_TRUE(files->remove("in/a.jsonl"));
  EXPECT_TRUE(lister.list());
  EXPECT_TRUE(lister.list());
}

TEST_F(FollowedFilesTest, NoFileStarvesAnother) {
  write_file(*files, "in/a.jsonl", sales(0, 50'000));
  write_file(*files, "in/b.jsonl", sales(0, 1));
  auto all = reader(chosen);
  for (int reads = 0; reads < 3; ++reads) ASSERT_TRUE(all->read(out));
  EXPECT_THAT(out.splits, ::testing::Contains(1U));
}

TEST_F(FollowedFilesTest, AFileThatWasCutIsAnErrorWithBothNumbers) {
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  ASSERT_TRUE(files->truncate("in/a.jsonl", 3));
  EXPECT_THAT(failure_of(*all), AllOf(HasSubstr(std::to_string(sales(0, 1).size())),
                                      HasSubstr("has 3 now"), HasSubstr("in/a.jsonl")));
}

TEST_F(FollowedFilesTest, AFileThatWasReplacedIsAnError) {
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  write_file(*files, "in/new.tmp", sales(7, 20));
  ASSERT_TRUE(files->rename("in/new.tmp", "in/a.jsonl"));
  EXPECT_THAT(failure_of(*all), HasSubstr("another file took its name"));
}

TEST_F(FollowedFilesTest, ARemovedFileIsReadToItsEndAndDone) {
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  append_to_file(*files, "in/a.jsonl", sales(1, 3));
  ASSERT_TRUE(files->remove("in/a.jsonl"));
  EXPECT_EQ(drain(*all), ReadState::kIdle);
  EXPECT_THAT(out.records, SizeIs(3));
  EXPECT_EQ(drain(*all), ReadState::kIdle);
}

TEST_F(FollowedFilesTest, AFileThatVanishesBeforeItIsReadIsAnError) {
  auto all = reader(chosen);
  ASSERT_TRUE(files->remove("in/a.jsonl"));
  EXPECT_THAT(failure_of(*all), HasSubstr("in/a.jsonl"));
}

TEST_F(FollowedFilesTest, FollowsMoreFilesThanItKeepsOpen) {
  constexpr int kFiles = 3 * static_cast<int>(FileReader::kOpenFilesMax);
  for (int i = 0; i < kFiles; ++i)
    write_file(*files, "many/" + std::to_string(i) + ".jsonl", sales(0, 2) + "{");
  chosen = options("many");
  chosen.follow = milliseconds(1);
  auto all = reader(chosen);
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  EXPECT_THAT(out.records, SizeIs(2 * kFiles));
  for (int i = 0; i < kFiles; ++i)
    append_to_file(*files, "many/" + std::to_string(i) + ".jsonl", sales(2, 3).substr(1));
  ASSERT_EQ(drain(*all), ReadState::kIdle);
  EXPECT_THAT(out.records, SizeIs(3 * kFiles));
  EXPECT_THAT(out.refused, IsEmpty());
}

TEST(FileSourceOnDiskTest, ReadsAndFollowsRealFiles) {
  std::string folder = std::filesystem::temp_directory_path() / "tributary-source-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  auto files = std::make_shared<LocalFileSystem>();
  write_file(*files, folder + "/a.jsonl", sales(0, 3000));
  write_file(*files, folder + "/b.jsonl.gz", gzip(sales(0, 3000)));
  FileSourceOptions chosen{.path = folder,
                           .format = FileFormat::kJsonLines,
                           .decoding = {},
                           .follow = milliseconds(1),
                           .missing_is_empty = false,
                           .type = &type_info<sample::Sale>(),
                           .files = files};
  fake::Context context;
  fake::Output out{context.batches};
  FileReader reader(chosen);
  ASSERT_TRUE(reader.open(context));
  const auto splits = FileLister(chosen).list();
  ASSERT_TRUE(splits);
  for (const Split& split : *splits) ASSERT_TRUE(reader.add_split(split));
  const auto drain = [&] {
    while (true) {
      const auto read = reader.read(out);
      ASSERT_TRUE(read) << read.error().what();
      if (read->state == ReadState::kIdle) return;
    }
  };
  drain();
  EXPECT_THAT(out.records, SizeIs(6000));
  append_to_file(*files, folder + "/a.jsonl", sales(3000, 3100));
  drain();
  EXPECT_THAT(out.records, SizeIs(6100));
  EXPECT_TRUE(reader.caught_up());
  EXPECT_TRUE(files->remove_tree(folder));
}

}  // namespace
}  // namespace tributary
