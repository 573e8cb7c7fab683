// map, filter and flat_map through their kernels: what stays in place, what is copied, where a
// slice may end.
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/charges_job.h"
#include "tests/operators/operator_harness.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const std::string kLong = "a note that is far too long to lie inline";

void map_and_filter(Job& job) {
  auto charges = job.source("charges", none<Charge>()).on_bad_record(fail());
  charges
      .map([](const Charge& charge) {
        Charge changed = charge;
        changed.units *= 2;
        return changed;
      })
      .named("double")
      .filter([](const Charge& charge, Context& ctx) {
        ctx.count("seen");
        return charge.units % 4 == 0;
      })
      .named("even")
      .map([](const Charge& charge, Context& ctx) {
        return Line{.account = charge.account,
                    .units = charge.units,
                    .text = ctx.text(charge.note.str() + "!")};
      })
      .named("to-line")
      .sink("out", drop<Line, kAppend>());
}

std::vector<std::pair<Charge, Timestamp>> charges(std::int64_t count) {
  std::vector<std::pair<Charge, Timestamp>> made;
  for (std::int64_t i = 0; i < count; ++i) {
    made.push_back(
        {Charge{
             .account = i % 2 == 0 ? "acme" : "globex", .start = at(i), .units = i, .note = kLong},
         at(i)});
  }
  return made;
}

TEST(Stateless, MapOfTheSameTypeKeepsTheBatchAndItsColumns) {
  const JobProgram program = program_of<map_and_filter>();
  OperatorHarness harness(program, "double");
  BatchPtr batch = Batch::make(type_info<Charge>());
  const Batch* address = batch.get();
  *static_cast<Charge*>(batch->append(at(7), 99, Operation::kDelete)) = charge("acme", 4);
  harness.push_batch(0, std::move(batch));
  ASSERT_THAT(harness.out.batches[0], SizeIs(1));
  const Batch& out = *harness.out.batches[0][0];
  EXPECT_EQ(&out, address);
  EXPECT_EQ(out.event_time(0), at(7));
  EXPECT_EQ(out.key_hash(0), 99u);
  EXPECT_EQ(out.operation(0), Operation::kDelete);
  EXPECT_EQ(harness.records<Charge>()[0].units, 8);
}

TEST(Stateless, FilterKeepsOrderAndColumnsOfWhatItKeeps) {
  const JobProgram program = program_of<map_and_filter>();
  OperatorHarness harness(program, "even");
  harness.push(charges(9));
  const auto kept = harness.emitted<Charge>();
  ASSERT_THAT(kept, SizeIs(3));
  EXPECT_EQ(kept[1].record.units, 4);
  EXPECT_EQ(kept[1].event_time, at(4));
  EXPECT_EQ(kept[1].record.note.str(), kLong);
  EXPECT_EQ(harness.counter("seen"), 9);
}

TEST(Stateless, AnInPlaceOperatorThatYieldsGoesOnWhereItStopped) {
  const JobProgram program = program_of<map_and_filter>();
  OperatorHarness harness(program, "double");
  harness.out.yield_always = true;
  EXPECT_GT(harness.push(charges(200)), 2);
  const auto doubled = harness.records<Charge>();
  ASSERT_THAT(doubled, SizeIs(200));
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_EQ(doubled[i].units, static_cast<std::int64_t>(2 * i));

  OperatorHarness filter(program, "even");
  filter.out.yield_always = true;
  filter.push(charges(200));
  EXPECT_THAT(filter.records<Charge>(), SizeIs(50));
}

TEST(Stateless, MapToAnotherTypeWritesNewBatchesWhoseTextsLive) {
  const JobProgram program = program_of<map_and_filter>();
  OperatorHarness harness(program, "to-line");
  harness.push(charges(600));
  const auto lines = harness.emitted<Line>();
  ASSERT_THAT(lines, SizeIs(600));
  EXPECT_EQ(lines[599].record.account, "globex");
  EXPECT_EQ(lines[599].record.text.str(), kLong + "!");
  EXPECT_EQ(lines[599].event_time, at(599));
}

void explode(Job& job) {
  struct Count {
    std::int64_t left;
    Text account;
    bool next(Line& line) {
      if (left == 0) return false;
      line = Line{.account = account, .units = left--, .text = {}};
      return true;
    }
  };
  auto source = job.source("charges", none<Charge>());
  source
      .flat_map([](const Charge& charge, Collector<Line>& out) {
        for (std::int64_t i = 0; i < charge.units; ++i)
          out.emit(Line{.account = charge.account, .units = i, .text = charge.note});
      })
      .named("collect")
      .sink("collected", drop<Line, kAppend>());
  source.flat_map([](const Charge& charge) { return Count{charge.units, charge.account}; })
      .named("generate")
      .sink("generated", drop<Line, kAppend>());
}

TEST(Stateless, FlatMapEmitsAllResultsAndStopsBetweenRecords) {
  const JobProgram program = program_of<explode>();
  OperatorHarness harness(program, "collect");
  harness.out.yield_always = true;
  const int calls = harness.push(charges(60));
  const auto lines = harness.records<Line>();
  EXPECT_THAT(lines, SizeIs(60 * 59 / 2));
  EXPECT_EQ(lines.back().units, 58);
  EXPECT_EQ(lines.back().text.str(), kLong);
  EXPECT_GT(calls, 2);
}

TEST(Stateless, AGeneratorIsLeftAndResumedWithinOneRecord) {
  const JobProgram program = program_of<explode>();
  OperatorHarness harness(program, "generate");
  harness.out.yield_always = true;
  Charge huge{.account = "an account that does not lie inline",
              .start = at(1),
              .units = 10'000,
              .note = {}};
  const int calls = harness.push<Charge>({{huge, at(1)}, {charge("b", 2), at(2)}});
  EXPECT_GT(calls, 10);
  const auto lines = harness.records<Line>();
  ASSERT_THAT(lines, SizeIs(10'002));
  EXPECT_EQ(lines[9'999].units, 1);
  EXPECT_EQ(lines[9'999].account, "an account that does not lie inline");
  EXPECT_EQ(lines[10'001].account, "b");
}

inline constexpr SideOutput<Charge> kRefused{"refused"};

void failing(Job& job) {
  auto kept = job.source("charges", none<Charge>()).map([](const Charge& charge, Context& ctx) {
    if (charge.units == 3) throw std::runtime_error("three");
    if (charge.units < 0) ctx.emit(kRefused, charge);
    return Line{.account = charge.account, .units = charge.units, .text = {}};
  });
  kept.named("judge").sink("out", drop<Line, kAppend>());
  kept.side_output(kRefused).sink("refused-out", drop<Charge, kAppend>());
}

TEST(Stateless, AnExceptionNamesTheRecord) {
  const JobProgram program = program_of<failing>();
  OperatorHarness harness(program, "judge");
  BatchPtr batch = Batch::make(type_info<Charge>());
  for (const auto& [one, time] : charges(6)) *static_cast<Charge*>(batch->append(time)) = one;
  try {
    harness.op().process(0, batch, 0, harness.out);
    FAIL() << "no exception";
  } catch (const RecordFailure& failure) {
    EXPECT_EQ(failure.record, 3u);
    EXPECT_THROW(std::rethrow_exception(failure.cause), std::runtime_error);
  }
}

TEST(Stateless, AFunctionEmitsToASideOutput) {
  const JobProgram program = program_of<failing>();
  OperatorHarness harness(program, "judge");
  harness.push<Charge>({{charge("acme", -5, kLong), at(1)}});
  ASSERT_THAT(harness.records<Charge>(1), SizeIs(1));
  EXPECT_EQ(harness.records<Charge>(1)[0].note.str(), kLong);
  EXPECT_EQ(harness.counter("unread_side_output_records"), 0);
}

}  // namespace
}  // namespace tributary::testing
