// Checkpoints, crashes, restores and other slots, of a job that keeps everything a job can keep.
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/testing/job_test.h"
#include "tests/operators/testing/account_job.h"

namespace tributary::testing {
namespace {

using account::Account;
using account::accounts;
using account::Charge;
using account::Hour;
using account::Note;
using account::Posting;
using account::Rate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename F>
std::string failure_of(F call) {
  try {
    call();
  } catch (const JobTestFailure& failure) {
    return failure.what();
  }
  return "(nothing was thrown)";
}

struct Accounts {
  explicit Accounts(const JobTestOptions& options = {}) : job(accounts, Settings{}, options) {
    postings.keyed_by(&Posting::team, &Posting::id).summing(&Posting::units);
    hours.keyed_by(&Hour::team, &Hour::hour);
  }
  void charge(std::string_view team, std::int64_t id, Timestamp at, std::int64_t units) {
    charges.push({.team = Text(team), .id = id, .at = at, .units = units});
  }
  std::map<std::string, std::int64_t> posted() {
    return postings.summed(&Posting::team, &Posting::units);
  }
  std::int64_t hour(const char* team, const char* hour) {
    return hours.folded(&Hour::team, &Hour::hour).at({team, t(hour)}).units;
  }

  JobTest job;
  TestSource<Rate> rates = job.source<Rate>("rates");
  TestSource<Charge> charges = job.source<Charge>("charges");
  TestSink<Posting> postings = job.sink<Posting>("postings");
  TestSink<Note> notes = job.sink<Note>("notes");
  TestSink<Hour> hours = job.sink<Hour>("hours");
  TestSink<Charge> too_late = job.sink<Charge>("too-late");
};

TEST(JobTestCrash, WhatCameAfterTheLastCheckpointIsGoneAndReadAgain) {
  Accounts a;
  a.charge("core", 1, t("10:05"), 3);
  a.job.checkpoint();
  a.charge("core", 2, t("10:06"), 4);
  EXPECT_THAT(a.postings.published(), SizeIs(2));
  a.job.crash();
  EXPECT_EQ(a.job.phase(), "CRASHED");
  EXPECT_THAT(a.postings.published(), ElementsAre(Posting{"core", 1, 3}));
  a.job.restore();
  EXPECT_EQ(a.job.phase(), "RUN");
  EXPECT_THAT(a.postings.published(), ElementsAre(Posting{"core", 1, 3}, Posting{"core", 2, 4}));
}

TEST(JobTestCrash, WithoutACheckpointTheJobBeginsAnew) {
  Accounts a;
  a.rates.push({.team = "core", .factor = 2});
  a.charge("core", 1, t("10:05"), 3);
  EXPECT_THAT(a.postings.published(), ElementsAre(Posting{"core", 1, 6}));
  a.job.crash();
  EXPECT_THAT(a.postings.published(), IsEmpty());
  a.job.restore();
  EXPECT_THAT(a.postings.published(), ElementsAre(Posting{"core", 1, 6}));
}

TEST(JobTestCrash, WhatIsPushedWhileTheJobIsDownWaits) {
  Accounts a;
  a.charge("core", 1, t("10:05"), 3);
  a.job.checkpoint();
  a.job.crash();
  a.charge("core", 2, t("10:06"), 4);
  a.job.restore();
  EXPECT_EQ(a.posted().at("core"), 7);
}

TEST(JobTestCrash, ManyCrashesGoBackToTheSameCheckpoint) {
  Accounts a({.slots = 2});
  a.charge("core", 1, t("10:05"), 3);
  a.job.checkpoint();
  a.job.checkpoint();  // nothing has changed: the first is what it would be
  for (int i = 2; i < 6; ++i) {
    a.charge("core", i, t("10:06"), 1);
    a.job.crash();
    a.job.restore();
    EXPECT_EQ(a.posted().at("core"), 3 + i - 1);
  }
  EXPECT_THAT(a.postings.published(), SizeIs(5));
}

TEST(JobTestCrash, TheClockGoesOn) {
  Accounts a;
  a.job.checkpoint();
  const Timestamp before = a.job.now();
  a.job.advance(10s);
  a.job.crash();
  a.job.restore();
  EXPECT_EQ(a.job.now(), before + seconds(10));
}

class JobTestRescale : public ::testing::TestWithParam<std::tuple<std::uint32_t, std::uint32_t>> {
 protected:
  std::uint32_t before() const { return std::get<0>(GetParam()); }
  std::uint32_t after() const { return std::get<1>(GetParam()); }
};

// Rule 32: a window that has fired and was forgotten is not opened again.
TEST_P(JobTestRescale, Rule32_ALateRecordIsLateAfterARestoreToo) {
  Accounts a({.slots = before()});
  a.charge("core", 1, t("10:05"), 3);
  a.charges.watermark(t("13:00"));
  EXPECT_EQ(a.hour("core", "10:00"), 3);
  a.job.checkpoint();
  a.charge("core", 2, t("10:06"), 4);
  EXPECT_THAT(a.too_late.published(), SizeIs(1));
  a.job.crash();
  EXPECT_THAT(a.too_late.published(), IsEmpty());
  a.job.restore();
  EXPECT_THAT(a.too_late.published(), SizeIs(1));
  a.job.rescale(after());
  a.charge("core", 3, t("10:07"), 5);
  a.charge("other", 4, t("10:07"), 5);
  a.job.advance(2s);
  EXPECT_THAT(a.too_late.published(), SizeIs(3));
  EXPECT_THAT(a.hours.published(), ElementsAre(Hour{"core", t("10:00"), 3}));
}

TEST_P(JobTestRescale, AWindowGoesOnWhereItWas) {
  Accounts a({.slots = before()});
  a.charge("core", 1, t("10:05"), 3);
  a.job.rescale(after());
  a.charge("core", 2, t("10:06"), 4);
  EXPECT_THAT(a.hours.published(), IsEmpty());
  a.charges.watermark(t("11:00"));
  EXPECT_EQ(a.hour("core", "10:00"), 7);
  a.job.checkpoint();
  a.charge("core", 3, t("10:07"), 1);  // late, and corrects the hour
  a.job.crash();
  a.job.restore();
  a.job.advance(1s);
  EXPECT_EQ(a.hour("core", "10:00"), 8);
}

TEST_P(JobTestRescale, TimersOfBothClocksFireOnceWithWhatTheirKeyHolds) {
  Accounts a({.slots = before()});
  a.charge("a", 1, t("10:00"), 3);
  a.charge("b", 2, t("10:30"), 5);
  a.job.rescale(after());
  a.charge("a", 3, t("10:01"), 4);
  a.job.advance(1min);
  EXPECT_THAT(a.notes.sorted(), ElementsAre(Note{"a", "after a minute", {}, {}},
                                            Note{"b", "after a minute", {}, {}}));
  a.job.checkpoint();
  a.job.crash();
  a.job.restore();
  a.job.advance(5min);
  EXPECT_THAT(a.notes.published(), SizeIs(2));
  a.charges.watermark(t("12:00"));
  EXPECT_THAT(a.notes.published(), SizeIs(3));
  EXPECT_EQ(a.notes.published().back(), (Note{"a", "after two hours", {2, 7}, "1 3 "}));
  a.job.crash();
  a.job.restore();
  a.charges.watermark(t("12:30"));
  EXPECT_THAT(a.notes.published(), SizeIs(4));
  EXPECT_EQ(a.notes.published().back(), (Note{"b", "after two hours", {1, 5}, "2 "}));
}

TEST_P(JobTestRescale, RulesFromBeforeAndAfterACrashHoldInEveryTask) {
  Accounts a({.slots = before()});
  a.rates.push_all({{"a", 2}, {"b", 3}});
  for (int i = 0; i < 4; ++i) a.charge(i % 2 == 0 ? "a" : "b", i, t("10:00"), 1);
  EXPECT_THAT(a.posted(), ElementsAre(std::pair("a", 4), std::pair("b", 6)));
  a.job.checkpoint();
  a.rates.push({"b", 10});
  EXPECT_EQ(a.posted().at("b"), 20);
  a.job.crash();
  EXPECT_EQ(a.posted().at("b"), 6);
  a.job.restore();
  EXPECT_EQ(a.posted().at("b"), 20);
  a.job.rescale(after());
  for (int i = 4; i < 8; ++i) a.charge(i % 2 == 0 ? "a" : "b", i, t("10:00"), 1);
  EXPECT_THAT(a.posted(), ElementsAre(std::pair("a", 8), std::pair("b", 40)));
}

TEST_P(JobTestRescale, ANewRateWakesKeysThatWereRestored) {
  Accounts a({.slots = before()});
  for (int i = 0; i < 20; ++i)
    a.charge(std::string(1, static_cast<char>('a' + i)), i, t("10:00"), i);
  a.job.rescale(after());
  for (int i = 0; i < 20; ++i)
    a.rates.push({.team = Text(std::string(1, static_cast<char>('a' + i))), .factor = 2});
  const std::map<std::string, std::int64_t> posted = a.posted();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(posted.at(std::string(1, static_cast<char>('a' + i))), 2 * i);
}

TEST_P(JobTestRescale, AGateThatHasOpenedStaysOpen) {
  Accounts a({.slots = before()});
  a.rates.push({"a", 2});
  a.charge("a", 1, t("10:00"), 1);
  a.job.checkpoint();
  EXPECT_EQ(a.posted().at("a"), 2);
  a.job.crash();
  a.charge("a", 2, t("10:00"), 1);
  a.job.restore();
  EXPECT_EQ(a.posted().at("a"), 4);
  a.job.rescale(after());
  a.charge("a", 3, t("10:00"), 1);
  EXPECT_EQ(a.posted().at("a"), 6);
}

TEST_P(JobTestRescale, AJobThatEndsAfterItHasEmittedEverythingOnce) {
  Accounts a({.slots = before()});
  for (int i = 0; i < 100; ++i) a.charge(i % 3 == 0 ? "a" : "b", i, t("10:00") + minutes(i), 1);
  a.job.rescale(after());
  a.rates.push({"b", 2});
  a.rates.end();
  a.job.rescale(before());
  a.job.crash();
  a.job.restore();
  a.job.end();
  EXPECT_EQ(a.job.phase(), "FINISHED");
  EXPECT_THAT(a.posted(), ElementsAre(std::pair("a", 34), std::pair("b", 132)));
  EXPECT_EQ(a.hours.folded(&Hour::team, &Hour::hour).size(), 4U);
  EXPECT_THAT(a.notes.published(), SizeIs(4));
}

INSTANTIATE_TEST_SUITE_P(Slots, JobTestRescale,
                         ::testing::Values(std::tuple(1U, 3U), std::tuple(4U, 1U),
                                           std::tuple(3U, 2U), std::tuple(2U, 2U)));

// One history, disturbed in every way after each of its steps.
std::string outcome(std::uint32_t slots, const std::function<void(JobTest&, int)>& after_step) {
  Accounts a({.slots = slots});
  auto step = [&, i = 0](auto&& call) mutable {
    call();
    after_step(a.job, i++);
  };
  step([&] { a.rates.push_all({{"a", 2}, {"b", 3}}); });
  step([&] {
    for (int i = 0; i < 30; ++i)
      a.charge(i % 2 == 0 ? "a" : "b", i, t("10:00") + minutes(i), 1 + i);
  });
  step([&] { a.charges.watermark(t("11:00")); });
  step([&] { a.job.advance(90s); });
  step([&] { a.charge("c", 40, t("11:10"), 7); });
  step([&] { a.rates.push({"a", 5}); });
  step([&] { a.charge("a", 41, t("10:59"), 100); });
  step([&] { a.charges.watermark(t("12:30")); });
  step([&] { a.charge("b", 42, t("10:01"), 1000); });
  step([&] { a.rates.end(); });
  a.job.end();
  std::string text;
  for (const auto& [key, units] : a.postings.summed(&Posting::team, &Posting::id, &Posting::units))
    text += fmt::format("{} {} {}, ", std::get<0>(key), std::get<1>(key), units);
  for (const auto& [key, hour] : a.hours.folded(&Hour::team, &Hour::hour))
    text +=
        fmt::format("{} {} {}, ", std::get<0>(key), format_timestamp(std::get<1>(key)), hour.units);
  for (const Note& note : a.notes.sorted())
    text += fmt::format("{} {} {} {}, ", note.team.view(), note.timer.view(), note.tally.units,
                        note.ids.view());
  for (const Charge& charge : a.too_late.sorted()) text += fmt::format("late {}, ", charge.id);
  return text;
}

TEST(JobTestCrash, WhatAJobAmountsToIsTheSameWhereverItIsDisturbed) {
  constexpr int kSteps = 10;
  const std::string expected = outcome(1, [](JobTest&, int) {});
  EXPECT_THAT(expected, HasSubstr("a 0 5, "));
  EXPECT_THAT(expected, HasSubstr("late 42"));
  EXPECT_THAT(expected, HasSubstr("c after two hours"));
  const std::vector<std::function<void(JobTest&)>> disturbances = {
      [](JobTest& job) {
        job.checkpoint();
        job.crash();
        job.restore();
      },
      [](JobTest& job) {  // since the checkpoint before, or the beginning
        job.crash();
        job.restore();
      },
      [](JobTest& job) { job.rescale(3); },
      [](JobTest& job) {
        job.rescale(2);
        job.crash();
        job.restore();
        job.rescale(1);
      },
      [](JobTest& job) {
        job.stop();
        job.restore();
      }};
  for (std::size_t way = 0; way < disturbances.size(); ++way) {
    for (int at = 0; at < kSteps; ++at) {
      EXPECT_EQ(expected, outcome(1 + static_cast<std::uint32_t>(at) % 3,
                                  [&](JobTest& job, int step) {
                                    if (step == at) disturbances[way](job);
                                    if (step + 2 == at) job.checkpoint();
                                  }))
          << "way " << way << " after step " << at;
    }
    EXPECT_EQ(expected, outcome(2, [&](JobTest& job, int) { disturbances[way](job); }))
        << "way " << way << " after each step";
  }
}

TEST(JobTestCrash, AHistoryWithCrashesIsRunAgainWithMoreOfThem) {
  Accounts a({.slots = 2});
  a.rates.push({"a", 2});
  for (int i = 0; i < 40; ++i) a.charge(i % 2 == 0 ? "a" : "b", i, t("10:00") + minutes(i), i);
  a.job.checkpoint();
  a.charges.watermark(t("10:30"));
  a.job.rescale(3);
  a.charge("b", 50, t("10:40"), 9);
  a.job.crash();
  a.job.restore();
  a.rates.push({"b", 7});
  a.job.advance(2min);
  // The order of arrival is in a note.
  EXPECT_TRUE(
      a.job.same_result_when_permuted(40, {.keep_order = true, .ignored_sinks = {"notes"}}));
  EXPECT_TRUE(a.job.same_result_when_permuted(10, {.crashes = 6, .ignored_sinks = {"notes"}}));
}

TEST(JobTestCrash, AStoppedJobGoesOn) {
  Accounts a;
  a.charge("a", 1, t("10:00"), 1);
  a.job.stop();
  EXPECT_EQ(a.job.phase(), "STOPPED");
  a.charge("a", 2, t("10:00"), 1);
  a.job.restore();
  EXPECT_THAT(a.postings.published(), ElementsAre(Posting{"a", 1, 1}, Posting{"a", 2, 1}));
}

TEST(JobTestCrash, AFailedJobGoesOnFromItsCheckpointOnceTheCauseIsGone) {
  Account::refuses_refunds = true;
  Accounts a;
  a.charge("a", 1, t("10:00"), 1);
  a.job.checkpoint();
  a.charge("a", 2, t("10:00"), 1);
  a.job.run();
  a.charge("a", 3, t("10:00"), -1);
  ASSERT_TRUE(a.job.failure().has_value());
  EXPECT_THAT(failure_of([&] { a.job.checkpoint(); }), HasSubstr("no refunds today"));
  EXPECT_THAT(failure_of([&] { a.job.crash(); }), HasSubstr("no refunds today"));
  EXPECT_THAT(failure_of([&] { a.job.rescale(2); }), HasSubstr("no refunds today"));
  Account::refuses_refunds = false;
  a.job.restore();
  EXPECT_THAT(a.postings.published(),
              ElementsAre(Posting{"a", 1, 1}, Posting{"a", 2, 1}, Posting{"a", 3, -1}));
}

TEST(JobTestCrash, StepsAtTheWrongTimeAreSaidInASentence) {
  Accounts a;
  EXPECT_THAT(failure_of([&] { a.job.restore(); }), HasSubstr("is running"));
  EXPECT_THAT(failure_of([&] { a.job.rescale(0); }), HasSubstr("at least 1"));
  a.job.crash();
  const auto steps =
      std::vector<std::function<void()>>{[&] {
                                           a.job.run();
                                           a.charge("a", 1, t("10:00"), 1);
                                           a.job.run();
                                         },
                                         [&] { a.job.advance(1s); },
                                         [&] { a.job.end(); },
                                         [&] { a.job.stop(); },
                                         [&] { a.job.checkpoint(); },
                                         [&] { a.job.crash(); },
                                         [&] { a.job.rescale(2); },
                                         [&] { a.charges.watermark(t("10:00")); },
                                         [&] { a.charges.idle(); },
                                         [&] { a.rates.end(); },
                                         [&] { (void)a.postings.published(); },
                                         [&] { a.job.same_result_when_permuted(1); }};
  for (std::size_t i = 0; i < steps.size(); ++i)
    EXPECT_THAT(failure_of(steps[i]), HasSubstr("restore()")) << i;
  a.job.restore();
  a.job.end();
  EXPECT_THAT(failure_of([&] { a.job.crash(); }), HasSubstr("FINISHED"));
  EXPECT_THAT(failure_of([&] { a.job.checkpoint(); }), HasSubstr("FINISHED"));
  EXPECT_THAT(failure_of([&] { a.job.restore(); }), HasSubstr("has finished"));
  EXPECT_EQ(a.posted().at("a"), 1);
}

// Counts in a member of the class: right until the first restore.
class Forgetful : public KeyedProcess<Text, Charge, Posting, kUpsert> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    ctx.emit({.team = charge.team, .id = 0, .units = seen_[charge.team.str()] += charge.units});
  }

 private:
  std::map<std::string, std::int64_t> seen_;
};
// The same as it should be.
class Mindful : public KeyedProcess<Text, Charge, Posting, kUpsert> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    seen_.update([&](account::Tally& tally) { tally.units += charge.units; });
    ctx.emit({.team = charge.team, .id = 0, .units = seen_->units});
  }

 private:
  Value<account::Tally> seen_ = value<account::Tally>("seen");
};
template <typename Process>
void totals(Job& job, const Settings&) {
  job.source("charges", files<Charge>("/nowhere"))
      .key_by(&Charge::team)
      .template process<Process>("total")
      .sink("totals", files_upsert<Posting>("/nowhere/out"));
}

template <typename Process>
std::optional<std::string> difference_of(const PermuteOptions& options) {
  JobTest job(totals<Process>);
  auto charges = job.source<Charge>("charges");
  job.sink<Posting>("totals").keyed_by(&Posting::team);
  for (int i = 0; i < 10; ++i) {
    charges.push({.team = "a", .id = i, .at = {}, .units = 1});
    charges.push({.team = "b", .id = i, .at = {}, .units = 2});
    job.run();
  }
  return job.difference_when_permuted(10, options);
}

TEST(JobTestCrash, AProcessThatKeepsSomethingOutsideItsHandlesIsFound) {
  const auto difference = difference_of<Forgetful>({});
  ASSERT_TRUE(difference.has_value());
  EXPECT_THAT(*difference, HasSubstr("sink totals, seed "));
  EXPECT_THAT(*difference, ::testing::ContainsRegex("restored before|in flight|slots from step"));
  EXPECT_EQ(difference_of<Forgetful>({.crashes = 0}), std::nullopt);
  EXPECT_EQ(difference_of<Mindful>({}), std::nullopt);
}

}  // namespace
}  // namespace tributary::testing
