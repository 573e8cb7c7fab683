#include "jobs/cost_attribution/core/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

using testing::ElementsAre;

std::vector<ReportCell> demo_cells() {
  return {{{"(unattributed)"}, money("2.4")},
          {{"data-platform"}, money("1.23456789012")},
          {{"search"}, money("3")},
          {{"payments"}, money("10.13")},
          {{"platform"}, money("7")}};
}

Report demo() {
  ReportBasis basis;
  basis.input = money("23.76456789012");
  basis.as_of = at("2026-10-02T08:00Z");
  basis.rules_versions = {1, 2};
  return build_report("acme, 2026-09, USD, billed", {"team"}, demo_cells(), 2, basis).value();
}

TEST(Report, ShowsATableWithTheCheckBeneath) {
  EXPECT_EQ(to_table(demo()),
            "acme, 2026-09, USD, billed\n"
            "\n"
            "team             cost    share\n"
            "------------------------------\n"
            "payments        10.13   42.6 %\n"
            "platform         7.00   29.5 %\n"
            "search           3.00   12.6 %\n"
            "data-platform    1.23    5.2 %\n"
            "(unattributed)   2.40   10.1 %\n"
            "------------------------------\n"
            "total           23.76  100.0 %\n"
            "\n"
            "input         23.76456789012\n"
            "attributed    23.76456789012\n"
            "difference    0\n"
            "as of         2026-10-02T08:00:00Z\n"
            "rules         v1, v2\n"
            "provisional   0.0 %\n"
            "dead letters  0\n");
}

TEST(Report, WritesCsvWithExactAndRoundedCosts) {
  const auto report =
      build_report("t", {"team", "service"},
                   {{{"a,b", "say \"x\""}, money("1.005")}, {{"c", ""}, money("-0.5")}}, 2, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(to_csv(*report),
            "team,service,cost,cost_rounded,share_percent\r\n"
            "\"a,b\",\"say \"\"x\"\"\",1.005,1.01,199.0\r\n"
            "c,,-0.5,-0.50,-99.0\r\n");
}

TEST(Report, ShownRowsAddUpToTheShownTotal) {
  std::vector<ReportCell> cells;
  for (int i = 0; i < 7; ++i) cells.push_back({{fmt::format("t{}", i)}, money("0.333")});
  const auto report = build_report("t", {"team"}, cells, 2, {});
  ASSERT_TRUE(report);
  Amount sum;
  for (const ReportRow& row : report->rows) ASSERT_TRUE(add_to(sum, row.shown));
  EXPECT_EQ(sum, report->total_shown);
  EXPECT_EQ(report->total_shown, money("2.33"));
  EXPECT_EQ(report->rows.front().names.front(), "t0") << "equal costs by name";
}

TEST(Report, SumsTheSmallestRowsAsOther) {
  std::vector<ReportCell> cells = {{{"(unattributed)"}, money("1")}};
  for (int i = 1; i <= 6; ++i)
    cells.push_back({{fmt::format("t{}", i)}, money(fmt::format("{}", i))});
  const auto report = build_report("t", {"team"}, cells, 2, {}, 3);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->rows.size(), 4U);
  EXPECT_EQ(report->rows[0].names.front(), "t6");
  EXPECT_EQ(report->rows[1].names.front(), "t5");
  EXPECT_EQ(report->rows[2].names.front(), "(other)");
  EXPECT_EQ(report->rows[2].cost, money("10"));
  EXPECT_EQ(report->rows[3].names.front(), "(unattributed)");
  EXPECT_EQ(report->total, money("22"));
}

TEST(Report, AReservedElementIsOneRowWhenNotAllRowsFit) {
  std::vector<ReportCell> cells;
  for (int i = 1; i <= 19; ++i)
    cells.push_back({{"(unattributed)", fmt::format("s{}", i)}, money("1")});
  cells.push_back({{"(undefined)", "s1"}, money("0.5")});
  for (int i = 1; i <= 4; ++i) {
    cells.push_back(
        {{fmt::format("t{}", i % 2), fmt::format("s{}", i)}, money(fmt::format("{}", i))});
  }
  const auto rows_of = [&](std::size_t rows_max) {
    const auto report = build_report("t", {"team", "service"}, cells, 2, {}, rows_max);
    std::vector<std::string> rows;
    Amount sum;
    for (const ReportRow& row : report->rows) {
      rows.push_back(fmt::format("{} {} {}", row.names[0], row.names[1], format_amount(row.cost)));
      EXPECT_TRUE(add_to(sum, row.shown));
    }
    EXPECT_EQ(sum, report->total_shown);
    EXPECT_EQ(report->total, money("29.5"));
    return rows;
  };
  EXPECT_THAT(rows_of(4), ElementsAre("t0 s4 4", "t1 s3 3", "(other) (all) 3",
                                      "(unattributed) (all) 19", "(undefined) (all) 0.5"));
  EXPECT_THAT(rows_of(6), ElementsAre("t0 s4 4", "t1 s3 3", "t0 s2 2", "t1 s1 1",
                                      "(unattributed) (all) 19", "(undefined) (all) 0.5"));
  EXPECT_THAT(rows_of(1),
              ElementsAre("(other) (all) 10", "(unattributed) (all) 19", "(undefined) (all) 0.5"));
  EXPECT_EQ(rows_of(24).size(), 24U) << "all rows fit: nothing is summed";
}

TEST(Report, AnEmptyOrZeroTotalHasNoShares) {
  const auto report =
      build_report("t", {"team"}, {{{"a"}, money("1")}, {{"b"}, money("-1")}}, 0, {});
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->rows[0].per_mille);
  EXPECT_TRUE(build_report("t", {"team"}, {}, 2, {}));
}

}  // namespace
}  // namespace tributary::cost
