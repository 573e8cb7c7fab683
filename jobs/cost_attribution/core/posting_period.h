// jobs/cost_attribution/core/posting_period.h
// In which month a line is posted: the charge's own period, or, once that is closed, the month
// after the last closed one. Closing changes nothing else.
//
// Owner: one tenant's state. Not synchronised.
#pragma once

#include <span>
#include <vector>

#include "jobs/cost_attribution/core/period.h"

namespace tributary::cost {

struct Posting {
  Period period;
  bool after_close = false;

  friend bool operator==(const Posting&, const Posting&) = default;
};

class ClosedPeriods {
 public:
  // False: it was closed already.
  bool close(Period period);
  bool is_closed(Period period) const;
  Posting posting_of(Period period) const;

  // In order.
  std::span<const Period> closed() const { return closed_; }

 private:
  std::vector<Period> closed_;  // sorted
};

}  // namespace tributary::cost
