// jobs/cost_attribution/core/envelope_judge.cc
// What is judged once a record has been walked: its kind, what is missing, and what concerns
// several fields.
#include <array>

#include <fmt/format.h>

#include "jobs/cost_attribution/core/envelope_names.h"
#include "jobs/cost_attribution/core/envelope_reader.h"

namespace tributary::cost {

using Reason = DeadLetterReason;

namespace {

// Kinds of the format that this version of the job does not carry out.
constexpr std::array<std::string_view, 3> kLaterKinds = {"delivery_end", "settle", "telemetry"};

std::string quoted_cut(std::string_view text) { return std::string(cut_utf8(text, 64)); }

}  // namespace

std::optional<EnvelopeParser::Reader::Fault> EnvelopeParser::Reader::judge_kind() const {
  if ((head_seen_ & bit(kV)) == 0) return Fault{Reason::kMissingField, "v", "", "\"v\" is missing"};
  if (version_ != 1) {
    return Fault{Reason::kBadField, "v", std::string(cut_utf8(version_text_, 256)),
                 "\"v\" is not 1"};
  }
  if ((head_seen_ & bit(kKind)) == 0)
    return Fault{Reason::kMissingField, "kind", "", "\"kind\" is missing"};
  const bool is_charge = kind_ == "charge";
  if ((head_valid_ & bit(kKind)) == 0 || (!is_charge && kind_ != "charge_delete")) {
    for (const std::string_view later : kLaterKinds) {
      if (kind_ == later) {
        return Fault{Reason::kNotYetSupported, "kind", std::string(kind_),
                     fmt::format("records of kind \"{}\" are not available yet", kind_)};
      }
    }
    return Fault{Reason::kUnknownKind, "kind", std::string(cut_utf8(kind_, 256)),
                 fmt::format("unknown kind \"{}\"", quoted_cut(kind_))};
  }
  if ((head_seen_ & bit(kDelivery)) != 0) {
    if (!is_charge) {
      return Fault{Reason::kBadField, "delivery",
                   delivery_ ? fmt::format("{}", *delivery_) : std::string(),
                   "a charge_delete belongs to an event stream and has no delivery"};
    }
    if (delivery_) {
      return Fault{Reason::kNotYetSupported, "delivery", fmt::format("{}", *delivery_),
                   "charges of a delivery are not available yet: send them as an event stream, "
                   "with `revision`"};
    }
  }
  return std::nullopt;
}

std::optional<EnvelopeParser::Reader::Fault> EnvelopeParser::Reader::judge_missing() const {
  const bool is_charge = kind_ == "charge";
  for (const std::size_t field : {kTenant, kSource, kPeriod, kShard, kChargeId, kRevision, kRow}) {
    // A charge's revision has a default; a delete has no row, and says which revision it is.
    if (field == (is_charge ? kRevision : kRow)) continue;
    if ((head_seen_ & bit(field)) == 0) {
      return Fault{Reason::kMissingField, std::string(kHeadNames[field]), "",
                   fmt::format("\"{}\" is missing", kHeadNames[field])};
    }
  }
  if (!is_charge) return std::nullopt;
  for (const std::size_t field : {std::size_t{kStart}, std::size_t{kEnd}, std::size_t{kCurrency},
                                  std::size_t{kFirstMetric}}) {
    if ((row_present_ & bit(field)) == 0) {
      return Fault{Reason::kMissingField, fmt::format("row.{}", kRowNames[field]), "",
                   fmt::format("\"{}\" is missing", kRowNames[field])};
    }
  }
  return std::nullopt;
}

std::optional<EnvelopeParser::Reader::Fault> EnvelopeParser::Reader::judge_row(
    Timestamp ingest_time) const {
  const ChargeRow& row = envelope_.row;
  if (row.end < row.start) {
    return Fault{
        Reason::kPeriodEndBeforeStart, "row.ChargePeriodEnd", format_timestamp(row.end),
        fmt::format("the charge ends before it starts at {}", format_timestamp(row.start))};
  }
  if (row.end - row.start > kChargeLengthMax) {
    return Fault{Reason::kPeriodTooLong, "row.ChargePeriodEnd", format_timestamp(row.end),
                 fmt::format("the charge is longer than 366 days from its start at {}",
                             format_timestamp(row.start))};
  }
  if (row.start > saturating_add(ingest_time, kFutureMax)) {
    return Fault{Reason::kFutureTimestamp, "row.ChargePeriodStart", format_timestamp(row.start),
                 "the charge starts more than 40 days after it was received"};
  }
  return std::nullopt;
}

Rejection EnvelopeParser::Reader::reject(Fault fault) const {
  Rejection rejection{
      fault.reason, std::move(fault.field), std::move(fault.value), std::move(fault.message), {}};
  const auto valid = [&](std::size_t field) { return (head_valid_ & bit(field)) != 0; };
  const ChargeHead& head = envelope_.head;
  if (valid(kTenant)) rejection.head.tenant = head.tenant;
  if (valid(kSource)) rejection.head.source = head.source;
  if (valid(kPeriod)) rejection.head.period = head.period;
  if (valid(kShard)) rejection.head.shard = head.shard;
  if (valid(kChargeId)) rejection.head.charge_id = head.charge_id;
  if (valid(kDelivery)) rejection.head.delivery = delivery_;
  if (valid(kRevision)) rejection.head.revision = head.revision;
  return rejection;
}

}  // namespace tributary::cost
