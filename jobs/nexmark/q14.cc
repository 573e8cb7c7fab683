// q14, calculation: bids of more than 10^6 and less than 5·10^7 euro, with the euro price, the time
// of day and how often the letter c is in extra.
#include <algorithm>

#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

const char* bid_time_type(Timestamp time) {
  const std::int64_t hour = (time - floor_to(time, days(1))).micros / hours(1).micros;
  if (hour >= 8 && hour <= 18) return "dayTime";
  if (hour <= 6 || hour >= 20) return "nightTime";
  return "otherTime";
}

bool is_in_range(const Bid& bid) {
  const Amount price = in_euro(bid.price);
  return price > Amount{1'000'000 * Amount::kOne} && price < Amount{50'000'000 * Amount::kOne};
}

}  // namespace

void q14(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.filter(&is_in_range).map([](const Bid& bid) {
    return CalculatedBid{.auction = bid.auction,
                         .bidder = bid.bidder,
                         .price = in_euro(bid.price),
                         .bid_time_type = bid_time_type(bid.date_time),
                         .date_time = bid.date_time,
                         .extra = bid.extra,
                         .c_counts = std::ranges::count(bid.extra.view(), 'c')};
  }));
}

}  // namespace tributary::nexmark
