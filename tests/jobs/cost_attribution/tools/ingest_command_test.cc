#include "jobs/cost_attribution/tools/ingest_command.h"

#include <algorithm>
#include <set>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/cost_attribution/tools/json_object.h"
#include "tests/jobs/cost_attribution/tools/test_folder.h"

namespace tributary::cost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kHeader[] =
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,"
    "ChargePeriodStart,"
    "ChargePeriodEnd,ConsumedQuantity,ServiceName,Tags\n";
constexpr char kTimes[] = "USD,2026-09-01 00:00:00,2026-09-01 10:00:00,2026-09-01 11:00:00";

class IngestCommand : public testing::Test {
 protected:
  IngestOptions options(std::vector<std::filesystem::path> files) const {
    IngestOptions options;
    options.files = std::move(files);
    options.to = folder_.path() / "topics";
    options.tenant = "acme";
    options.source = "aws";
    return options;
  }
  int run(const IngestOptions& options) {
    out_.clear();
    const auto code = run_ingest(options, clock_, out_);
    if (!code) {
      out_ = code.error().to_string();
      return -1;
    }
    return *code;
  }
  std::vector<std::string> charges(const std::string& name) const {
    return folder_.lines("topics/cost.charges/" + name + ".jsonl");
  }
  std::vector<std::string> charge_ids(const std::string& name) const {
    std::vector<std::string> ids;
    for (const std::string& line : charges(name)) {
      const auto object = JsonObject::parse(line);
      ids.emplace_back(object ? object->text("charge_id") : "not JSON");
    }
    return ids;
  }
  std::filesystem::path data(const std::string& name) const {
    return std::filesystem::path(TRIBUTARY_SOURCE_DIR) / "../shared/data" / name;
  }

  TestFolder folder_;
  ManualClock clock_{*parse_timestamp("2026-10-01")};
  std::string out_;
};

TEST_F(IngestCommand, TotalsTheFocusSampleToItsGoldenSums) {
  const auto sample = data("focus-1.0/focus_sample.csv");
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "no test data at ../shared/data";
  ASSERT_EQ(run(options({sample})), 0) << out_;
  EXPECT_THAT(
      out_,
      HasSubstr(
          "USD  billed 20.52022672899  effective 14.97651418586  list 20.39090575119  contracted "
          "14.97626039326\n"));
  EXPECT_THAT(out_, HasSubstr("period 2024-09 (999) 2024-10 (1)"));
  const auto ids = charge_ids("focus_sample");
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1000u);
}

TEST_F(IngestCommand, TotalsTheUsageReportToItsGoldenSum) {
  const auto sample = data("aws-cur/sample-anonymous-aws-export-dataset.csv");
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "no test data at ../shared/data";
  IngestOptions cur = options({sample});
  cur.format = IngestOptions::Format::kCur;
  ASSERT_EQ(run(cur), 0) << out_;
  EXPECT_THAT(
      out_, HasSubstr("USD  billed 1.6823086974  effective 0  list 3.3561726949  contracted 0\n"));
  const auto ids = charge_ids(sample.stem().string());
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1281u);
}

TEST_F(IngestCommand, GivesTheSampleTheSameIdsFromItsIdColumn) {
  const auto sample = data("focus-1.0/focus_sample.csv");
  if (!std::filesystem::exists(sample)) GTEST_SKIP() << "no test data at ../shared/data";
  IngestOptions by_column = options({sample});
  by_column.id_column = "Id";
  ASSERT_EQ(run(by_column), 0) << out_;
  EXPECT_EQ(charge_ids("focus_sample").front(), "11472");
}

TEST_F(IngestCommand, NumbersEqualRowsByTheirCostsWhateverTheOrderOfTheFile) {
  const std::string cheap = std::string("1,1,1,1,") + kTimes + ",5,S3,\n";
  const std::string dear = std::string("2,1,1,1,") + kTimes + ",9,S3,\n";
  const std::string other = std::string("3,1,1,1,") + kTimes + ",9,EC2,\n";
  const auto a = folder_.write("a.csv", kHeader + dear + other + cheap);
  const auto b = folder_.write("b.csv", kHeader + cheap + dear + other);
  ASSERT_EQ(run(options({a})), 0) << out_;
  ASSERT_EQ(run(options({b})), 0) << out_;
  const auto ids_a = charge_ids("a");
  const auto ids_b = charge_ids("b");
  ASSERT_EQ(ids_a.size(), 3u);
  EXPECT_THAT(ids_b, ElementsAre(ids_a[2], ids_a[0], ids_a[1]));
  EXPECT_EQ(ids_a[0].substr(0, 33), ids_a[2].substr(0, 33));
  EXPECT_TRUE(ids_a[0].ends_with("-1") && ids_a[1].ends_with("-0") && ids_a[2].ends_with("-0"));
}

TEST_F(IngestCommand, KeepsIdsWhenOnlyCostsColumnOrderOrTagOrderChange) {
  const auto a = folder_.write("a.csv", std::string(kHeader) + "1,1,1,1," + kTimes +
                                            ",5,S3,\"{\"\"b\"\": \"\"2\"\", \"\"a\"\": 1.50}\"\n");
  const auto b = folder_.write(
      "b.csv",
      "Tags,NewColumn,ServiceName,BilledCost,BillingCurrency,BillingPeriodStart,"
      "ChargePeriodStart,ChargePeriodEnd\n\n"
      "\"{\"\"a\"\":1.50,\"\"b\"\":\"\"2\"\"}\",NULL,S3,9E-1,USD,2026-09-01T00:00:00Z,"
      "2026-09-01T10:00Z,2026-09-01T11:00:00.000Z\n");
  ASSERT_EQ(run(options({a})), 0) << out_;
  ASSERT_EQ(run(options({b})), 0) << out_;
  EXPECT_EQ(charge_ids("a"), charge_ids("b"));
  EXPECT_THAT(charges("a").front(), HasSubstr(R"("Tags":{"a":"1.50","b":"2"})"));
}

TEST_F(IngestCommand, ReadsGzipCutsAndShufflesWithoutChangingTheSetOfLines) {
  std::string bill = kHeader;
  for (int i = 0; i < 100; ++i)
    bill += std::to_string(i) + ",1,1,1," + kTimes + ",5,S" + std::to_string(i) + ",\n";
  const auto plain = folder_.write("plain.csv", bill);
  const auto packed = folder_.path() / "packed.csv.gz";
  gzFile file = gzopen(packed.c_str(), "wb");
  gzwrite(file, bill.data(), static_cast<unsigned>(bill.size()));
  gzclose(file);
  ASSERT_EQ(run(options({plain})), 0) << out_;
  IngestOptions cut = options({packed});
  cut.cut = 3;
  cut.shuffle_seed = 7;
  ASSERT_EQ(run(cut), 0) << out_;
  std::vector<std::string> pieces;
  for (const char* name : {"packed-000", "packed-001", "packed-002"}) {
    const auto part = charges(name);
    EXPECT_GE(part.size(), 33u);
    pieces.insert(pieces.end(), part.begin(), part.end());
  }
  auto whole = charges("plain");
  EXPECT_NE(pieces, whole);
  std::ranges::sort(pieces);
  std::ranges::sort(whole);
  EXPECT_EQ(pieces, whole);
}

TEST_F(IngestCommand, ReportsBadRowsByLineAndWritesNothing) {
  const auto bill =
      folder_.write("bill.csv", std::string(kHeader) + "1,1,1,1," + kTimes + ",5,S3,\n" +
                                    "\"12,5\",1,1,1," + kTimes + ",5,S3,\n" + "1,1,1\n" +
                                    "1,1,1,1,USD,2026-09-01,yesterday,2026-09-02,5,S3,\n" +
                                    "1,1,1,1," + kTimes + ",5,S3,not json\n");
  EXPECT_EQ(run(options({bill})), 1);
  EXPECT_THAT(out_, HasSubstr("4 bad rows:"));
  EXPECT_THAT(out_,
              HasSubstr("bill.csv:3: BAD_DECIMAL \"BilledCost\" is not a decimal number: '12,5'"));
  EXPECT_THAT(out_, HasSubstr("bill.csv:4: 3 cells, the header has 11"));
  EXPECT_THAT(out_, HasSubstr("bill.csv:5: ChargePeriodStart: cannot read \"yesterday\""));
  EXPECT_THAT(out_, HasSubstr("bill.csv:6: Tags: not JSON"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "topics/cost.charges"));
  IngestOptions lenient = options({bill});
  lenient.bad_rows_max = 4;
  EXPECT_EQ(run(lenient), 0);
  EXPECT_EQ(charges("bill").size(), 1u);
}

TEST_F(IngestCommand, RefusesAnIdThatComesTwice) {
  const std::string row = std::string("1,1,1,1,") + kTimes + ",5,S3,\n";
  IngestOptions by_column = options({folder_.write("bill.csv", kHeader + row + row)});
  by_column.id_column = "ServiceName";
  EXPECT_EQ(run(by_column), 1);
  EXPECT_THAT(out_, HasSubstr("bill.csv:3: charge id 'S3' is given twice in its period"));
}

TEST_F(IngestCommand, RefusesToOverwriteUnlessForced) {
  IngestOptions bill =
      options({folder_.write("bill.csv", std::string(kHeader) + "1,1,1,1," + kTimes + ",5,S3,\n")});
  ASSERT_EQ(run(bill), 0);
  EXPECT_EQ(run(bill), -1);
  EXPECT_THAT(out_, HasSubstr("F103"));
  bill.replaces = true;
  EXPECT_EQ(run(bill), 0);
}

TEST_F(IngestCommand, NamesTheNearestColumnOfAHeaderThatLacksOne) {
  EXPECT_EQ(run(options({folder_.write(
                "bill.csv", "BiledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n")})),
            -1);
  EXPECT_THAT(out_, HasSubstr("the header has no column BilledCost; is it 'BiledCost'?"));
}

TEST_F(IngestCommand, RefusesBillsWithoutARow) {
  const auto empty = folder_.write("bill.csv", kHeader);
  EXPECT_EQ(run(options({empty})), -1);
  EXPECT_THAT(out_, HasSubstr("bill.csv: a header and no row; nothing was written"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "topics/cost.charges"));
  const auto full =
      folder_.write("full.csv", std::string(kHeader) + "1,1,1,1," + kTimes + ",5,S3,\n");
  EXPECT_EQ(run(options({full, empty})), 0) << out_;
}

TEST_F(IngestCommand, RefusesANameThatTheJobWouldNotRead) {
  const std::string bill = std::string(kHeader) + "1,1,1,1," + kTimes + ",5,S3,\n";
  IngestOptions hidden = options({folder_.write("_bill.csv", bill)});
  EXPECT_EQ(run(hidden), -1);
  EXPECT_THAT(out_, HasSubstr("C102 the output would be called '_bill.jsonl', which the job does"));
  hidden.name = "bill";
  EXPECT_EQ(run(hidden), 0) << out_;
}

TEST_F(IngestCommand, RefusesMissingFilesEmptyFilesAndOptionsOutOfRange) {
  EXPECT_EQ(run(options({folder_.path() / "none.csv"})), -1);
  EXPECT_THAT(out_, HasSubstr("F101"));
  EXPECT_EQ(run(options({folder_.write("empty.csv", "")})), -1);
  EXPECT_THAT(out_, HasSubstr("empty; a bill starts with a header"));
  for (const auto& spoil : std::initializer_list<void (*)(IngestOptions&)>{
           [](IngestOptions& o) { o.tenant = "a b"; }, [](IngestOptions& o) { o.shards = 65; },
           [](IngestOptions& o) { o.period = "2026-13"; }, [](IngestOptions& o) { o.revision = 0; },
           [](IngestOptions& o) { o.cut = 0; }}) {
    IngestOptions wrong = options({folder_.write("bill.csv", kHeader)});
    spoil(wrong);
    EXPECT_EQ(run(wrong), -1);
    EXPECT_THAT(out_, HasSubstr("C102"));
  }
}

}  // namespace
}  // namespace tributary::cost
