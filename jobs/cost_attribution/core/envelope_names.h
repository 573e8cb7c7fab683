// jobs/cost_attribution/core/envelope_names.h
// The field names of a charge envelope and of its row, and the numbers by which the reader knows
// them.
//
// Private to the envelope*.cc files. The first sixteen row names are the text columns, in the order
// of Column.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

enum HeadField : std::size_t {
  kV,
  kKind,
  kTenant,
  kSource,
  kPeriod,
  kShard,
  kChargeId,
  kDelivery,
  kRevision,
  kRow,
  kHeadFieldCount,
};

inline constexpr std::array<std::string_view, kHeadFieldCount> kHeadNames = {
    "v", "kind", "tenant", "source", "period", "shard", "charge_id", "delivery", "revision", "row"};

enum RowField : std::size_t {
  kFirstColumn = 0,
  kStart = kColumnCount,
  kEnd,
  kCurrency,
  kFirstMetric,
  kTags = kFirstMetric + kMetricCount,
  kRowFieldCount,
};

inline constexpr std::array<std::string_view, kRowFieldCount> kRowNames = [] {
  std::array<std::string_view, kRowFieldCount> names{};
  for (std::size_t i = 0; i < kColumnCount; ++i) names[i] = kColumnNames[i];
  names[kStart] = "ChargePeriodStart";
  names[kEnd] = "ChargePeriodEnd";
  names[kCurrency] = "BillingCurrency";
  for (std::size_t i = 0; i < kMetricCount; ++i) names[kFirstMetric + i] = kMetricColumns[i];
  names[kTags] = "Tags";
  return names;
}();

constexpr std::uint32_t bit(std::size_t field) { return 1U << field; }

}  // namespace tributary::cost
