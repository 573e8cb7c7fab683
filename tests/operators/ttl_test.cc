// State that expires, as authors declare it: by event time, by processing time, element by element.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tributary/blackhole.h>
#include <tributary/files.h>
#include <tributary/ttl.h>

#include "operators/testing/job_test.h"
#include "tests/operators/charges_job.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Visit {
  Text user;
  Timestamp at;
  std::int64_t pages = 0;
};
TRIBUTARY_RECORD(Visit, user, at, pages);

// What the state of a user held after a visit.
struct Held {
  Text user;
  std::int64_t visits = 0;
  Text pages;
};
TRIBUTARY_RECORD(Held, user, visits, pages);

struct Counted {
  std::int64_t visits = 0;
};
TRIBUTARY_RECORD(Counted, visits);

// Counts the visits of a user and lists their pages in three ways; -1 pages: only look.
class Visits : public KeyedProcess<Text, Visit, Held> {
 public:
  explicit Visits(Ttl expires)
      : counted_(value<Counted>("counted", expires)),
        pages_(list<Visit>("pages", expires)),
        by_page_(map<std::int64_t, Visit>("by-page", expires)) {}

  void on_record(const Visit& visit, Context& ctx) {
    if (visit.pages >= 0) {
      counted_.update([](Counted& counted) { ++counted.visits; });
      pages_.append(visit);
      by_page_.put(visit.pages, visit);
      ctx.set_processing_timer(ctx.processing_time() + hours(1));
    }
    tell(ctx);
  }
  void on_timer(const Timer&, Context& ctx) { tell(ctx); }

 private:
  void tell(Context& ctx) {
    std::string text;
    pages_.for_each([&](const Visit& visit) { text += std::to_string(visit.pages) + " "; });
    text += "| ";
    by_page_.for_each(
        [&](const std::int64_t& page, const Visit&) { text += std::to_string(page) + " "; });
    text += "| " + std::to_string(pages_.size());
    ctx.emit({.user = ctx.key(), .visits = counted_->visits, .pages = ctx.text(text)});
  }

  Value<Counted> counted_;
  ListOf<Visit> pages_;
  MapOf<std::int64_t, Visit> by_page_;
};

struct TtlSettings {
  Duration after;
  bool on_processing_time = false;
};
TRIBUTARY_RECORD(TtlSettings, after, on_processing_time);

void visits(Job& job, const TtlSettings& settings) {
  const Ttl expires = ttl(settings.after);
  job.source("visits", files<Visit>("/nowhere/visits"))
      .event_time(&Visit::at, bounded_lateness(0s))
      .key_by(&Visit::user)
      .process<Visits>("count",
                       settings.on_processing_time ? expires.on_processing_time() : expires)
      .sink("held", blackhole<Held>());
}

struct Subject {
  explicit Subject(const TtlSettings& settings) : job(visits, settings) {}
  void visit(std::string_view at, std::int64_t pages) {
    source.push({.user = "ann", .at = t(at), .pages = pages});
  }
  // What the last look found.
  std::string last() {
    const auto all = held.published();
    if (all.empty()) return "(nothing)";
    return std::to_string(all.back().visits) + ": " + all.back().pages.str();
  }

  JobTest job;
  TestSource<Visit> source = job.source<Visit>("visits");
  TestSink<Held> held = job.sink<Held>("held");
};

TEST(TtlTest, Rule42_StateExpiresByEventTimeAndNotByTheClock) {
  Subject s({.after = hours(1)});
  s.source.watermark(t("10:00"));
  s.visit("10:10", 1);
  s.job.advance(48h);  // no record comes: nothing is forgotten
  s.visit("10:20", -1);
  EXPECT_EQ(s.last(), "1: 1 | 1 | 1");
  s.source.watermark(t("10:59:59"));
  s.visit("11:00", -1);
  EXPECT_EQ(s.last(), "1: 1 | 1 | 1");
  s.source.watermark(t("11:00"));  // an hour after the watermark at which it was written
  s.visit("11:01", -1);
  EXPECT_EQ(s.last(), "0: | | 0");
  s.visit("11:02", 2);
  EXPECT_EQ(s.last(), "1: 2 | 2 | 1");
}

TEST(TtlTest, ProcessingTimeByChoice) {
  Subject s({.after = hours(1), .on_processing_time = true});
  s.source.watermark(t("10:00"));
  s.visit("10:10", 1);
  s.source.watermark(t("20:00"));
  s.visit("20:10", -1);
  EXPECT_EQ(s.last(), "1: 1 | 1 | 1");
  s.job.advance(61min);
  s.visit("20:20", -1);
  EXPECT_EQ(s.last(), "0: | | 0");
}

TEST(TtlTest, ElementsOfAListExpireOneByOneAndAppendingGoesOnBehindThem) {
  Subject s({.after = hours(1)});
  for (int hour = 0; hour < 6; ++hour) {
    s.source.watermark(t("10:00") + minutes(20 * hour));
    s.visit("14:00", hour);
    s.job.run();
  }
  // Those of 11:00, 11:20, 11:40; the value was written each time.
  EXPECT_EQ(s.last(), "6: 3 4 5 | 3 4 5 | 3");
  s.source.watermark(t("12:30"));
  s.visit("14:00", 6);
  EXPECT_EQ(s.last(), "7: 5 6 | 5 6 | 2");
  s.source.watermark(t("13:31"));
  s.visit("14:00", 7);
  EXPECT_EQ(s.last(), "1: 7 | 7 | 1");
}

TEST(TtlTest, WhatWasWrittenBeforeTheFirstWatermarkLivesFromThere) {
  Subject s({.after = hours(1)});
  s.source.watermark(Timestamp::min());
  s.source.push_at(t("10:00"), {.user = "ann", .at = {}, .pages = 1});
  s.job.run();
  s.source.watermark(t("10:00"));
  s.visit("10:10", -1);
  EXPECT_EQ(s.last(), "1: 1 | 1 | 1");
  s.source.watermark(t("11:00"));
  s.visit("11:10", -1);
  EXPECT_EQ(s.last(), "0: | | 0");
}

TEST(TtlTest, TheEndOfEventTimeForgetsNothing) {
  Subject s({.after = hours(1)});
  s.source.watermark(t("10:00"));
  s.visit("10:10", 1);
  s.job.end();  // its timer of processing time fires
  EXPECT_EQ(s.last(), "1: 1 | 1 | 1");
  EXPECT_EQ(s.held.published().size(), 2U);
}

TEST(TtlTest, AnEmptyOrNegativeTimeToLiveIsRefused) {
  for (const Duration after : {Duration{}, seconds(-1)}) {
    const JobTestOptions options;
    try {
      const JobTest job(visits, TtlSettings{.after = after}, options);
      FAIL() << "the graph was taken";
    } catch (const JobTestFailure& failure) {
      EXPECT_THAT(failure.what(), HasSubstr("G317"));
      EXPECT_THAT(failure.what(), HasSubstr("state \"counted\" of count has a time to live of"));
    }
  }
}

}  // namespace
}  // namespace tributary::testing
