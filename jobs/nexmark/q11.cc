// q11, sessions: how many bids a bidder makes before 10 s pass without one. A bid exactly 10 s
// after another belongs to its session.
//
// Invariants of a bidder's state: sessions are more than 10 s apart; the newest is kept apart from
// the older ones, so that bids in order touch one value; a timer stands at the earliest end of a
// session or before.
#include <algorithm>
#include <limits>

#include "jobs/nexmark/queries.h"

namespace tributary::nexmark {

namespace {

constexpr Duration kGap = seconds(10);

struct BidderAtTime {
  std::int64_t bidder = 0;
  Timestamp date_time;
};
TRIBUTARY_RECORD(BidderAtTime, bidder, date_time);

struct Session {
  Timestamp first;
  Timestamp last;
  std::int64_t bids = 0;
};
TRIBUTARY_RECORD(Session, first, last, bids);

Timestamp end_of(const Session& session) { return session.last + kGap; }

void take(Session& session, const Session& other) {
  session.first = std::min(session.first, other.first);
  session.last = std::max(session.last, other.last);
  session.bids += other.bids;
}

class CountSessions : public KeyedProcess<std::int64_t, BidderAtTime, BidderCount> {
 public:
  void on_record(const BidderAtTime& bid, Context& context) {
    const Timestamp time = bid.date_time;
    Session session{.first = time, .last = time, .bids = 1};
    if (newest_.present() && time < newest_->first) {
      take_neighbours(session);
      if (end_of(session) < newest_->first) {
        keep_older(session, context);
        return;
      }
    } else if (newest_.present() && time > end_of(*newest_)) {
      older_.put(newest_->last, *newest_);
      newest_.clear();
    }
    if (!newest_.present()) {
      begin(session, context);
      return;
    }
    newest_.update([&](Session& newest) { take(newest, session); });
  }

  void on_timer(const Timer& timer, Context& context) {
    bool older_are_left = false;
    older_.scan_from({}, std::numeric_limits<std::size_t>::max(),
                     [&](const Timestamp& last, const Session& session) {
                       if (end_of(session) > timer.at) {
                         older_are_left = true;
                         context.set_event_timer(end_of(session));
                         return false;
                       }
                       give_out(session, context);
                       older_.erase(last);
                       return true;
                     });
    if (older_are_left || !newest_.present()) return;
    if (end_of(*newest_) > timer.at) {
      context.set_event_timer(end_of(*newest_));
      return;
    }
    give_out(*newest_, context);
    newest_.clear();
  }

 private:
  // The older sessions that this one joins: two at most, for they are apart.
  void take_neighbours(Session& session) {
    for (int side = 0; side < 2; ++side) {
      older_.scan_from(older_.cursor_at(session.first - kGap), 1,
                       [&](const Timestamp& last, const Session& older) {
                         if (older.first > end_of(session)) return;
                         const Timestamp taken = last;
                         take(session, older);
                         older_.erase(taken);
                       });
    }
  }

  bool is_late(const Session& session, Context& context) {
    if (session.bids > 1 || context.watermark() < end_of(session)) return false;
    context.count("late_records");
    return true;
  }
  void keep_older(const Session& session, Context& context) {
    if (is_late(session, context)) return;
    older_.put(session.last, session);
    context.set_event_timer(end_of(session));
  }
  void begin(const Session& session, Context& context) {
    if (is_late(session, context)) return;
    newest_.set(session);
    context.set_event_timer(end_of(session));
  }

  static void give_out(const Session& session, Context& context) {
    context.emit({.bidder = context.key(),
                  .bid_count = session.bids,
                  .start_time = session.first,
                  .end_time = end_of(session)});
  }

  Value<Session> newest_ = value<Session>("newest");
  MapOf<Timestamp, Session> older_ = map<Timestamp, Session>("older");
};

}  // namespace

void q11(const Stream<Bid>& bids, const Results& results) {
  results.take(bids.map([](const Bid& bid) {
                     return BidderAtTime{.bidder = bid.bidder, .date_time = bid.date_time};
                   })
                   .key_by(&BidderAtTime::bidder)
                   .process<CountSessions>("sessions"));
}

}  // namespace tributary::nexmark
