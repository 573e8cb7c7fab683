// q12, windows of processing time: how many bids a bidder makes in each 10 s in which they are
// worked on.
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

constexpr Duration kWindow = seconds(10);

struct BidderOnly {
  std::int64_t bidder = 0;
};
TRIBUTARY_RECORD(BidderOnly, bidder);

struct OpenWindow {
  Timestamp start;
  std::int64_t bids = 0;
};
TRIBUTARY_RECORD(OpenWindow, start, bids);

class CountBids : public KeyedProcess<std::int64_t, BidderOnly, BidderCount> {
 public:
  void on_record(const BidderOnly&, Context& context) {
    const Timestamp start = floor_to(context.processing_time(), kWindow);
    // The clock may have passed its end while its timer waits for its turn.
    if (open_.present() && open_->start != start) close(context);
    if (!open_.present()) context.set_processing_timer(start + kWindow);
    open_.update([&](OpenWindow& window) {
      window.start = start;
      ++window.bids;
    });
  }

  void on_timer(const Timer& timer, Context& context) {
    if (open_.present() && open_->start + kWindow == timer.at) close(context);
  }

 private:
  void close(Context& context) {
    context.emit({.bidder = context.key(),
                  .bid_count = open_->bids,
                  .start_time = open_->start,
                  .end_time = open_->start + kWindow});
    open_.clear();
  }

  Value<OpenWindow> open_ = value<OpenWindow>("open");
};

}  // namespace

void q12(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.map([](const Bid& bid) { return BidderOnly{.bidder = bid.bidder}; })
                   .key_by(&BidderOnly::bidder)
                   .process<CountBids>("count"));
}

}  // namespace tributary::nexmark
