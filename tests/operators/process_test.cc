// Keyed processes: state by key, timers in order, side outputs, broadcast state and woken keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operators/charges_job.h"
#include "tests/operators/operator_harness.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kLong = "a note that is far too long to lie inline";

struct Tally {
  std::int64_t count = 0;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Tally, count, units);

struct Cursor {
  Text position;
  bool walking = false;
};
TRIBUTARY_RECORD(Cursor, position, walking);

// Sums units; "clear" forgets; "timers" sets timers; negative units go aside.
class Total : public KeyedProcess<Text, Charge, Line> {
 public:
  static constexpr SideOutput<Charge> negative{"negative"};

  explicit Total(std::int64_t factor) : factor_(factor) {}

  void on_record(const Charge& charge, Context& ctx) {
    if (charge.units < 0) return ctx.emit(negative, charge);
    if (charge.note == "clear") {
      total_.clear();
      return;
    }
    if (charge.note == "timers") {
      ctx.set_event_timer(at(50), "late");
      ctx.set_event_timer(at(20), "soon");
      ctx.set_event_timer(at(30), "cancelled");
      ctx.cancel_event_timer(at(30), "cancelled");
      ctx.set_processing_timer(ctx.processing_time() + seconds(5), "flush");
      return;
    }
    total_.update([&](Tally& tally) {
      ++tally.count;
      tally.units += charge.units * factor_;
    });
    notes_.append({.account = charge.account,
                   .start = ctx.event_time(),
                   .units = charge.units,
                   .note = charge.note});
    ctx.emit({.account = ctx.key(),
              .units = total_->units,
              .text = ctx.text("n" + std::to_string(notes_.size()))});
  }
  void on_timer(const Timer& timer, Context& ctx) {
    ctx.emit({.account = ctx.key(), .units = total_->units, .text = ctx.text(timer.name)});
  }

 private:
  std::int64_t factor_;
  Value<Tally> total_ = value<Tally>("total");
  ListOf<Charge> notes_ = list<Charge>("notes");
};

void totals(Job& job) {
  auto lines =
      job.source("charges", none<Charge>()).key_by(&Charge::account).process<Total>("total", 10);
  lines.sink("lines", drop<Line, kAppend>());
  lines.side_output(Total::negative).sink("negative-out", drop<Charge, kAppend>());
}

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> all;
  for (const Line& line : lines)
    all.push_back(fmt::format("{} {} {}", line.account.view(), line.units, line.text.view()));
  return all;
}

TEST(Process, KeepsStateByKeyInOrderOfArrival) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  harness.push<Charge>(
      {{charge("acme", 1), at(1)}, {charge("globex", 5), at(2)}, {charge("acme", 2), at(3)}});
  EXPECT_THAT(texts(harness.records<Line>()),
              ElementsAre("acme 10 n1", "globex 50 n1", "acme 30 n2"));
  EXPECT_EQ(harness.emitted<Line>()[2].event_time, at(3));
}

TEST(Process, ClearedStateIsTheDefaultForTheNextRecordOfTheBatch) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  harness.push<Charge>({{charge("acme", 1), at(1)},
                        {charge("acme", 0, "clear"), at(2)},
                        {charge("globex", 1), at(2)},
                        {charge("acme", 4), at(3)}});
  EXPECT_THAT(texts(harness.records<Line>()),
              ElementsAre("acme 10 n1", "globex 10 n1", "acme 40 n2"));
}

TEST(Process, AKeyLongerThanATextHoldsInlineFindsItsState) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  for (int i = 0; i < 3; ++i) harness.push<Charge>({{charge(kLong, 1), at(i)}});
  EXPECT_EQ(harness.records<Line>().back().units, 30);
}

TEST(Process, EmitsToADeclaredSideOutput) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  harness.push<Charge>({{charge("acme", -1, kLong), at(1)}});
  EXPECT_THAT(harness.records<Line>(), IsEmpty());
  ASSERT_THAT(harness.records<Charge>(1), SizeIs(1));
  EXPECT_EQ(harness.records<Charge>(1)[0].note.str(), kLong);
}

TEST(Process, FiresEventTimersInOrderOfTimeBeforeTheWatermarkIsDone) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  harness.push<Charge>({{charge("b", 0, "timers"), at(1)}, {charge("a", 0, "timers"), at(1)}});
  harness.advance(at(19));
  EXPECT_THAT(harness.records<Line>(), IsEmpty());
  harness.advance(at(49));
  EXPECT_THAT(harness.records<Line>(), SizeIs(2));
  harness.advance(at(50));
  const auto lines = harness.emitted<Line>();
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_EQ(lines[0].record.text, "soon");
  EXPECT_EQ(lines[0].event_time, at(20));
  EXPECT_EQ(lines[3].record.text, "late");
  EXPECT_EQ(lines[3].event_time, at(50));
}

TEST(Process, TimersAreResumedWhenTheSlotIsWantedBack) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  for (int i = 0; i < 200; ++i) {
    harness.push<Charge>({{charge("k" + std::to_string(i), 0, "timers"), at(1)}});
  }
  harness.out.yield_always = true;
  EXPECT_GT(harness.advance(at(20)), 5);
  EXPECT_THAT(harness.records<Line>(), SizeIs(200));
}

TEST(Process, FiresProcessingTimersByTheClockAndOnceAtTheEnd) {
  const JobProgram program = program_of<totals>();
  OperatorHarness harness(program, "total");
  harness.push<Charge>({{charge("a", 0, "timers"), at(1)}});
  harness.advance_clock(seconds(4));
  EXPECT_THAT(harness.records<Line>(), IsEmpty());
  harness.advance_clock(seconds(1));
  EXPECT_THAT(texts(harness.records<Line>()), ElementsAre("a 0 flush"));
  harness.push<Charge>({{charge("b", 0, "timers"), at(1)}});
  harness.end();
  EXPECT_EQ(texts(harness.records<Line>()).back(), "b 0 flush");
}

// Multiplies units by the account's rule; re-prices all stored charges of an account when its rule
// changes.
class Price : public BroadcastProcess<Text, Charge, Rule, Line, kDelta> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    charges_.put(charge.units, charge);
    ctx.emit({.account = ctx.key(), .units = charge.units * factor(ctx.key()), .text = "new"});
  }
  void on_broadcast(const Rule& rule, BroadcastContext& ctx) {
    rules_.put(ctx, rule.account, rule);
    ctx.wake_keys(
        [account = rule.account.str()](const Text& key) { return key.view() == account; });
  }
  Progress on_wake(Context& ctx) {
    const std::string from = cursor_->position.str();
    const auto next =
        charges_.scan_from(from, 10, [&](const std::int64_t& units, const Charge& charge) {
          ctx.emit({.account = charge.account,
                    .units = units * factor(charge.account),
                    .text = "again"});
          charges_.put(units, charge);  // a scan allows changes
        });
    if (!next) {
      cursor_.clear();
      return Progress::kDone;
    }
    cursor_.set({.position = ctx.text(*next), .walking = true});
    return Progress::kAgain;
  }

 private:
  std::int64_t factor(const Text& account) const {
    const Rule* rule = rules_.get(account);
    return rule == nullptr ? 1 : rule->factor;
  }
  BroadcastMap<Text, Rule> rules_ = broadcast_map<Text, Rule>("rules");
  MapOf<std::int64_t, Charge> charges_ = map<std::int64_t, Charge>("charges");
  Value<Cursor> cursor_ = value<Cursor>("cursor");
};

void prices(Job& job) {
  auto rules = job.source("rules", none<Rule>()).broadcast();
  job.source("charges", none<Charge>())
      .after(rules.caught_up())
      .key_by(&Charge::account)
      .with(rules)
      .process<Price>("price")
      .sink("lines", drop<Line, kAppend, kDelta>());
}

TEST(BroadcastProcess, WakesTheKeysThatARuleConcernsInSlices) {
  const JobProgram program = program_of<prices>();
  OperatorHarness harness(program, "price");
  std::vector<std::pair<Charge, Timestamp>> charges;
  for (int i = 0; i < 35; ++i) charges.push_back({charge("acme", i), at(i)});
  charges.push_back({charge("globex", 7), at(1)});
  harness.push(charges);
  harness.push<Rule>({{Rule{.account = "acme", .factor = 3}, at(1)}}, 1);
  ASSERT_TRUE(harness.wants_background());
  harness.out.batches.clear();
  harness.out.yield_always = true;
  EXPECT_GE(harness.run_background(), 4);
  const auto lines = harness.records<Line>();
  ASSERT_THAT(lines, SizeIs(35));
  EXPECT_EQ(lines[34].units, 34 * 3);
  EXPECT_EQ(lines[34].text, "again");
  EXPECT_EQ(lines[34].account, "acme");
}

// Numbers the accounts in the order in which it met them, outside of its state.
class Numbered : public KeyedProcess<Text, Charge, Line> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    if (!known_.present()) {
      known_.set({.count = ++accounts_});
      for (int i = 0; i < 3; ++i) notes_.append(charge);
    }
    ctx.emit({.account = ctx.key(), .units = accounts_, .text = ctx.text(names_)});
  }
  void on_restored(const Text& key) {
    accounts_ = std::max(accounts_, known_->count);
    names_ += key.str() + std::to_string(notes_.size()) + " ";
  }

 private:
  Value<Tally> known_ = value<Tally>("known");
  ListOf<Charge> notes_ = list<Charge>("notes");
  std::int64_t accounts_ = 0;
  std::string names_;
};

void numbers(Job& job) {
  job.source("charges", none<Charge>())
      .key_by(&Charge::account)
      .process<Numbered>("number")
      .sink("lines", drop<Line, kAppend>());
}

TEST(Process, ARestoredOneMakesAgainWhatItDerivedFromItsKeys) {
  const JobProgram program = program_of<numbers>();
  OperatorHarness harness(program, "number");
  harness.push<Charge>({{charge("a", 1), at(1)}, {charge("b", 1), at(1)}});
  harness.out.batches.clear();
  harness.restart();
  harness.push<Charge>({{charge("a", 1), at(1)}, {charge("c", 1), at(1)}});
  const auto lines = harness.records<Line>();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].units, 2);
  EXPECT_THAT(lines[0].text.str(), ::testing::AnyOf("a3 b3 ", "b3 a3 "));
  EXPECT_EQ(lines[1].units, 3);
}

TEST(BroadcastProcess, RequestsDuringAWalkAreJoinedIntoOneNextPass) {
  const JobProgram program = program_of<prices>();
  OperatorHarness harness(program, "price");
  harness.push<Charge>({{charge("a", 1), at(1)}, {charge("b", 1), at(1)}});
  harness.out.batches.clear();
  harness.push<Rule>({{Rule{.account = "a", .factor = 2}, at(1)},
                      {Rule{.account = "b", .factor = 4}, at(1)},
                      {Rule{.account = "a", .factor = 5}, at(1)}},
                     1);
  harness.run_background();
  EXPECT_THAT(texts(harness.records<Line>()), ElementsAre("a 5 again", "b 4 again"));
}

TEST(BroadcastProcess, FinishesTheWalkBeforeItEnds) {
  const JobProgram program = program_of<prices>();
  OperatorHarness harness(program, "price");
  harness.push<Charge>({{charge("a", 1), at(1)}});
  harness.push<Rule>({{Rule{.account = "a", .factor = 2}, at(1)}}, 1);
  harness.end();
  EXPECT_THAT(texts(harness.records<Line>()), ElementsAre("a 1 new", "a 2 again"));
}

struct SumUnits {
  using Accumulator = Tally;
  void add(Tally& tally, const Charge& charge) { tally.units += charge.units; }
  Line result(const Text& key, const Tally& tally) {
    return {.account = key, .units = tally.units, .text = {}};
  }
};

void running(Job& job) {
  auto keyed = job.source("charges", none<Charge>()).key_by([](const Charge& charge) {
    return charge.account;
  });
  keyed.aggregate<SumUnits>("sum").sink("sums", drop<Line, kUpsert>());
  keyed
      .reduce("largest", [](const Charge& a, const Charge& b) { return a.units < b.units ? b : a; })
      .sink("largest-out", drop<Charge, kUpsert>());
}

TEST(RunningFolds, GiveTheResultSoFarAfterEachRecord) {
  const JobProgram program = program_of<running>();
  OperatorHarness sums(program, "sum");
  sums.push<Charge>({{charge("a", 1), at(1)}, {charge("a", 5), at(1)}, {charge("b", 2), at(1)}});
  EXPECT_THAT(texts(sums.records<Line>()), ElementsAre("a 1 ", "a 6 ", "b 2 "));
  OperatorHarness largest(program, "largest");
  largest.push<Charge>({{charge("a", 3, kLong), at(1)}, {charge("a", 1), at(1)}});
  ASSERT_THAT(largest.records<Charge>(), SizeIs(2));
  EXPECT_EQ(largest.records<Charge>()[1].note.str(), kLong);
}

}  // namespace
}  // namespace tributary::testing
