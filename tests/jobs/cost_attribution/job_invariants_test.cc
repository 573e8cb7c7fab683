// What must hold whatever happens: the invariants of the specification, each by its own example.
#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/job_fixture.h"
#include "tests/jobs/cost_attribution/oracle/history.h"

namespace tributary::cost {
namespace {

using cost_oracle::Folded;
using cost_oracle::History;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Folded folded_of(const History& history, const std::function<void(CostJob&)>& more = {}) {
  CostJob job;
  job.commands(history.commands);
  job.run();
  job.charges(history.charges);
  job.run();
  if (more) more(job);
  job.end();
  EXPECT_THAT(job.control("conservation_violation"), IsEmpty());
  return job.folded();
}

TEST(JobInvariants, RepeatingAnyRecordWritesNoLine) {
  for (const std::uint64_t seed : {11, 12, 13}) {
    SCOPED_TRACE(seed);
    const History history = cost_oracle::random_history(seed, 200);
    CostJob job({}, {.slots = 2});
    job.commands(history.commands);
    job.charges(history.charges);
    const std::size_t before = job.lines().size();
    EXPECT_GT(before, 0u);
    job.commands(history.commands);
    job.charges(history.charges);
    EXPECT_EQ(job.lines().size(), before);
    EXPECT_THAT(job.dead(), IsEmpty());
  }
}

TEST(JobInvariants, ACorrectedBillGivesWhatTheCorrectBillWouldHaveGiven) {
  CostJob corrected;
  CostJob correct;
  for (CostJob* job : {&corrected, &correct}) {
    job->command(rules_line("acme", 1, by_tag("team", "team")));
  }
  corrected.charge(charge_line({.id = "a", .billed = "5.50", .tags = {{"team", "search"}}}));
  corrected.charge(charge_line({.id = "b", .billed = "0.80", .tags = {{"team", "core"}}}));
  corrected.run();
  corrected.charge(charge_line({.id = "a",
                                .revision = 2,
                                .end = "2026-09-01T13:20:00Z",
                                .currency = "EUR",
                                .billed = "6.00",
                                .service = "S3",
                                .tags = {{"team", "core"}}}));
  corrected.charge(delete_line({.id = "b", .revision = 7}));
  correct.charge(charge_line({.id = "a",
                              .revision = 2,
                              .end = "2026-09-01T13:20:00Z",
                              .currency = "EUR",
                              .billed = "6.00",
                              .service = "S3",
                              .tags = {{"team", "core"}}}));
  corrected.end();
  correct.end();
  EXPECT_THAT(cost_oracle::differences(correct.folded(), corrected.folded()), IsEmpty());
  EXPECT_THAT(corrected.folded().ledger, SizeIs(2));
}

TEST(JobInvariants, ARuleChangeGivesWhatItWouldHaveGivenFromTheStart) {
  for (std::uint64_t seed = 21; seed <= 26; ++seed) {
    SCOPED_TRACE(seed);
    const History history = cost_oracle::random_history(seed, 200);
    const Folded from_the_start = folded_of(history);
    const Folded afterwards = folded_of({.commands = {}, .charges = history.charges},
                                        [&](CostJob& job) { job.commands(history.commands); });
    EXPECT_THAT(cost_oracle::differences(from_the_start, afterwards), IsEmpty());
  }
}

TEST(JobInvariants, AVersionChangesNoChargeThatStartsBeforeItsValidFrom) {
  CostJob job;
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  job.charge(charge_line({.id = "before",
                          .start = "2026-09-01T11:59:59.999999Z",
                          .end = "2026-09-01T12:30:00Z",
                          .billed = "1",
                          .tags = {{"team", "a"}, {"group", "x"}}}));
  job.charge(charge_line({.id = "at",
                          .start = "2026-09-01T12:00:00Z",
                          .end = "2026-09-01T12:30:00Z",
                          .billed = "2",
                          .tags = {{"team", "a"}, {"group", "x"}}}));
  EXPECT_THAT(job.billed(),
              UnorderedElementsAre(Pair("(input)=aws-cur", "3"), Pair("team=a", "3")));
  const std::size_t before = job.lines().size();
  job.command(rules_line("acme", 2, by_tag("team", "group"), "2026-09-01T12:00:00Z"));
  EXPECT_THAT(job.billed(), UnorderedElementsAre(Pair("(input)=aws-cur", "3"), Pair("team=a", "1"),
                                                 Pair("team=x", "2")));
  const auto lines = job.lines();
  ASSERT_EQ(lines.size(), before + 2);
  for (std::size_t i = before; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].charge_id, "at");
    EXPECT_EQ(lines[i].cause, "rules");
  }
}

TEST(JobInvariants, AChangeIsAReversalThatCancelsExactlyAndANewPosting) {
  CostJob job;
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  job.charge(charge_line({.billed = "0.100000000000000001", .tags = {{"team", "a"}}}));
  job.run();
  job.charge(
      charge_line({.revision = 2, .billed = "-7", .service = "S3", .tags = {{"team", "b"}}}));
  const auto lines = job.lines();
  ASSERT_THAT(lines, SizeIs(6));
  const auto line = [&](std::size_t i) {
    return fmt::format("{} {}={} {} {} r{}", lines[i].cause.view(), lines[i].dimension.view(),
                       lines[i].element.view(), lines[i].service.view(),
                       format_amount(lines[i].billed), lines[i].revision);
  };
  EXPECT_EQ(line(0), "new (input)=aws-cur EC2 0.100000000000000001 r1");
  EXPECT_EQ(line(1), "new team=a EC2 0.100000000000000001 r1");
  EXPECT_EQ(line(2), "changed (input)=aws-cur EC2 -0.100000000000000001 r1");
  EXPECT_EQ(line(3), "changed (input)=aws-cur S3 -7 r2");
  EXPECT_EQ(line(4), "changed team=a EC2 -0.100000000000000001 r1");
  EXPECT_EQ(line(5), "changed team=b S3 -7 r2");
  EXPECT_EQ(unpaired_lines(lines), "");
}

// A line without what a run may choose.
std::string content(const CostLine& line) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                     line.tenant.view(), line.dimension.view(), line.element.view(),
                     line.kind.view(), line.charge_id.view(), line.source.view(),
                     line.service.view(), line.currency.view(), line.start.micros, line.end.micros,
                     format_amount(line.billed), format_amount(line.effective),
                     format_amount(line.list), format_amount(line.contracted), line.provisional,
                     line.cause.view(), line.rule_id.view(), line.rules_version, line.revision,
                     line.period.view(), line.posting_period.view());
}

TEST(JobInvariants, ATenantsOutputIsTheSameWithAndWithoutOtherTenants) {
  for (std::uint64_t seed = 31; seed <= 34; ++seed) {
    SCOPED_TRACE(seed);
    const History all = cost_oracle::random_history(seed, 200);
    const auto is_acmes = [](const std::string& line) {
      return line.find(R"("tenant":"acme")") != std::string::npos;
    };
    History alone;
    std::ranges::copy_if(all.commands, std::back_inserter(alone.commands), is_acmes);
    std::ranges::copy_if(all.charges, std::back_inserter(alone.charges), is_acmes);
    const auto acmes_output = [](const History& history) {
      CostJob job;
      job.commands(history.commands);
      job.run();
      job.charges(history.charges);
      job.run();
      std::vector<std::string> output;
      for (const CostLine& line : job.lines()) {
        if (line.tenant == "acme") output.push_back(content(line));
      }
      for (const Control& control : job.control()) {
        if (control.tenant != "acme") continue;
        output.push_back(fmt::format("{} {} {}", control.kind.view(), control.version.value_or(0),
                                     control.message.value_or(Text()).view()));
      }
      return output;
    };
    // Lines of two keys may change places; those of one key may not, which sorting does not hide
    // from the sums that follow from them.
    auto with_others = acmes_output(all);
    auto without = acmes_output(alone);
    std::ranges::sort(with_others);
    std::ranges::sort(without);
    EXPECT_EQ(with_others, without);
  }
}

TEST(JobInvariants, RefusalsOfOneTenantNeverNameAnother) {
  CostJob job;
  job.command(rules_line("acme", 1, "  - name: secret-project\n    default: x\n    rules: 7\n"));
  job.command(rules_line("globex", 1, by_tag("team", "team")));
  job.charge(charge_line({.tenant = "globex", .billed = "\"secret\""}));
  for (const Control& control : job.control()) {
    if (control.tenant != "globex") continue;
    EXPECT_THAT(control.message.value_or(Text()).str(), Not(::testing::HasSubstr("secret")));
  }
  ASSERT_THAT(job.dead(), SizeIs(1));
  EXPECT_EQ(job.dead().front().tenant, Text("globex"));
}

TEST(JobInvariants, SplittingAChargeOverTwoOfEqualAttributesChangesNoCellThatDividesEvenly) {
  CostJob whole;
  CostJob parts;
  for (CostJob* job : {&whole, &parts}) {
    job->command(rules_line("acme", 1, by_tag("team", "team")));
    job->run();
  }
  // An hour each, so that no remainder of a spread is involved.
  whole.charge(
      charge_line({.id = "w", .billed = "10.000000000000000001", .tags = {{"team", "a"}}}));
  parts.charge(
      charge_line({.id = "p1", .billed = "3.7", .effective = "4", .tags = {{"team", "a"}}}));
  parts.charge(charge_line(
      {.id = "p2", .billed = "6.300000000000000001", .effective = "6", .tags = {{"team", "a"}}}));
  whole.end();
  parts.end();
  EXPECT_EQ(whole.folded().hourly, parts.folded().hourly);
  EXPECT_THAT(whole.folded().hourly, SizeIs(2));
}

TEST(JobInvariants, AnInstantBelongsToTheHourAndDayThatItLiesIn) {
  CostJob job;
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  for (const char* time :
       {"2026-09-01T10:00:00Z", "2026-09-01T10:20:00Z", "2026-09-01T23:59:59Z"}) {
    job.charge(charge_line({.id = time, .start = time, .end = time}));
  }
  job.end();
  std::map<std::string, std::string> cells;
  for (const HourlyCost& cell : job.hourly()) {
    if (cell.dimension == "team") {
      cells[format_timestamp(cell.hour)] = format_amount(cell.billed);
    }
  }
  EXPECT_THAT(cells, UnorderedElementsAre(Pair("2026-09-01T10:00:00Z", "20"),
                                          Pair("2026-09-01T23:00:00Z", "10")));
  EXPECT_THAT(job.control("conservation_violation"), IsEmpty());
}

TEST(JobInvariants, AnHourlyCellThatReturnsToZeroIsWrittenAsZeros) {
  CostJob job;
  job.charge(charge_line({}));
  job.advance(std::chrono::seconds(2));
  ASSERT_THAT(job.hourly(), SizeIs(1));
  EXPECT_EQ(format_amount(job.hourly().front().billed), "10");
  job.charge(delete_line({.revision = 2}));
  job.advance(std::chrono::seconds(2));
  ASSERT_THAT(job.hourly(), SizeIs(2));
  EXPECT_TRUE(job.hourly().back().billed.is_zero());
  EXPECT_EQ(job.hourly().back().updates, 2);
}

TEST(JobInvariants, ProvisionalSourcesAreMarkedAndCountedInTheirCells) {
  CostSettings settings;
  const Text sources[] = {"aws-usage"};
  settings.provisional_sources = List<Text>(sources);
  CostJob job(settings);
  job.charge(charge_line({.source = "aws-usage", .billed = "3"}));
  job.charge(charge_line({.source = "aws-cur", .billed = "4"}));
  job.end();
  for (const CostLine& line : job.lines()) EXPECT_EQ(line.provisional, line.source == "aws-usage");
  for (const HourlyCost& cell : job.hourly()) {
    EXPECT_EQ(format_amount(cell.provisional_billed), cell.element == "aws-usage" ? "3" : "0");
  }
  EXPECT_THAT(job.hourly(), SizeIs(2));
}

}  // namespace
}  // namespace tributary::cost
