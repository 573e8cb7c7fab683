// jobs/nexmark/core/event_log.h
// The first events of a generator, made beforehand and kept in memory, so that what reads them can
// be measured without what making them costs.
//
// Immutable once made; any thread may read. Invariant: texts of events read lie in the log.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "jobs/nexmark/core/event.h"
#include "jobs/nexmark/core/generator.h"

namespace tributary::nexmark {

class EventLog {
 public:
  // The events 0 to `count` - 1, in their order.
  EventLog(const Generator& generator, std::uint64_t count);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  std::uint64_t size() const { return size_; }
  // n < size()
  Event event(std::uint64_t n) const;

 private:
  std::uint64_t size_;
  Arena arena_;
  // Each in order: a number says which place of which list it is.
  std::vector<Person> persons_;
  std::vector<Auction> auctions_;
  std::vector<Bid> bids_;
};

}  // namespace tributary::nexmark
