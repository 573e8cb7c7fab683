// jobs/cost_attribution/core/spread.h
// A charge's amounts over the UTC hours that it overlaps, by overlapping microseconds; exact, like
// every split.
//
// Owner and thread: one Spreader per task, it keeps its buffers. A charge without length belongs to
// its start's hour.
#pragma once

#include <span>
#include <vector>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

struct HourShare {
  Timestamp hour;
  Amounts amounts;

  friend bool operator==(const HourShare&, const HourShare&) = default;
};

class Spreader {
 public:
  // `end` >= `start`, and at most 366 days after it. In the order of the hours; a share may be
  // zero. The view lives until the next call.
  std::span<const HourShare> spread(Timestamp start, Timestamp end, const Amounts& amounts);

 private:
  void weigh(Timestamp start, Timestamp end);

  std::vector<HourShare> shares_;
  std::vector<Int128> weights_;
  std::vector<Amount> column_;
  // What weights_ is of: charges of one length often come in a row.
  Timestamp weighed_start_ = Timestamp::max();
  Timestamp weighed_end_ = Timestamp::min();
};

}  // namespace tributary::cost
