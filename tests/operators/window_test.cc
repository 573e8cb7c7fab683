// Tumbling windows: on time, late, too late, differences, and what is forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/charges_job.h"
#include "tests/operators/operator_harness.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Sum {
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Sum, units);

struct HourlySum {
  Text account;
  Timestamp hour;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(HourlySum, account, hour, units);

struct SumUnits {
  using Accumulator = Sum;
  void add(Sum& sum, const Charge& charge) { sum.units += charge.units; }
  HourlySum result(const Text& account, const Window& window, const Sum& sum) {
    return {.account = account, .hour = window.start, .units = sum.units};
  }
  HourlySum difference(const HourlySum& now, const HourlySum& before) {
    return {.account = now.account, .hour = now.hour, .units = now.units - before.units};
  }
};

void hourly(Job& job) {
  auto keyed = job.source("charges", none<Charge>())
                   .event_time(&Charge::start, bounded_lateness(5s))
                   .key_by(&Charge::account);
  auto totals = keyed.window(tumbling(1h), allowed_lateness(days(1)))
                    .aggregate<SumUnits>("total", emit(total));
  totals.sink("totals", drop<HourlySum, kUpsert>());
  totals.late().sink("late", drop<Charge, kAppend>());
  keyed.window(tumbling(1h), allowed_lateness(std::chrono::days(1)))
      .aggregate<SumUnits>("difference", emit(difference))
      .sink("differences", drop<HourlySum, kDelta>());
  keyed.window(tumbling(1h))
      .aggregate<SumUnits>("strict", emit(total))
      .sink("stricts", drop<HourlySum, kUpsert>());
  keyed.window(tumbling(1h))
      .reduce("largest", [](const Charge& a, const Charge& b) { return a.units < b.units ? b : a; })
      .sink("largests", drop<Charge, kUpsert>());
}

constexpr std::int64_t kHour = 3600;

void push(OperatorHarness& harness, std::string_view account, std::int64_t units,
          std::int64_t at_second) {
  harness.push<Charge>(
      {{charge(account, units, "a note that is far too long to lie inline"), at(at_second)}});
}

std::vector<std::string> texts(const OperatorHarness& harness) {
  std::vector<std::string> all;
  for (const HourlySum& sum : harness.records<HourlySum>())
    all.push_back(fmt::format("{} {} {}", sum.account.view(), sum.hour.micros / 1'000'000 / kHour,
                              sum.units));
  return all;
}

TEST(Windows, FireOnceTheWatermarkHasReachedTheirEnd) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "total");
  push(harness, "acme", 1, 10);
  push(harness, "acme", 2, kHour - 1);
  push(harness, "acme", 4, kHour);
  push(harness, "globex", 8, 20);
  harness.advance(at(kHour - 1));
  EXPECT_THAT(texts(harness), IsEmpty());
  harness.advance(Timestamp{at(kHour).micros - 1});
  EXPECT_THAT(texts(harness), ::testing::UnorderedElementsAre("acme 0 3", "globex 0 8"));
  harness.advance(at(2 * kHour));
  EXPECT_EQ(texts(harness).back(), "acme 1 4");
  EXPECT_EQ(harness.emitted<HourlySum>().back().event_time.micros, at(2 * kHour).micros - 1);
}

TEST(Windows, LateRecordsMakeOneCorrectionASecond) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "total");
  push(harness, "acme", 1, 10);
  harness.advance(at(kHour));
  for (int i = 0; i < 5; ++i) push(harness, "acme", 10, 20 + i);
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1"));
  harness.advance_clock(seconds(1));
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1", "acme 0 51"));
  harness.advance_clock(seconds(5));
  EXPECT_THAT(texts(harness), SizeIs(2));
}

TEST(Windows, EmitTheDifferenceWhenAsked) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "difference");
  push(harness, "acme", 1, 10);
  harness.advance(at(kHour));
  push(harness, "acme", 10, 20);
  harness.advance_clock(seconds(1));
  push(harness, "acme", -3, 20);
  harness.advance_clock(seconds(1));
  push(harness, "acme", 3, 20);
  push(harness, "acme", -3, 20);
  harness.advance_clock(seconds(1));  // no change, nothing to say
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1", "acme 0 10", "acme 0 -3"));
}

TEST(Windows, RecordsBeyondTheLatenessGoToTheSideOutputAndAreCounted) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "total");
  push(harness, "acme", 1, 10);
  harness.advance(at(25 * kHour));
  push(harness, "acme", 2, 20);
  harness.advance_clock(seconds(10));
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1"));
  ASSERT_THAT(harness.records<Charge>(1), SizeIs(1));
  EXPECT_EQ(harness.emitted<Charge>(1)[0].event_time, at(20));
  EXPECT_EQ(harness.counter("late_records"), 1);
}

TEST(Windows, AreForgottenAtTheEndOfTheirLatenessAndCorrectedBefore) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "total");
  push(harness, "acme", 1, 10);
  harness.advance(at(kHour));
  push(harness, "acme", 2, 20);
  harness.advance(at(25 * kHour));  // before the second is over
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1", "acme 0 3"));
  harness.advance_clock(seconds(5));
  EXPECT_THAT(texts(harness), SizeIs(2));
  EXPECT_FALSE(harness.keyed_state().keys_from(
      "", 100, [](const StateKey& key) { ADD_FAILURE() << "state is left for " << key.key; }));
  EXPECT_EQ(harness.keyed_state().timers().size(TimeDomain::kEvent), 0u);
  EXPECT_EQ(harness.keyed_state().timers().size(TimeDomain::kProcessing), 0u);
}

TEST(Windows, WithoutLatenessForgetWhenTheyFire) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "strict");
  push(harness, "acme", 1, 10);
  harness.advance(at(kHour));
  push(harness, "acme", 2, 20);
  harness.end();
  EXPECT_THAT(texts(harness), ElementsAre("acme 0 1"));
  EXPECT_EQ(harness.counter("late_records"), 1);
  EXPECT_EQ(harness.counter("unread_side_output_records"), 1);
}

TEST(Windows, FireResumablyOneByOne) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "total");
  for (int i = 0; i < 300; ++i) push(harness, "k" + std::to_string(i), 1, 10);
  harness.out.yield_always = true;
  EXPECT_GT(harness.advance(at(kHour)), 5);
  EXPECT_THAT(texts(harness), SizeIs(300));
}

TEST(Windows, ReduceKeepsARecordPerKeyAndWindow) {
  const JobProgram program = program_of<hourly>();
  OperatorHarness harness(program, "largest");
  push(harness, "acme", 3, 10);
  push(harness, "acme", 7, 20);
  push(harness, "acme", 5, 30);
  harness.end();
  ASSERT_THAT(harness.records<Charge>(), SizeIs(1));
  EXPECT_EQ(harness.records<Charge>()[0].units, 7);
  EXPECT_EQ(harness.records<Charge>()[0].note, "a note that is far too long to lie inline");
}

TEST(Windows, ThatCannotBeAreRefused) {
  const auto made = make_program<Settings>(
      "test",
      +[](Job& job, const Settings&) {
        job.source("charges", none<Charge>())
            .key_by(&Charge::account)
            .window(tumbling(0s))
            .aggregate<SumUnits>("sum", emit(total))
            .sink("out", drop<HourlySum, kUpsert>());
      },
      Settings{});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::G315);
}

}  // namespace
}  // namespace tributary::testing
