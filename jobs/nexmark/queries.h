// jobs/nexmark/queries.h
// The queries of Nexmark that this engine's operators can express, each in a file of its name, and
// the rows that they give.
//
// Decides: the rows, named as in the benchmark. A query is a function from the bids to its results;
// query_job.h makes jobs of them.
#pragma once

#include <cstdint>

#include <tributary/job.h>

#include "jobs/nexmark/core/event.h"
#include "jobs/nexmark/results.h"

namespace tributary::nexmark {

using Query = void (*)(const Stream<Bid>& bids, const Results& results);

// What q0 and q7 give.
struct BidRow {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  Timestamp date_time;
  Text extra;
};
TRIBUTARY_RECORD(BidRow, auction, bidder, price, date_time, extra);
inline BidRow row_of(const Bid& bid) {
  return {.auction = bid.auction,
          .bidder = bid.bidder,
          .price = bid.price,
          .date_time = bid.date_time,
          .extra = bid.extra};
}

struct EuroBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  Amount price;
  Timestamp date_time;
  Text extra;
};
TRIBUTARY_RECORD(EuroBid, auction, bidder, price, date_time, extra);

// A dollar is 0.908 euro, exactly.
constexpr Amount in_euro(std::int64_t dollars) { return {Amount::kOne / 1'000 * 908 * dollars}; }

struct AuctionPrice {
  std::int64_t auction = 0;
  std::int64_t price = 0;
};
TRIBUTARY_RECORD(AuctionPrice, auction, price);

// What q11 and q12 give.
struct BidderCount {
  std::int64_t bidder = 0;
  std::int64_t bid_count = 0;
  Timestamp start_time;
  Timestamp end_time;
};
TRIBUTARY_RECORD(BidderCount, bidder, bid_count, start_time, end_time);

struct CalculatedBid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  Amount price;
  Text bid_time_type;
  Timestamp date_time;
  Text extra;
  std::int64_t c_counts = 0;
};
TRIBUTARY_RECORD(CalculatedBid, auction, bidder, price, bid_time_type, date_time, extra, c_counts);

struct AuctionDay {
  std::int64_t auction = 0;
  Text day;  // "2026-01-01"
  std::int64_t total_bids = 0;
  std::int64_t rank1_bids = 0;
  std::int64_t rank2_bids = 0;
  std::int64_t rank3_bids = 0;
  std::int64_t min_price = 0;
  std::int64_t max_price = 0;
  std::int64_t avg_price = 0;
  std::int64_t sum_price = 0;
};
TRIBUTARY_RECORD(AuctionDay, auction, day, total_bids, rank1_bids, rank2_bids, rank3_bids,
                 min_price, max_price, avg_price, sum_price);

void q0(const Stream<Bid>& bids, const Results& results);
void q1(const Stream<Bid>& bids, const Results& results);
void q2(const Stream<Bid>& bids, const Results& results);
void q7(const Stream<Bid>& bids, const Results& results);
void q11(const Stream<Bid>& bids, const Results& results);
void q12(const Stream<Bid>& bids, const Results& results);
void q14(const Stream<Bid>& bids, const Results& results);
void q17(const Stream<Bid>& bids, const Results& results);
void q18(const Stream<Bid>& bids, const Results& results);

}  // namespace tributary::nexmark
