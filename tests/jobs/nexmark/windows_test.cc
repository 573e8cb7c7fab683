// What the oracle's data does not reach: borders of windows and sessions, bids that come late,
// ties, processing time, settings that make no sense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/nexmark/queries.h"
#include "jobs/nexmark/query_job.h"
#include "operators/testing/job_test.h"

namespace tributary::nexmark {
namespace {

using namespace tributary::testing;  // NOLINT: t("10:05")
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct TestBid {
  std::int64_t auction = 1;
  std::int64_t bidder = 1;
  std::int64_t price = 100;
  Timestamp at = t("10:00");
};

Event event_of(const TestBid& bid) {
  return {.type = EventType::kBid,
          .person = {},
          .auction = {},
          .bid = Bid{.auction = bid.auction,
                     .bidder = bid.bidder,
                     .price = bid.price,
                     .channel = {},
                     .url = {},
                     .date_time = bid.at,
                     .extra = {}}};
}

template <Query kQuery, typename Row>
struct QueryJob {
  JobTest job{query_job<kQuery>, NexmarkSettings{}};
  TestSource<Event> events = job.template source<Event>("events");
  TestSink<Row> results = job.template sink<Row>("results");

  void bid(const TestBid& bid) { events.push(event_of(bid)); }
};

struct HighestBid : ::testing::Test, QueryJob<&q7, BidRow> {};

TEST_F(HighestBid, GivesAllBidsOfTheGreatestPriceWhenTheWindowHasEnded) {
  bid({.auction = 1, .price = 300});
  bid({.auction = 2, .price = 299});
  bid({.auction = 3, .price = 300, .at = t("10:00:09.999")});
  bid({.auction = 4, .price = 400, .at = t("10:00:10")});
  events.watermark(t("10:00:09"));
  EXPECT_THAT(results.published(), IsEmpty());
  events.watermark(t("10:00:10"));
  EXPECT_THAT(results.sorted(), ElementsAre(BidRow{1, 1, 300, t("10:00"), {}},
                                            BidRow{3, 1, 300, t("10:00:09.999"), {}}));
  job.end();
  EXPECT_THAT(results.published(), SizeIs(3));
}

TEST_F(HighestBid, LeavesOutWhatComesAfterTheWindowHasEnded) {
  bid({.price = 300});
  events.watermark(t("10:00:10"));
  bid({.price = 500, .at = t("10:00:05")});
  job.end();
  EXPECT_THAT(results.published(), ElementsAre(BidRow{1, 1, 300, t("10:00"), {}}));
}

TEST_F(HighestBid, DoesNotDependOnTheOrderOfBids) {
  for (std::int64_t i = 0; i < 200; ++i)
    bid({.auction = i, .price = i * 37 % 50, .at = t("10:00") + milliseconds(i * 173)});
  EXPECT_TRUE(job.same_result_when_permuted(10));
}

struct Sessions : ::testing::Test, QueryJob<&q11, BidderCount> {};

TEST_F(Sessions, EndTenSecondsAfterTheirLastBid) {
  bid({.at = t("10:00:00")});
  bid({.at = t("10:00:10")});
  bid({.at = t("10:00:20.001")});
  events.watermark(t("10:00:19.999"));
  EXPECT_THAT(results.published(), IsEmpty());
  events.watermark(t("10:00:20"));
  EXPECT_THAT(results.published(), ElementsAre(BidderCount{1, 2, t("10:00"), t("10:00:20")}));
  job.end();
  EXPECT_THAT(results.published(), SizeIs(2));
}

TEST_F(Sessions, GrowTogetherByABidBetweenThem) {
  events.watermark(t("10:00"));  // from here on the test alone moves it
  bid({.at = t("10:00:00.001")});
  bid({.at = t("10:00:16")});
  bid({.at = t("10:01:00")});
  job.run();
  bid({.at = t("10:00:08")});
  events.watermark(t("10:00:30"));
  EXPECT_THAT(results.published(),
              ElementsAre(BidderCount{1, 3, t("10:00:00.001"), t("10:00:26")}));
  job.end();
  EXPECT_THAT(results.published(), SizeIs(2));
}

TEST_F(Sessions, TakeABidThatIsLateOnlyWithoutThem) {
  bid({.at = t("10:00:00")});
  bid({.at = t("10:00:09")});
  bid({.bidder = 2, .at = t("10:00:00")});
  events.watermark(t("10:00:15"));  // of bidder 2 the session is over, of bidder 1 it is not
  bid({.at = t("10:00:02")});
  bid({.bidder = 2, .at = t("10:00:02")});
  job.end();
  EXPECT_THAT(results.sorted(), ElementsAre(BidderCount{1, 3, t("10:00"), t("10:00:19")},
                                            BidderCount{2, 1, t("10:00"), t("10:00:10")}));
}

TEST_F(Sessions, DoNotDependOnTheOrderOfBids) {
  for (std::int64_t i = 0; i < 300; ++i)
    bid({.bidder = i % 3, .at = t("10:00") + seconds(i * i * 7 % 3'000)});
  EXPECT_TRUE(job.same_result_when_permuted(20));
}

struct ProcessingTime : ::testing::Test, QueryJob<&q12, BidderCount> {};

TEST_F(ProcessingTime, IsCountedInWindowsOfTenSeconds) {
  const Timestamp start = job.now();
  bid({});
  bid({});
  job.advance(9s);
  EXPECT_THAT(results.published(), IsEmpty());
  bid({});
  job.advance(1s);
  EXPECT_THAT(results.published(), ElementsAre(BidderCount{1, 3, start, start + seconds(10)}));
  bid({});
  job.end();
  EXPECT_THAT(results.published(), SizeIs(2));
  EXPECT_EQ(results.published()[1], (BidderCount{1, 1, start + seconds(10), start + seconds(20)}));
}

struct LastBids : ::testing::Test, QueryJob<&q18, Bid> {};

TEST_F(LastBids, AreReplacedByLaterOnesOnly) {
  bid({.price = 5, .at = t("10:00:01")});
  bid({.price = 9, .at = t("10:00:00")});
  EXPECT_THAT(results.published(), SizeIs(1));
  bid({.price = 6, .at = t("10:00:01")});
  bid({.price = 4, .at = t("10:00:01")});
  const auto last = results.folded(&Bid::bidder, &Bid::auction);
  EXPECT_EQ(last.at({1, 1}).price, 6);
}

TEST(NexmarkSettings, ThatMakeNoSenseAreRefused) {
  const auto refusal = [](const NexmarkSettings& settings) -> std::string {
    try {
      const JobTest job(query_job<&q0>, settings);
    } catch (const JobTestFailure& failure) {
      return failure.what();
    }
    return {};
  };
  EXPECT_EQ(refusal({.events = 10}), "");
  EXPECT_THAT(refusal({.events = -1}), HasSubstr("settings events and rate"));
  EXPECT_THAT(refusal({.key_count = 0}), HasSubstr("setting key_count"));
  EXPECT_THAT(refusal({.zipf_hundredths = 0}), HasSubstr("setting zipf_hundredths"));
  EXPECT_THAT(refusal({.events_per_second = 0}), HasSubstr("setting events_per_second"));
  EXPECT_THAT(refusal({.out_of_order_group = 1'906}), HasSubstr("setting out_of_order_group"));
  EXPECT_THAT(refusal({.events_per_second = 10, .out_of_order_group = 41}),
              HasSubstr("at most 4 s of event time"));
  EXPECT_THAT(refusal({.events = 10, .out_of_order_group = 3}),
              HasSubstr("a multiple of out_of_order_group"));
}

}  // namespace
}  // namespace tributary::nexmark
