// q0, pass through: all bids as they are: auction, bidder, price, time, extra.
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

void q0(const Stream<Bid>& bids, const Results& results) { results.take(bids.map(&row_of)); }

}  // namespace tributary::nexmark
