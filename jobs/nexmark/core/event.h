// jobs/nexmark/core/event.h
// What Nexmark's one table holds: persons, auctions and bids of an auction house, in the order in
// which they happen.
//
// Decides: the fields, named as in the benchmark. Plain values; their texts lie in an arena of
// whoever made them.
#pragma once

#include <cstdint>

#include "base/optional.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary::nexmark {

enum class EventType : std::uint8_t { kPerson, kAuction, kBid };
TRIBUTARY_ENUM(EventType, kPerson, kAuction, kBid);

// About 200 bytes.
struct Person {
  std::int64_t id = 0;
  Text name;
  Text email_address;
  Text credit_card;
  Text city;
  Text state;
  Timestamp date_time;
  Text extra;
};
TRIBUTARY_RECORD(Person, id, name, email_address, credit_card, city, state, date_time, extra);

// About 500 bytes.
struct Auction {
  std::int64_t id = 0;
  Text item_name;
  Text description;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  Timestamp date_time;
  Timestamp expires;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  Text extra;
};
TRIBUTARY_RECORD(Auction, id, item_name, description, initial_bid, reserve, date_time, expires,
                 seller, category, extra);

// About 100 bytes beside channel and url.
struct Bid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  Text channel;
  Text url;
  Timestamp date_time;
  Text extra;
};
TRIBUTARY_RECORD(Bid, auction, bidder, price, channel, url, date_time, extra);

// A row of the table: one of the three is there.
struct Event {
  EventType type = EventType::kBid;
  Optional<Person> person;
  Optional<Auction> auction;
  Optional<Bid> bid;
};
TRIBUTARY_RECORD(Event, type, person, auction, bid);

inline Timestamp time_of(const Event& event) {
  switch (event.type) {
    case EventType::kPerson:
      return event.person->date_time;
    case EventType::kAuction:
      return event.auction->date_time;
    case EventType::kBid:
      break;
  }
  return event.bid->date_time;
}

}  // namespace tributary::nexmark
