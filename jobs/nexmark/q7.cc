// q7, highest bid: the greatest price of each tumbling 10 s, with all bids of that price in the
// window.
//
// In two steps, so that more than one task works on a window: the highest bids of each of 64 parts
// of it, then the highest of those. Bids are parted by price: those of one price stay together.
#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

constexpr Duration kWindow = seconds(10);
constexpr std::int64_t kParts = 64;

struct WindowPart {
  Timestamp start;
  std::int64_t part = 0;
};
TRIBUTARY_KEY(WindowPart, start, part);

Timestamp start_of(const BidRow& bid) { return floor_to(bid.date_time, kWindow); }

template <typename K>
class HighestBids : public KeyedProcess<K, BidRow, BidRow> {
 public:
  using typename KeyedProcess<K, BidRow, BidRow>::Context;
  using typename KeyedProcess<K, BidRow, BidRow>::Timer;

  void on_record(const BidRow& bid, Context& context) {
    if (!highest_.empty()) {
      const std::int64_t highest = highest_.at(0).price;
      if (bid.price < highest) return;
      if (bid.price > highest) highest_.clear();
    } else {
      const Timestamp last = start_of(bid) + kWindow - microseconds(1);
      if (context.watermark() >= last) {
        context.count("late_records");
        return;
      }
      context.set_event_timer(last);
    }
    highest_.append(bid);
  }

  void on_timer(const Timer&, Context& context) {
    highest_.for_each([&](const BidRow& bid) { context.emit(bid); });
    highest_.clear();
  }

 private:
  ListOf<BidRow> highest_ = this->template list<BidRow>("highest");
};

}  // namespace

void q7(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.map(&row_of)
                   .key_by([](const BidRow& bid) {
                     return WindowPart{.start = start_of(bid), .part = bid.price % kParts};
                   })
                   .process<HighestBids<WindowPart>>("highest-of-part")
                   .key_by(&start_of)
                   .process<HighestBids<Timestamp>>("highest"));
}

}  // namespace tributary::nexmark
