// q17, statistics of auctions: per (auction, day) the number of bids, in all and by price band, and
// the least, greatest, average and total price; after each bid the row so far.
#include <algorithm>
#include <array>

#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

struct PricedBid {
  std::int64_t auction = 0;
  std::int64_t price = 0;
  Timestamp date_time;
};
TRIBUTARY_RECORD(PricedBid, auction, price, date_time);

struct AuctionAndDay {
  std::int64_t auction = 0;
  Timestamp day;
};
TRIBUTARY_KEY(AuctionAndDay, auction, day);

struct Prices {
  std::int64_t bids = 0;
  std::int64_t below_ten_thousand = 0;
  std::int64_t below_a_million = 0;
  std::int64_t others = 0;
  std::int64_t least = INT64_MAX;
  std::int64_t greatest = INT64_MIN;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(Prices, bids, below_ten_thousand, below_a_million, others, least, greatest, sum);

Text text_of(Timestamp day) {
  std::array<char, 40> text;
  format_timestamp(day, text.data());
  return std::string_view(text.data(), 10);  // inline
}

struct Statistics {
  using Accumulator = Prices;

  void add(Prices& prices, const PricedBid& bid) {
    ++prices.bids;
    ++(bid.price < 10'000      ? prices.below_ten_thousand
       : bid.price < 1'000'000 ? prices.below_a_million
                               : prices.others);
    prices.least = std::min(prices.least, bid.price);
    prices.greatest = std::max(prices.greatest, bid.price);
    prices.sum += bid.price;
  }
  AuctionDay result(const AuctionAndDay& key, const Prices& prices) {
    return {.auction = key.auction,
            .day = text_of(key.day),
            .total_bids = prices.bids,
            .rank1_bids = prices.below_ten_thousand,
            .rank2_bids = prices.below_a_million,
            .rank3_bids = prices.others,
            .min_price = prices.least,
            .max_price = prices.greatest,
            .avg_price = prices.sum / prices.bids,
            .sum_price = prices.sum};
  }
};

}  // namespace

void q17(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.map([](const Bid& bid) {
                     return PricedBid{
                         .auction = bid.auction, .price = bid.price, .date_time = bid.date_time};
                   })
                   .key_by([](const PricedBid& bid) {
                     return AuctionAndDay{.auction = bid.auction,
                                          .day = floor_to(bid.date_time, days(1))};
                   })
                   .aggregate<Statistics>("statistics"));
}

}  // namespace tributary::nexmark
