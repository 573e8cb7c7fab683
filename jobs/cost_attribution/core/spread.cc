// jobs/cost_attribution/core/spread.cc
#include "jobs/cost_attribution/core/spread.h"

#include <algorithm>

namespace tributary::cost {

namespace {

constexpr Duration kHour = hours(1);
// 366 days that begin and end inside an hour.
constexpr std::size_t kHoursMax = 366 * 24 + 1;

}  // namespace

std::span<const HourShare> Spreader::spread(Timestamp start, Timestamp end,
                                            const Amounts& amounts) {
  TRIBUTARY_CHECK(end >= start && end - start <= days(366),
                  "a charge's interval was checked where it entered");
  const Timestamp first = floor_to(start, kHour);
  if (end - first <= kHour) {
    shares_.assign(1, {first, amounts});
    return shares_;
  }
  weigh(start, end);
  const std::size_t count = weights_.size();
  shares_.resize(count);
  column_.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    shares_[i].hour = first + kHour * static_cast<std::int64_t>(i);
  for (std::size_t metric = 0; metric < kMetricCount; ++metric) {
    if (amounts[metric].is_zero()) {
      for (HourShare& share : shares_) share.amounts[metric] = {};
      continue;
    }
    TRIBUTARY_CHECK(split(amounts[metric], weights_, column_), "overlaps are positive");
    for (std::size_t i = 0; i < count; ++i) shares_[i].amounts[metric] = column_[i];
  }
  return shares_;
}

void Spreader::weigh(Timestamp start, Timestamp end) {
  if (start == weighed_start_ && end == weighed_end_) return;
  weights_.clear();
  for (Timestamp hour = floor_to(start, kHour); hour < end; hour = hour + kHour) {
    const Timestamp from = std::max(hour, start);
    const Timestamp until = std::min(hour + kHour, end);
    weights_.push_back((until - from).micros);
  }
  TRIBUTARY_CHECK(weights_.size() <= kHoursMax, "{} hours", weights_.size());
  weighed_start_ = start;
  weighed_end_ = end;
}

}  // namespace tributary::cost
