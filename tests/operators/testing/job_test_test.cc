#include "operators/testing/job_test.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/testing/spend_job.h"
#include "tests/runtime/exec/range_job.h"

namespace tributary::testing {
namespace {

using spend::Charge;
using spend::Discount;
using spend::HourlySpend;
using spend::Reminder;
using spend::spend_by_team;
using spend::SpendSettings;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// The text of what `call` throws.
template <typename F>
std::string failure_of(F call) {
  try {
    call();
  } catch (const JobTestFailure& failure) {
    return failure.what();
  }
  return "(nothing was thrown)";
}

struct Spend {
  explicit Spend(const JobTestOptions& options = {})
      : job(spend_by_team, SpendSettings{}, options) {
    spend.keyed_by(&HourlySpend::team, &HourlySpend::hour);
    changes.keyed_by(&HourlySpend::team, &HourlySpend::hour).summing(&HourlySpend::billed);
  }

  JobTest job;
  TestSource<Discount> discounts = job.source<Discount>("discounts");
  TestSource<Charge> charges = job.source<Charge>("charges");
  TestSink<HourlySpend> spend = job.sink<HourlySpend>("spend");
  TestSink<HourlySpend> changes = job.sink<HourlySpend>("changes");
};

class JobTestOnSlots : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(JobTestOnSlots, AWindowFiresAtItsWatermarkAndALateChargeCorrectsIt) {
  Spend s({.slots = GetParam()});
  s.discounts.push({.team = "core", .percent = 10});
  s.charges.push({.team = "core", .start = t("10:05"), .billed = amount("1.10")});
  s.discounts.end();
  EXPECT_THAT(s.spend.published(), IsEmpty());
  s.charges.watermark(t("11:00"));
  EXPECT_THAT(s.spend.published(), ElementsAre(HourlySpend{"core", t("10:00"), amount("0.99")}));

  s.charges.push({.team = "core", .start = t("10:06"), .billed = amount("0.20")});  // late
  s.job.advance(1s);
  EXPECT_EQ(s.spend.folded(&HourlySpend::team, &HourlySpend::hour).at({"core", t("10:00")}).billed,
            amount("1.17"));
  EXPECT_THAT(s.spend.published(), SizeIs(2));
  EXPECT_THAT(s.changes.published(), ElementsAre(HourlySpend{"core", t("10:00"), amount("0.99")},
                                                 HourlySpend{"core", t("10:00"), amount("0.18")}));
  EXPECT_EQ(s.changes.summed(&HourlySpend::team, &HourlySpend::billed).at("core"), amount("1.17"));
  EXPECT_EQ(s.changes.total(&HourlySpend::billed), amount("1.17"));
}

INSTANTIATE_TEST_SUITE_P(Slots, JobTestOnSlots, ::testing::Values(1U, 2U, 5U));

TEST(JobTestTest, WithoutADeclaredWatermarkTheJobsLatenessDecidesAtTheEndOfAStep) {
  Spend s;
  s.discounts.push({.team = "core"});
  s.charges.push_all({{.team = "core", .start = t("11:09:59"), .billed = amount("2")},
                      {.team = "core", .start = t("10:05"), .billed = amount("1")}});
  s.discounts.end();
  EXPECT_THAT(s.spend.published(), IsEmpty());  // 10 minutes behind 11:09:59
  s.charges.push({.team = "core", .start = t("11:10"), .billed = amount("4")});
  EXPECT_THAT(s.spend.published(), ElementsAre(HourlySpend{"core", t("10:00"), amount("1")}));
}

TEST(JobTestTest, AnEventTimeOfTheTestReplacesTheRecords) {
  Spend s;
  s.discounts.push({.team = "core"});
  s.charges.push_at(t("15:30"), {.team = "core", .start = t("10:05"), .billed = amount("1")});
  s.discounts.end();
  s.charges.watermark(t("16:00"));
  EXPECT_THAT(s.spend.published(), ElementsAre(HourlySpend{"core", t("15:00"), amount("1")}));
  EXPECT_THAT(s.spend.event_times(), ElementsAre(t("16:00") - microseconds(1)));
}

TEST(JobTestTest, AGatedSourceWaitsForWhatWasThereAtTheStart) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Spend s({.slots = 3, .seed = seed, .batch_records = 1});
    for (int i = 0; i < 50; ++i) {
      s.charges.push({.team = "core", .start = t("10:05"), .billed = amount("1")});
      s.discounts.push({.team = Text("core"), .percent = i});
    }
    s.discounts.push({.team = "core", .percent = 50});
    s.discounts.end();
    s.charges.watermark(t("11:00"));
    EXPECT_THAT(s.spend.published(), ElementsAre(HourlySpend{"core", t("10:00"), amount("25")}))
        << seed;
    EXPECT_THAT(s.job.sink<Charge>("unpriced").published(), IsEmpty());
  }
}

TEST(JobTestTest, SideOutputsAreSinksOfTheirNames) {
  Spend s;
  auto unpriced = s.job.sink<Charge>("unpriced");
  const std::string team = "a team whose name is far too long to lie inline";
  {
    const std::string gone = team;
    s.charges.push({.team = gone, .start = t("10:05"), .billed = amount("1")});
  }
  s.charges.push({.team = "b", .start = t("10:06"), .billed = amount("2")});
  const std::vector<Charge> records = unpriced.published();
  s.job.end();
  EXPECT_THAT(records, UnorderedElementsAre(Charge{Text(team), t("10:05"), amount("1")},
                                            Charge{"b", t("10:06"), amount("2")}));
  EXPECT_THAT(unpriced.sorted(), ElementsAre(Charge{Text(team), t("10:05"), amount("1")},
                                             Charge{"b", t("10:06"), amount("2")}));
}

TEST(JobTestTest, TimersFireAtTheirTimeWhenTheClockIsMoved) {
  Spend s({.slots = 2, .start = t("12:00")});
  auto reminders = s.job.sink<Reminder>("reminders");
  s.charges.push({.team = "a", .start = t("10:05"), .billed = {}});
  s.job.advance(30s);
  s.charges.push({.team = "b", .start = t("10:05"), .billed = {}});
  s.job.advance(29s);
  EXPECT_THAT(reminders.published(), IsEmpty());
  s.job.advance(1s);
  EXPECT_THAT(reminders.published(), ElementsAre(Reminder{"a", 1}));
  s.job.advance(1h);
  EXPECT_THAT(reminders.published(), ElementsAre(Reminder{"a", 1}, Reminder{"b", 1}));
  EXPECT_EQ(s.job.now(), t("12:00") + minutes(61));
}

TEST(JobTestTest, BadRecordsFollowTheSourcesPolicy) {
  Spend s;
  s.charges.bad_record("MALFORMED_JSON", "{");
  const std::vector<DeadLetter> letters = s.job.dead_letters("charges");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "MALFORMED_JSON");
  EXPECT_EQ(letters[0].raw, "ew==");
  EXPECT_THAT(s.job.dead_letters("dead-letters"), SizeIs(1));

  s.discounts.bad_record("BAD_DECIMAL", "x");
  const std::optional<Error> failure = s.job.failure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_THAT(failure->what(), HasSubstr("BAD_DECIMAL"));
}

TEST(JobTestTest, TheEndDrainsAndFinishes) {
  Spend s;
  s.discounts.push({.team = "core"});
  s.charges.push({.team = "core", .start = t("10:05"), .billed = amount("1")});
  EXPECT_EQ(s.job.phase(), "RUN");
  s.job.end();
  EXPECT_EQ(s.job.phase(), "FINISHED");
  EXPECT_THAT(s.spend.published(), ElementsAre(HourlySpend{"core", t("10:00"), amount("1")}));
  EXPECT_THAT(s.job.sink<Reminder>("reminders").published(), ElementsAre(Reminder{"core", 1}));
  EXPECT_THAT(failure_of([&] { s.charges.push({}); }), HasSubstr("source \"charges\" has ended"));
}

TEST(JobTestTest, AnEndedSourceHoldsNothingBack) {
  Spend s;
  s.discounts.push({.team = "core"});
  s.charges.push({.team = "core", .start = t("10:05"), .billed = amount("1")});
  s.discounts.end();
  s.charges.end();
  EXPECT_THAT(s.spend.published(), SizeIs(1));
  EXPECT_EQ(s.job.phase(), "FINISHED");
}

TEST(JobTestTest, AStopDeliversWhatWasReadAndLeavesEventTimeAlone) {
  Spend s;
  s.discounts.push({.team = "core"});
  s.charges.push({.team = "core", .start = t("10:05"), .billed = amount("1")});
  s.job.stop();
  EXPECT_EQ(s.job.phase(), "STOPPED");
  EXPECT_THAT(s.spend.published(), IsEmpty());
  EXPECT_THAT(failure_of([&] { s.job.same_result_when_permuted(1); }), HasSubstr("stopped job"));
}

TEST(JobTestTest, AFailureIsThrownByReadingsUnlessItWasAskedFor) {
  Spend s;
  s.charges.push({.team = "poison", .start = t("10:05"), .billed = {}});
  s.job.run();
  ASSERT_TRUE(s.job.failure().has_value());
  EXPECT_EQ(s.job.failure()->code(), ErrorCode::P801);
  EXPECT_THAT(failure_of([&] { s.spend.published(); }), HasSubstr("no such team"));
}

TEST(JobTestTest, TheSameSeedGivesTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    Spend s({.slots = 4, .seed = seed, .batch_records = 2});
    for (const char* team : {"a", "b", "c", "d", "e", "f"}) {
      for (int i = 0; i < 5; ++i)
        s.charges.push({.team = team, .start = t("10:05") + seconds(i), .billed = {}});
    }
    return s.job.sink<Charge>("unpriced").published();
  };
  const std::vector<Charge> first = run(1);
  EXPECT_EQ(first, run(1));
  bool differs = false;
  for (std::uint64_t seed = 2; seed < 20; ++seed) differs |= run(seed) != first;
  EXPECT_TRUE(differs);
}

TEST(JobTestTest, ThePermutedHistoryGivesTheSameResult) {
  Spend s;
  s.discounts.push_all({{.team = "a", .percent = 10}, {.team = "b", .percent = 20}});
  s.charges.push({.team = "a", .start = t("10:01"), .billed = amount("0.50")});
  s.discounts.end();
  for (int i = 0; i < 40; ++i) {
    s.charges.push({.team = i % 3 == 0 ? "a" : "b",
                    .start = t("10:05") + minutes(i * 7),
                    .billed = amount("0.01")});
    s.charges.push({.team = "c", .start = t("10:05"), .billed = amount("1")});
    if (i % 10 == 0) s.charges.watermark(t("10:00") + minutes(i * 7));
    if (i % 15 == 0) s.job.advance(2s);
  }
  s.charges.bad_record("BAD_DECIMAL", "x");
  s.charges.idle();
  EXPECT_TRUE(s.job.same_result_when_permuted(50));
  EXPECT_TRUE(s.job.same_result_when_permuted(20, {.keep_order = true}));
}

// A job whose result hangs on the order of arrival: the first charge of a team wins.
class First : public KeyedProcess<Text, Charge, Charge> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    if (seen_) return;
    seen_.set({charge.team, 1});
    ctx.emit(charge);
  }

 private:
  Value<Reminder> seen_ = value<Reminder>("seen");
};
void first_charges(Job& job, const Settings&) {
  job.source("charges", files<Charge>("/nowhere"))
      .key_by(&Charge::team)
      .process<First>("first-of-team")
      .sink("first", files<Charge>("/nowhere/out"));
}

TEST(JobTestTest, AResultThatHangsOnTheOrderIsFoundWithItsSeed) {
  JobTest job(first_charges);
  auto charges = job.source<Charge>("charges");
  for (int i = 0; i < 5; ++i) charges.push({.team = "a", .start = t("10:00"), .billed = Amount{i}});
  const auto difference = job.difference_when_permuted(20);
  ASSERT_TRUE(difference.has_value());
  EXPECT_THAT(*difference, HasSubstr("sink first, seed "));
  EXPECT_THAT(failure_of([&] { job.same_result_when_permuted(20); }),
              HasSubstr("expected once, found nothing"));
  EXPECT_TRUE(job.same_result_when_permuted(20, {.keep_order = true}));
  EXPECT_TRUE(job.same_result_when_permuted(20, {.ignored_sinks = {"first"}}));
}

TEST(JobTestTest, StepsKeepTheirOrderWhenPermuted) {
  JobTest job(first_charges);
  auto charges = job.source<Charge>("charges");
  for (int i = 0; i < 5; ++i) {
    charges.push({.team = "a", .start = t("10:00"), .billed = Amount{i}});
    job.run();
  }
  EXPECT_TRUE(job.same_result_when_permuted(20));
}

TEST(JobTestTest, WrongNamesTypesAndFoldsAreSaidInASentence) {
  JobTest job(spend_by_team, Settings{{"lateness", "40d"}});
  EXPECT_THAT(failure_of([&] { job.source<Charge>("charge"); }),
              HasSubstr("did you mean \"charges\"?"));
  EXPECT_THAT(failure_of([&] { job.source<Discount>("charges"); }),
              HasSubstr("source \"charges\" gives records of Charge, not of Discount"));
  EXPECT_THAT(failure_of([&] { job.sink<Charge>("nothing"); }), HasSubstr("it has: "));
  EXPECT_THAT(failure_of([&] { job.sink<Charge>("spend"); }),
              HasSubstr("takes records of HourlySpend"));
  EXPECT_THAT(failure_of([&] { job.source<Discount>("discounts").watermark(t("10:00")); }),
              HasSubstr("no event time"));
  EXPECT_THAT(failure_of([&] { job.dead_letters("discounts"); }), HasSubstr("no dead letters"));
  auto spend = job.sink<HourlySpend>("spend");
  EXPECT_THAT(failure_of([&] { spend.sorted(); }),
              HasSubstr("sorted() is for append streams, and this one is upsert"));
  EXPECT_THAT(failure_of([&] { spend.total(&HourlySpend::billed); }), HasSubstr("folded"));
  EXPECT_THAT(failure_of([&] { job.sink<HourlySpend>("changes").folded(&HourlySpend::team); }),
              HasSubstr("summed"));
  EXPECT_THAT(failure_of([&] { job.same_result_when_permuted(1); }),
              HasSubstr("keyed_by(&HourlySpend::field)"));
  auto charges = job.source<Charge>("charges");
  charges.watermark(t("10:00"));
  EXPECT_THAT(failure_of([&] { charges.watermark(t("09:00")); }),
              HasSubstr("event time does not go back"));
  EXPECT_THAT(failure_of([] { JobTest(spend_by_team, Settings{{"latenes", "40d"}}); }),
              HasSubstr("C101"));
  EXPECT_THAT(failure_of([] { t("25:99"); }), HasSubstr("D105"));
}

// Two sources of one watermark.
void united(Job& job, const Settings&) {
  auto left = job.source("left", files<Charge>("/nowhere"))
                  .event_time(&Charge::start, bounded_lateness(0s));
  auto right = job.source("right", files<Charge>("/nowhere"))
                   .event_time(&Charge::start, bounded_lateness(0s));
  left.union_with(right)
      .key_by(&Charge::team)
      .window(tumbling(1h))
      .aggregate<spend::Sum>("sum", emit(total))
      .sink("spend", files_upsert<HourlySpend>("/nowhere/out"));
}

TEST(JobTestTest, ASourceHoldsTheWatermarkBackUntilItIsIdle) {
  for (const bool by_time : {false, true}) {
    JobTest job(united, Settings{}, {.slots = 2});
    auto left = job.source<Charge>("left");
    auto right = job.source<Charge>("right");
    auto spend = job.sink<HourlySpend>("spend");
    left.push({.team = "a", .start = t("10:05"), .billed = amount("1")});
    right.push({.team = "a", .start = t("10:06"), .billed = amount("2")});
    left.watermark(t("11:00"));
    EXPECT_THAT(spend.published(), IsEmpty());
    if (by_time) {
      job.advance(4s);
      left.push({.team = "b", .start = t("11:05"), .billed = amount("1")});
      job.advance(2s);  // 5 s after its last record
    } else {
      right.idle();
    }
    EXPECT_THAT(spend.published(), ElementsAre(HourlySpend{"a", t("10:00"), amount("3")}));
    right.push({.team = "b", .start = t("11:05"), .billed = amount("1")});
    left.watermark(t("12:00"));
    EXPECT_THAT(spend.published(), SizeIs(1));
    right.watermark(t("12:00"));
    EXPECT_THAT(spend.published(), SizeIs(2));
  }
}

void limited(Job& job, const Settings&) {
  job.source("charges", files<Charge>("/nowhere"))
      .rate_limit(10)
      .sink("out", files<Charge>("/nowhere/out"));
}

TEST(JobTestTest, ARateLimitHoldsOnVirtualTime) {
  JobTest job(limited, Settings{}, {.batch_records = 1});
  auto charges = job.source<Charge>("charges");
  auto out = job.sink<Charge>("out");
  for (int i = 0; i < 100; ++i) charges.push({});
  EXPECT_LE(out.size(), 2U);
  job.advance(5s);
  EXPECT_NEAR(static_cast<double>(out.size()), 51.0, 2.0);
  job.end();
  EXPECT_EQ(out.size(), 100U);
}

TEST(JobTestTest, AProgramBuiltByHandRunsToo) {
  RangeJob range;
  const auto source = range.source("numbers", {});
  const auto pass = range.pass("pass", nullptr);
  const auto out = range.sink("out", nullptr);
  range.edge(source, pass, graph::KEYED);
  range.edge(pass, out, graph::REBALANCE);
  JobTest job(range.program, {.slots = 3});
  auto numbers = job.source<Number>("numbers");
  for (int i = 0; i < 1000; ++i) numbers.push({.value = i, .from = 0, .note = {}});
  EXPECT_THAT(job.sink<Number>("out").published(), SizeIs(1000));
  EXPECT_EQ(job.sink<Number>("out").sorted()[999].value, 999);
  EXPECT_TRUE(job.same_result_when_permuted(10));
}

TEST(JobTestTest, TheDefaultStartIsTheTestDay) { EXPECT_EQ(JobTestOptions{}.start, t("00:00")); }

}  // namespace
}  // namespace tributary::testing
