// jobs/cost_attribution/core/charge.h
// One charge as the core sees it: plain structs of views, so that a row parsed from an envelope and
// a row rebuilt from keyed state look the same to the rules.
//
// Ownership: every view points into memory of whoever made the struct. Invariant: tags are sorted
// by key, keys are unique, no tag value is empty (an empty or null tag is a missing tag).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/money.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/period.h"

namespace tributary::cost {

// The four costs of FOCUS, in the order of `ChargeRow::amounts` and of the tie order of charge ids.
enum class Metric : std::uint8_t { kBilled, kEffective, kList, kContracted };
inline constexpr std::size_t kMetricCount = 4;
using Amounts = std::array<Amount, kMetricCount>;

// "BilledCost", …: the name in a row.
inline constexpr std::array<std::string_view, kMetricCount> kMetricColumns = {
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost"};
// "billed", …: the name in lines, reports and settings.
inline constexpr std::array<std::string_view, kMetricCount> kMetricNames = {"billed", "effective",
                                                                            "list", "contracted"};

// The text columns of a row, in the order of the specification. Append only: stored rows are
// indexed by it.
enum class Column : std::uint8_t {
  kChargeCategory,
  kChargeClass,
  kChargeDescription,
  kServiceName,
  kServiceCategory,
  kProviderName,
  kBillingAccountId,
  kSubAccountId,
  kSubAccountName,
  kRegionId,
  kResourceId,
  kResourceName,
  kResourceType,
  kSkuId,
  kInvoiceId,
  kCommitmentDiscountStatus,
};
inline constexpr std::size_t kColumnCount = 16;

inline constexpr std::array<std::string_view, kColumnCount> kColumnNames = {
    "ChargeCategory",  "ChargeClass",  "ChargeDescription", "ServiceName",
    "ServiceCategory", "ProviderName", "BillingAccountId",  "SubAccountId",
    "SubAccountName",  "RegionId",     "ResourceId",        "ResourceName",
    "ResourceType",    "SkuId",        "InvoiceId",         "CommitmentDiscountStatus"};

constexpr std::string_view column_name(Column column) {
  return kColumnNames[static_cast<std::size_t>(column)];
}

constexpr std::optional<Column> find_column(std::string_view name) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (kColumnNames[i] == name) return static_cast<Column>(i);
  }
  return std::nullopt;
}

struct Tag {
  std::string_view key;
  std::string_view value;

  friend bool operator==(const Tag&, const Tag&) = default;
};

struct ChargeRow {
  Timestamp start;
  Timestamp end;  // exclusive; equal to start is allowed
  Currency currency;
  Amounts amounts;
  std::uint8_t missing_metrics =
      0;  // bit m: Metric m was absent or null, and reads 0; to be counted
  std::array<std::string_view, kColumnCount> columns;  // empty = missing
  std::span<const Tag> tags;

  std::string_view column(Column which) const { return columns[static_cast<std::size_t>(which)]; }

  // The tag's value, empty when missing.
  std::string_view tag(std::string_view key) const {
    std::size_t low = 0;
    std::size_t high = tags.size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const int order = tags[middle].key.compare(key);
      if (order == 0) return tags[middle].value;
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return {};
  }
};

// Identity of a charge and the revision that an event carries.
struct ChargeHead {
  std::string_view tenant;
  std::string_view source;
  Period period;
  std::int32_t shard = 0;
  std::string_view charge_id;
  std::int64_t revision = 1;
};

}  // namespace tributary::cost
