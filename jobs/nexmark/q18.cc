// q18, last bid: the last bid of each (bidder, auction). Of bids of the same millisecond the last
// in the order of their fields, so that the answer does not depend on the order of arrival.
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

struct BidderAndAuction {
  std::int64_t bidder = 0;
  std::int64_t auction = 0;
};
TRIBUTARY_KEY(BidderAndAuction, bidder, auction);

class LastBid : public KeyedProcess<BidderAndAuction, Bid, Bid, kUpsert> {
 public:
  void on_record(const Bid& bid, Context& context) {
    if (last_.present() && !is_after(bid, *last_)) return;
    last_.set(bid);
    context.emit(bid);
  }

 private:
  static bool is_after(const Bid& bid, const Bid& last) {
    if (bid.date_time != last.date_time) return bid.date_time > last.date_time;
    return compare(type_info<Bid>(), &bid, &last) > 0;
  }

  Value<Bid> last_ = value<Bid>("last");
};

}  // namespace

void q18(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.key_by([](const Bid& bid) {
                     return BidderAndAuction{.bidder = bid.bidder, .auction = bid.auction};
                   })
                   .process<LastBid>("last-bid"));
}

}  // namespace tributary::nexmark
