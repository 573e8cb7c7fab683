// q2, selection: bids with auction mod 123 = 0, as (auction, price).
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

void q2(const Stream<Bid>& bids, const Results& results) {
  results.take(
      bids.filter([](const Bid& bid) { return bid.auction % 123 == 0; }).map([](const Bid& bid) {
        return AuctionPrice{.auction = bid.auction, .price = bid.price};
      }));
}

}  // namespace tributary::nexmark
