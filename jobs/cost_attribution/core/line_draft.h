// jobs/cost_attribution/core/line_draft.h
// One line of the ledger as the core decides it: a signed delta of one charge in one dimension. The
// shell adds the charge's identity, line id, posting period and posting time.
//
// Ownership: views into the event, the stored charge and the rules; they live as long as those.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

// The dimension that every posting is also written to, element = source: the input of every report.
inline constexpr std::string_view kInputDimension = "(input)";

enum class LineKind : std::uint8_t { kDirect, kPooled, kAllocated };
enum class Cause : std::uint8_t {
  kNew,
  kChanged,
  kVanished,
  kDeleted,
  kSettled,
  kRules,
  kTelemetry,
  kPool
};

constexpr std::string_view line_kind_name(LineKind kind) {
  constexpr std::string_view kNames[] = {"direct", "pooled", "allocated"};
  return kNames[static_cast<std::size_t>(kind)];
}

constexpr std::string_view cause_name(Cause cause) {
  constexpr std::string_view kNames[] = {"new",     "changed", "vanished",  "deleted",
                                         "settled", "rules",   "telemetry", "pool"};
  return kNames[static_cast<std::size_t>(cause)];
}

struct LineDraft {
  std::string_view dimension;
  std::string_view element;
  LineKind kind = LineKind::kDirect;
  bool reversal = false;  // takes back what an earlier line posted
  std::string_view service;
  Currency currency;
  Timestamp start;
  Timestamp end;
  Amounts amounts;  // a reversal's are the exact negation of the posting's
  Cause cause = Cause::kNew;
  std::string_view rule_id;        // empty: the dimension's default, or (input)
  std::int64_t rules_version = 0;  // 0: (input) alone, or no version in force
  std::int64_t revision = 1;       // of the row whose amounts these are
};

}  // namespace tributary::cost
