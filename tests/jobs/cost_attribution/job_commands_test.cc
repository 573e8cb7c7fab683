// Commands while the job runs: rules that are accepted, refused and applied, and closed months.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/job_fixture.h"

namespace tributary::cost {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::vector<std::string> kinds(CostJob& job) {
  std::vector<std::string> texts;
  for (const Control& control : job.control()) {
    texts.push_back(fmt::format("{} {}", control.kind.view(), control.version.value_or(0)));
  }
  return texts;
}

TEST(JobCommands, RefusedRulesLeaveTheOldOnesInForceAndSayWhy) {
  CostJob job;
  job.command(rules_line("acme", 3, by_tag("team", "team")));
  job.charge(charge_line({.tags = {{"team", "a"}, {"group", "x"}}}));
  job.run();
  const std::size_t before = job.lines().size();
  // Not above the last one; a fault in the document; another version in the command than in it.
  job.command(rules_line("acme", 3, by_tag("team", "group")));
  job.command(rules_line("acme", 4, "  - name: team\n    default: x\n    rulez: []\n"));
  std::string other = rules_line("acme", 4, by_tag("team", "group"));
  other.replace(other.find("\"version\":4"), 11, "\"version\":5");
  job.command(other);
  const auto refused = job.control("rules_rejected");
  ASSERT_THAT(refused, SizeIs(3));
  EXPECT_THAT(refused[0].message->str(), HasSubstr("R02"));
  EXPECT_THAT(refused[1].message->str(), HasSubstr("acme rules v4"));
  EXPECT_THAT(refused[2].message->str(), HasSubstr("R02"));
  EXPECT_EQ(job.lines().size(), before);
  job.charge(charge_line({.id = "c2", .tags = {{"team", "a"}, {"group", "x"}}}));
  EXPECT_THAT(job.billed(),
              UnorderedElementsAre(Pair("(input)=aws-cur", "20"), Pair("team=a", "20")));
  // The number of a refused version is not used up.
  job.command(rules_line("acme", 4, by_tag("team", "group")));
  EXPECT_THAT(job.billed(),
              UnorderedElementsAre(Pair("(input)=aws-cur", "20"), Pair("team=x", "20")));
}

TEST(JobCommands, RulesThatAllocateAreRefusedByName) {
  CostJob job;
  job.command(
      rules_line("acme", 1,
                 "  - name: customer\n    default: (unattributed)\n    rules:\n      - id: shared\n"
                 "        allocate: {stream: api-requests, window: hour}\n"));
  ASSERT_THAT(job.control("rules_rejected"), SizeIs(1));
  EXPECT_THAT(job.control("rules_rejected").front().message->str(), HasSubstr("R13"));
  EXPECT_THAT(job.control("rules_rejected").front().message->str(), HasSubstr("allocate"));
  job.charge(charge_line({}));
  EXPECT_THAT(job.billed(), ElementsAre(Pair("(input)=aws-cur", "10")));
}

TEST(JobCommands, CorrectionsOfAClosedMonthArePostedToTheNextOpenOne) {
  CostJob job;
  job.charge(charge_line({.id = "a"}));
  job.run();
  job.command(close_line("acme", "2026-09"));
  job.command(close_line("acme", "2026-10"));
  job.run();
  job.charge(charge_line({.id = "a", .revision = 2, .billed = "11"}));
  job.charge(charge_line({.period = "2026-08", .id = "august"}));
  job.charge(charge_line({.period = "2026-11", .id = "november"}));
  job.charge(charge_line({.tenant = "globex", .id = "other"}));
  std::vector<std::string> postings;
  for (const CostLine& line : job.lines()) {
    postings.push_back(fmt::format(
        "{} {} {} {}{}", line.charge_id.view(), format_amount(line.billed), line.period.view(),
        line.posting_period.view(), line.after_close ? " after close" : ""));
  }
  EXPECT_THAT(postings,
              UnorderedElementsAre("a 10 2026-09 2026-09", "a -10 2026-09 2026-11 after close",
                                   "a 11 2026-09 2026-11 after close", "august 10 2026-08 2026-08",
                                   "november 10 2026-11 2026-11", "other 10 2026-09 2026-09"));
  const auto told = job.control("period_closed");
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(*told[0].period, "2026-09");
  EXPECT_EQ(*told[1].period, "2026-10");
}

TEST(JobCommands, RulesAreReportedAsAppliedOnceOnAnyNumberOfSlots) {
  for (const std::uint32_t slots : {1, 2, 4}) {
    SCOPED_TRACE(slots);
    CostJob job({}, {.slots = slots});
    for (int i = 0; i < 40; ++i) {
      job.charge(charge_line({.shard = i % 8, .id = std::to_string(i), .tags = {{"team", "a"}}}));
    }
    job.run();
    job.command(rules_line("acme", 1, by_tag("team", "team")));
    const auto applied = job.control("rules_applied");
    ASSERT_THAT(applied, SizeIs(1));
    EXPECT_EQ(*applied.front().version, 1);
    EXPECT_EQ(*applied.front().charges, 40);
    EXPECT_EQ(*applied.front().lines, 40);
    EXPECT_EQ(*applied.front().keys, 8);
  }
}

TEST(JobCommands, RulesOfATenantWithoutChargesAreAppliedAtOnce) {
  CostJob job({}, {.slots = 3});
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  EXPECT_THAT(kinds(job), ElementsAre("rules_accepted 1", "rules_applied 1"));
}

TEST(JobCommands, RulesAreAppliedThoughAKeyLosesItsLastChargeDuringTheWalk) {
  // The command and the deletes are in flight together: some keys are empty when they are visited.
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    CostJob job(
        {}, {.slots = static_cast<std::uint32_t>(1 + seed % 3), .seed = seed, .batch_records = 2});
    for (int shard = 0; shard < 16; ++shard) job.charge(charge_line({.shard = shard}));
    job.run();
    job.command(rules_line("acme", 1, by_tag("team", "team")));
    for (int shard = 0; shard < 16; ++shard) {
      job.charge(delete_line({.shard = shard, .revision = 2}));
      if (shard % 2 == 0) job.charge(charge_line({.shard = shard, .id = "again"}));
      job.charge(charge_line({.shard = 20 + shard}));
    }
    job.run();
    EXPECT_THAT(job.control("rules_applied"), SizeIs(1));
    EXPECT_THAT(job.billed(), UnorderedElementsAre(Pair("(input)=aws-cur", "240"),
                                                   Pair("team=(unattributed)", "240")));
  }
}

TEST(JobCommands, AWalkOverManyChargesIsWorkedOffInSlicesWhileChargesArrive) {
  CostJob job({}, {.slots = 2});
  for (int i = 0; i < 5'000; ++i) {
    job.charge(charge_line(
        {.id = std::to_string(i), .billed = "1", .tags = {{"team", "a"}, {"group", "x"}}}));
  }
  job.run();
  job.command(rules_line("acme", 1, by_tag("team", "team")));
  job.command(rules_line("acme", 2, by_tag("team", "group")));
  for (int i = 4'000; i < 6'000; ++i) {
    job.charge(charge_line({.id = std::to_string(i),
                            .revision = 2,
                            .billed = "2",
                            .tags = {{"team", "b"}, {"group", "y"}}}));
  }
  EXPECT_THAT(job.billed(), UnorderedElementsAre(Pair("(input)=aws-cur", "8000"),
                                                 Pair("team=x", "4000"), Pair("team=y", "4000")));
  EXPECT_EQ(unpaired_lines(job.lines()), "");
  EXPECT_THAT(job.control("rules_applied"),
              ::testing::Contains(::testing::Field(&Control::version, Optional<std::int64_t>(2))));
  job.end();
  EXPECT_THAT(job.control("conservation_violation"), IsEmpty());
}

}  // namespace
}  // namespace tributary::cost
