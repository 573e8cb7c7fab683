// Real bills through the real programs, against sums that were computed elsewhere with exact
// arithmetic.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cost_run.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kEnvRules[] = R"(apiVersion: tributary/cost-rules/v1
tenant: acme
version: 1
valid_from: 2020-01-01T00:00:00Z
dimensions:
  - name: env
    default: (unattributed)
    rules:
      - id: tagged
        group_by: {coalesce: ["tag:environment", "tag:env"]}
)";

std::map<std::string, std::string> texts(const std::map<std::string, Amount>& sums) {
  std::map<std::string, std::string> result;
  for (const auto& [name, sum] : sums) result[name] = format_amount(sum);
  return result;
}

std::string sum_of(const CostRun& cost, const std::string& metric) {
  Amount total;
  for (const auto& [source, sum] : cost.sums("acme", "(input)", metric)) {
    EXPECT_TRUE(add_to(total, sum));
  }
  return format_amount(total);
}

// A way of writing the bill and of running the job, none of which may matter.
struct Shape {
  std::string name;
  int slots = 1;
  std::vector<std::string> ingest{};
};

class FocusBill : public ::testing::TestWithParam<Shape> {};

TEST_P(FocusBill, TheSampleGivesItsGoldenSumsWhateverTheOrderTheFilesAndTheSlots) {
  const auto bill = test_data("focus-1.0/focus_sample.csv");
  if (bill.empty()) GTEST_SKIP() << "../shared/data/focus-1.0/focus_sample.csv is not here";
  CostRun cost;
  std::vector<std::string> ingest = {"ingest",   "focus", bill.string(), "--tenant",         "acme",
                                     "--source", "focus", "--to",        cost.dir().string()};
  ingest.insert(ingest.end(), GetParam().ingest.begin(), GetParam().ingest.end());
  const auto ingested = cost.tool(ingest);
  ASSERT_EQ(ingested.code, 0) << ingested.out << ingested.err;
  cost.publish_rules(kEnvRules);

  const auto summary = cost.run(GetParam().slots);
  EXPECT_EQ(summary["dead"], 0);
  EXPECT_EQ(summary["counters"]["attribute"]["new"], 1000);
  EXPECT_EQ(sum_of(cost, "billed"), "20.52022672899");
  EXPECT_EQ(sum_of(cost, "effective"), "14.97651418586");
  EXPECT_EQ(sum_of(cost, "list"), "20.39090575119");
  EXPECT_EQ(sum_of(cost, "contracted"), "14.97626039326");
  EXPECT_THAT(texts(cost.sums("acme", "env")),
              ElementsAre(Pair("(unattributed)", "-1.85424726098"), Pair("dev", "18.20324140013"),
                          Pair("prod", "4.17123258984")));
  for (const auto& control : cost.records("cost.control")) {
    EXPECT_NE(control["kind"], "conservation_violation");
  }
  for (const char* period : {"2024-09", "2024-10"}) {
    const auto reconciled = cost.tool(
        {"reconcile", "--from", cost.dir().string(), "--tenant", "acme", "--period", period});
    EXPECT_EQ(reconciled.code, 0) << reconciled.out;
    EXPECT_THAT(reconciled.out, HasSubstr("PASS"));
  }
  const auto report = cost.tool({"report", "--from", cost.dir().string(), "--tenant", "acme",
                                 "--period", "2024-09", "--by", "env", "--digits", "11"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("prod"));
}

INSTANTIATE_TEST_SUITE_P(
    Of, FocusBill,
    ::testing::Values(Shape{.name = "OneSlot", .slots = 1}, Shape{.name = "TwoSlots", .slots = 2},
                      Shape{.name = "SevenSlots", .slots = 7},
                      Shape{.name = "Shuffled", .slots = 2, .ingest = {"--shuffle", "4711"}},
                      Shape{.name = "TwentyFiles", .slots = 3, .ingest = {"--cut", "20"}},
                      Shape{.name = "ShuffledInTwentyFilesOf64Shards",
                            .slots = 4,
                            .ingest = {"--shuffle", "3", "--cut", "20", "--shards", "64"}}),
    [](const auto& shape) { return shape.param.name; });

TEST(CurBill, TheSampleGivesItsGoldenSum) {
  const auto bill = test_data("aws-cur/sample-anonymous-aws-export-dataset.csv");
  if (bill.empty()) GTEST_SKIP() << "the sample in ../shared/data/aws-cur is not here";
  CostRun cost;
  const auto ingested = cost.tool({"ingest", "cur", bill.string(), "--tenant", "acme", "--source",
                                   "aws-cur", "--to", cost.dir().string()});
  ASSERT_EQ(ingested.code, 0) << ingested.out << ingested.err;
  const auto summary = cost.run(2);
  EXPECT_EQ(summary["dead"], 0);
  EXPECT_EQ(summary["counters"]["attribute"]["new"], 1281);
  EXPECT_EQ(sum_of(cost, "billed"), "1.6823086974");
  const auto reconciled = cost.tool(
      {"reconcile", "--from", cost.dir().string(), "--tenant", "acme", "--period", "2023-11"});
  EXPECT_EQ(reconciled.code, 0) << reconciled.out;
  EXPECT_THAT(reconciled.out, HasSubstr("PASS"));
}

TEST(CurBill, TheSameBillAgainWritesNoLine) {
  const auto bill = test_data("aws-cur/sample-anonymous-aws-export-dataset.csv");
  if (bill.empty()) GTEST_SKIP() << "the sample in ../shared/data/aws-cur is not here";
  CostRun cost;
  for (const char* name : {"first", "second"}) {
    const auto ingested = cost.tool({"ingest", "cur", bill.string(), "--tenant", "acme", "--source",
                                     "aws-cur", "--to", cost.dir().string(), "--name", name});
    ASSERT_EQ(ingested.code, 0) << ingested.out << ingested.err;
  }
  const auto counters = cost.run(2)["counters"]["attribute"];
  EXPECT_EQ(counters["new"], 1281);
  EXPECT_EQ(counters["duplicate"], 1281);
  EXPECT_EQ(sum_of(cost, "billed"), "1.6823086974");
}

}  // namespace
}  // namespace tributary::testing
