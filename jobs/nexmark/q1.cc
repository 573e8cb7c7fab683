// q1, currency conversion: all bids with price × 0.908.
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

void q1(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.map([](const Bid& bid) {
    return EuroBid{.auction = bid.auction,
                   .bidder = bid.bidder,
                   .price = in_euro(bid.price),
                   .date_time = bid.date_time,
                   .extra = bid.extra};
  }));
}

}  // namespace tributary::nexmark
