// jobs/cost_attribution/core/envelope.h
// Reads one JSON record of topic cost.charges, strictly: a charge or a charge_delete, or a
// rejection that says which field, which value and why. Kinds that this version does not carry out
// are refused by name.
//
// Owner and thread: one parser per route task, not shared. Views of a parsed envelope point into
// the parser and live until its next parse. No allocation per record once the buffers have grown.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"
#include "jobs/cost_attribution/core/content_hash.h"
#include "jobs/cost_attribution/core/rejection.h"

namespace tributary::cost {

enum class EnvelopeKind : std::uint8_t { kCharge, kChargeDelete };

struct Envelope {
  EnvelopeKind kind = EnvelopeKind::kCharge;
  ChargeHead head;
  ChargeRow row;     // kCharge only
  ContentHash hash;  // kCharge only: of `row`
  std::uint32_t unknown_fields = 0;
};

// Limits of the input format.
inline constexpr std::size_t kRecordBytesMax = 64 * 1024;
inline constexpr std::size_t kTextBytesMax = 1024;
inline constexpr std::size_t kTagCountMax = 100;
inline constexpr std::size_t kTagKeyBytesMax = 128;
inline constexpr std::size_t kTagValueBytesMax = 256;
inline constexpr std::size_t kNameBytesMax = 64;  // tenant, source
inline constexpr std::size_t kChargeIdBytesMax = 256;
inline constexpr std::int32_t kShardMax = 63;
inline constexpr Duration kChargeLengthMax = days(366);
inline constexpr Duration kFutureMax = days(40);  // of ChargePeriodStart after the ingest time

using TenantSet = std::set<std::string, std::less<>>;

class EnvelopeParser {
 public:
  // `tenants`: the tenants that are let in; empty = all.
  explicit EnvelopeParser(TenantSet tenants = {});
  ~EnvelopeParser();
  EnvelopeParser(EnvelopeParser&&) noexcept;
  EnvelopeParser& operator=(EnvelopeParser&&) noexcept;

  // `record` is one JSON object; it may lie anywhere and is copied. The pointer lives until the
  // next parse. When a record has several faults, the first of: size, JSON, version and kind, a
  // faulty head field, a faulty row field (each in the order of the text), a missing field, what
  // concerns several fields.
  std::expected<const Envelope*, Rejection> parse(std::string_view record, Timestamp ingest_time);

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace tributary::cost
