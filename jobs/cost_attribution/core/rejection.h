// jobs/cost_attribution/core/rejection.h
// Why a record was refused, in the form that becomes a dead letter, and what of its head could
// still be read.
//
// Thread: values; owns its bytes. Making one allocates: it is the rare path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/cost_attribution/core/period.h"

namespace tributary::cost {

// The reasons of the specification, and NOT_YET_SUPPORTED for what this version of the job refuses
// by name.
enum class DeadLetterReason : std::uint8_t {
  kMalformedJson,
  kUnknownKind,
  kMissingField,
  kBadField,
  kBadDecimal,
  kTooManyDecimals,
  kAmountOverflow,
  kBadCurrency,
  kPeriodEndBeforeStart,
  kPeriodTooLong,
  kFutureTimestamp,
  kPeriodExpired,
  kConflictingDuplicate,
  kUnknownTenant,
  kTenantLimit,
  kRecordTooLarge,
  kTooManyTags,
  kTelemetryNegative,
  kTelemetryTooOld,
  kTelemetryTooManyElements,
  kTelemetryTooManyRecords,
  kNotYetSupported,
};
inline constexpr std::size_t kDeadLetterReasonCount = 22;

// "MALFORMED_JSON": the name in dead letters and metric labels.
std::string_view reason_name(DeadLetterReason reason);

// The head fields that were readable and valid; a refused row of a delivery still counts against
// it.
struct ReadableHead {
  std::optional<std::string> tenant;
  std::optional<std::string> source;
  std::optional<Period> period;
  std::optional<std::int32_t> shard;
  std::optional<std::string> charge_id;
  std::optional<std::int64_t> delivery;
  std::optional<std::int64_t> revision;
};

struct Rejection {
  DeadLetterReason reason = DeadLetterReason::kMalformedJson;
  std::string field;  // "row.BilledCost"; empty when the record as a whole is meant
  std::string value;  // what was there, at most 256 bytes, cut at a UTF-8 boundary
  std::string message;
  ReadableHead head;
};

// At most `limit` bytes of `text`, never cutting a UTF-8 sequence in two.
std::string_view cut_utf8(std::string_view text, std::size_t limit);

// [A-Za-z0-9_.-]{1,64}
bool is_tenant_name(std::string_view text);

}  // namespace tributary::cost
