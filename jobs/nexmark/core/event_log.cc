#include "jobs/nexmark/core/event_log.h"

namespace tributary::nexmark {

namespace {

constexpr std::uint64_t kFirstBid = Generator::kPersonsOfCycle + Generator::kAuctionsOfCycle;

}  // namespace

EventLog::EventLog(const Generator& generator, std::uint64_t count) : size_(count) {
  persons_.reserve(count / Generator::kCycle + 1);
  auctions_.reserve(count / Generator::kCycle * Generator::kAuctionsOfCycle +
                    Generator::kAuctionsOfCycle);
  bids_.reserve(count / Generator::kCycle * (Generator::kCycle - kFirstBid) + Generator::kCycle);
  for (std::uint64_t n = 0; n < count; ++n) {
    switch (Generator::type_of(n)) {
      case EventType::kPerson:
        persons_.push_back(generator.person(n, arena_));
        break;
      case EventType::kAuction:
        auctions_.push_back(generator.auction(n, arena_));
        break;
      case EventType::kBid:
        bids_.push_back(generator.bid(n, arena_));
        break;
    }
  }
}

Event EventLog::event(std::uint64_t n) const {
  const std::uint64_t cycle = n / Generator::kCycle;
  const std::uint64_t place = n % Generator::kCycle;
  Event event{.type = Generator::type_of(n)};
  switch (event.type) {
    case EventType::kPerson:
      event.person = persons_[cycle];
      break;
    case EventType::kAuction:
      event.auction =
          auctions_[cycle * Generator::kAuctionsOfCycle + place - Generator::kPersonsOfCycle];
      break;
    case EventType::kBid:
      event.bid = bids_[cycle * (Generator::kCycle - kFirstBid) + place - kFirstBid];
      break;
  }
  return event;
}

}  // namespace tributary::nexmark
