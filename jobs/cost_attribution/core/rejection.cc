// jobs/cost_attribution/core/rejection.cc
#include "jobs/cost_attribution/core/rejection.h"

#include <algorithm>
#include <array>

namespace tributary::cost {

namespace {

constexpr std::array<std::string_view, kDeadLetterReasonCount> kReasonNames = {
    "MALFORMED_JSON",
    "UNKNOWN_KIND",
    "MISSING_FIELD",
    "BAD_FIELD",
    "BAD_DECIMAL",
    "TOO_MANY_DECIMALS",
    "AMOUNT_OVERFLOW",
    "BAD_CURRENCY",
    "PERIOD_END_BEFORE_START",
    "PERIOD_TOO_LONG",
    "FUTURE_TIMESTAMP",
    "PERIOD_EXPIRED",
    "CONFLICTING_DUPLICATE",
    "UNKNOWN_TENANT",
    "TENANT_LIMIT",
    "RECORD_TOO_LARGE",
    "TOO_MANY_TAGS",
    "TELEMETRY_NEGATIVE",
    "TELEMETRY_TOO_OLD",
    "TELEMETRY_TOO_MANY_ELEMENTS",
    "TELEMETRY_TOO_MANY_RECORDS",
    "NOT_YET_SUPPORTED",
};

}  // namespace

std::string_view reason_name(DeadLetterReason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

std::string_view cut_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  // A boundary is never more than three bytes back; bytes that are no UTF-8 at all are cut where
  // they are.
  for (int back = 0; back < 4 && end > 0; ++back, --end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U) return text.substr(0, end);
  }
  return text.substr(0, limit);
}

bool is_tenant_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

}  // namespace tributary::cost
