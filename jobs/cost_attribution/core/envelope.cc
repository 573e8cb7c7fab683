// jobs/cost_attribution/core/envelope.cc
// The walk over a record and its head. The row is read in envelope_row.cc; both are judged in
// envelope_judge.cc.
#include "jobs/cost_attribution/core/envelope.h"

#include <cstring>

#include <fmt/format.h>

#include "jobs/cost_attribution/core/envelope_names.h"
#include "jobs/cost_attribution/core/envelope_reader.h"
#include "jobs/cost_attribution/core/json_token.h"

namespace tributary::cost {

using Reason = DeadLetterReason;

namespace {

constexpr int kUnreadDepthMax = 32;

}  // namespace

EnvelopeParser::EnvelopeParser(TenantSet tenants)
    : reader_(std::make_unique<Reader>(std::move(tenants))) {}
EnvelopeParser::~EnvelopeParser() = default;
EnvelopeParser::EnvelopeParser(EnvelopeParser&&) noexcept = default;
EnvelopeParser& EnvelopeParser::operator=(EnvelopeParser&&) noexcept = default;

std::expected<const Envelope*, Rejection> EnvelopeParser::parse(std::string_view record,
                                                                Timestamp ingest_time) {
  return reader_->read(record, ingest_time);
}

EnvelopeParser::Reader::Reader(TenantSet tenants)
    : tenants_(std::move(tenants)),
      buffer_(std::make_unique<char[]>(kRecordBytesMax + simdjson::SIMDJSON_PADDING)),
      head_guess_(kHeadNames),
      row_guess_(kRowNames) {
  tags_.reserve(kTagCountMax);
  minified_.reserve(kRecordBytesMax + simdjson::SIMDJSON_PADDING);
}

std::expected<const Envelope*, Rejection> EnvelopeParser::Reader::read(std::string_view record,
                                                                       Timestamp ingest_time) {
  envelope_ = Envelope{};
  kind_ = {};
  version_.reset();
  delivery_.reset();
  version_text_ = {};
  head_seen_ = head_valid_ = row_seen_ = row_present_ = 0;
  tags_.clear();
  tag_count_ = 0;
  minified_.clear();
  if (head_fault_) head_fault_.reset();
  if (row_fault_) row_fault_.reset();

  if (record.size() > kRecordBytesMax) {
    return std::unexpected(reject(
        {Reason::kRecordTooLarge, "", std::string(cut_utf8(record, 256)),
         fmt::format("record has {} bytes, at most {} are read", record.size(), kRecordBytesMax)}));
  }
  if (!walk(record)) {
    return std::unexpected(reject(
        {Reason::kMalformedJson, "", std::string(cut_utf8(record, 256)), std::move(malformed_)}));
  }
  if (auto fault = judge_kind()) return std::unexpected(reject(std::move(*fault)));
  envelope_.kind = kind_ == "charge" ? EnvelopeKind::kCharge : EnvelopeKind::kChargeDelete;
  if (head_fault_) return std::unexpected(reject(std::move(*head_fault_)));
  const bool has_row = envelope_.kind == EnvelopeKind::kCharge;
  if (has_row && row_fault_) return std::unexpected(reject(std::move(*row_fault_)));
  if (auto fault = judge_missing()) return std::unexpected(reject(std::move(*fault)));
  if (!has_row) {
    if ((head_seen_ & bit(kRow)) != 0) ++envelope_.unknown_fields;
    return &envelope_;
  }
  if (auto fault = judge_row(ingest_time)) return std::unexpected(reject(std::move(*fault)));
  for (std::size_t metric = 1; metric < kMetricCount; ++metric) {
    if ((row_present_ & bit(kFirstMetric + metric)) == 0) {
      envelope_.row.missing_metrics =
          static_cast<std::uint8_t>(envelope_.row.missing_metrics | bit(metric));
    }
  }
  envelope_.row.tags = tags_;
  envelope_.hash = content_hash(envelope_.row, canonical_);
  return &envelope_;
}

bool EnvelopeParser::Reader::walk(std::string_view record) {
  if (!record.empty()) std::memcpy(buffer_.get(), record.data(), record.size());
  std::memset(buffer_.get() + record.size(), 0, simdjson::SIMDJSON_PADDING);
  const simdjson::padded_string_view padded(buffer_.get(), record.size(),
                                            kRecordBytesMax + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  if (const auto code = parser_.iterate(padded).get(document)) return broken(code);
  simdjson::ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS)
    return malformed("record is not a JSON object");
  const bool is_walked = each_known_field(object, head_guess_, [&](std::size_t name, Value& value) {
    return read_head_field(name, value);
  });
  if (!is_walked) return false;
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS)
    return malformed("text after the JSON object");
  return true;
}

bool EnvelopeParser::Reader::read_key(Field& field, std::string_view& out) {
  const char* raw = field.key().raw();
  const auto room =
      static_cast<std::size_t>(buffer_.get() + kRecordBytesMax + simdjson::SIMDJSON_PADDING - raw);
  const auto* quote = static_cast<const char*>(std::memchr(raw, '"', room));
  if (quote == nullptr) return malformed("a key has no end");
  out = {raw, static_cast<std::size_t>(quote - raw)};
  if (std::memchr(out.data(), '\\', out.size()) == nullptr) return true;
  const auto code = field.unescaped_key().get(out);
  return code == simdjson::SUCCESS || broken(code);
}

bool EnvelopeParser::Reader::read_scalar(Value& value, Scalar& out) {
  const std::string_view token = trim_token(value.raw_json_token());
  if (token.empty()) return malformed("a value is missing");
  switch (token.front()) {
    case '"': {
      out.form = Scalar::Form::kString;
      if (std::memchr(token.data(), '\\', token.size()) != nullptr) {
        const auto code = value.get_string().get(out.text);
        return code == simdjson::SUCCESS || broken(code);
      }
      if (token.size() < 2 || token.back() != '"') return malformed("a string has no end");
      out.text = token.substr(1, token.size() - 2);
      return true;
    }
    case '{':
    case '[':
      out.form = Scalar::Form::kNested;
      out.text = token;
      return check_value(value, 0);
    default:
      out.text = token;
      if (token == "null") {
        out.form = Scalar::Form::kNull;
      } else if (token == "true" || token == "false") {
        out.form = Scalar::Form::kBool;
      } else if (is_json_number(token)) {
        out.form = Scalar::Form::kNumber;
      } else {
        return malformed(fmt::format("\"{}\" is no JSON value", cut_utf8(token, 64)));
      }
      return true;
  }
}

bool EnvelopeParser::Reader::check_value(Value& value, int depth) {
  if (depth > kUnreadDepthMax)
    return malformed(fmt::format("nested deeper than {}", kUnreadDepthMax));
  const std::string_view token = trim_token(value.raw_json_token());
  if (token.empty()) return malformed("a value is missing");
  if (token.front() == '{') {
    simdjson::ondemand::object object;
    if (const auto code = value.get_object().get(object)) return broken(code);
    return each_field(
        object, [&](std::string_view, Value& field) { return check_value(field, depth + 1); });
  }
  if (token.front() == '[') {
    simdjson::ondemand::array array;
    if (const auto code = value.get_array().get(array)) return broken(code);
    for (auto result : array) {
      Value element;
      if (const auto code = std::move(result).get(element)) return broken(code);
      if (!check_value(element, depth + 1)) return false;
    }
    return true;
  }
  Scalar scalar;
  return read_scalar(value, scalar);
}

bool EnvelopeParser::Reader::malformed(std::string_view why) {
  malformed_ = why;
  return false;
}

bool EnvelopeParser::Reader::broken(simdjson::error_code code) {
  return malformed(simdjson::error_message(code));
}

bool EnvelopeParser::Reader::read_head_field(std::size_t name, Value& value) {
  if ((head_seen_ & bit(name)) != 0) {
    head_fault(Reason::kBadField, kHeadNames[name], "",
               fmt::format("\"{}\" is given twice", kHeadNames[name]));
    return check_value(value, 0);
  }
  if (name == kRow) {
    head_seen_ |= bit(name);
    return read_row(value);
  }
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  if (scalar.form == Scalar::Form::kNull) return true;
  head_seen_ |= bit(name);

  const auto integer = [&](std::int64_t low, std::int64_t high) -> std::optional<std::int64_t> {
    const auto number =
        scalar.form == Scalar::Form::kNumber ? json_integer(scalar.text) : std::nullopt;
    if (number && *number >= low && *number <= high) {
      head_valid_ |= bit(name);
      return number;
    }
    head_fault(
        Reason::kBadField, kHeadNames[name], scalar.text,
        high == INT64_MAX
            ? fmt::format("\"{}\" is not an integer of at least {}", kHeadNames[name], low)
            : fmt::format("\"{}\" is not an integer of {} to {}", kHeadNames[name], low, high));
    return std::nullopt;
  };
  switch (name) {
    case kV:
      version_text_ = scalar.text;
      if (scalar.form == Scalar::Form::kNumber) version_ = json_integer(scalar.text);
      return true;
    case kKind:
      kind_ = scalar.text;
      if (scalar.form == Scalar::Form::kString) head_valid_ |= bit(kKind);
      return true;
    case kTenant:
      read_tenant(scalar);
      return true;
    case kSource:
      read_bounded_text("source", scalar, kNameBytesMax, envelope_.head.source, bit(kSource));
      return true;
    case kChargeId:
      read_bounded_text("charge_id", scalar, kChargeIdBytesMax, envelope_.head.charge_id,
                        bit(kChargeId));
      return true;
    case kPeriod: {
      const auto period =
          scalar.form == Scalar::Form::kString ? parse_period(scalar.text) : std::nullopt;
      if (period) {
        envelope_.head.period = *period;
        head_valid_ |= bit(kPeriod);
      } else {
        head_fault(Reason::kBadField, "period", scalar.text, "\"period\" is not a month YYYY-MM");
      }
      return true;
    }
    case kShard:
      if (const auto shard = integer(0, kShardMax))
        envelope_.head.shard = static_cast<std::int32_t>(*shard);
      return true;
    case kDelivery:
      delivery_ = integer(1, INT64_MAX);
      return true;
    default:
      if (const auto revision = integer(1, INT64_MAX)) envelope_.head.revision = *revision;
      return true;
  }
}

void EnvelopeParser::Reader::read_tenant(const Scalar& scalar) {
  if (scalar.form != Scalar::Form::kString || !is_tenant_name(scalar.text)) {
    head_fault(Reason::kBadField, "tenant", scalar.text,
               "\"tenant\" is not 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"");
    return;
  }
  envelope_.head.tenant = scalar.text;
  head_valid_ |= bit(kTenant);
  if (!tenants_.empty() && !tenants_.contains(scalar.text)) {
    head_fault(Reason::kUnknownTenant, "tenant", scalar.text,
               "the tenant is not in the job's setting \"tenants\"");
  }
}

void EnvelopeParser::Reader::read_bounded_text(std::string_view name, const Scalar& scalar,
                                               std::size_t limit, std::string_view& out,
                                               std::uint32_t valid_bit) {
  if (scalar.form != Scalar::Form::kString || scalar.text.empty() || scalar.text.size() > limit) {
    head_fault(Reason::kBadField, name, scalar.text,
               fmt::format("\"{}\" is not a string of 1 to {} bytes", name, limit));
    return;
  }
  out = scalar.text;
  head_valid_ |= valid_bit;
}

void EnvelopeParser::Reader::head_fault(DeadLetterReason reason, std::string_view field,
                                        std::string_view value, std::string message) {
  if (head_fault_) return;
  head_fault_ =
      Fault{reason, std::string(field), std::string(cut_utf8(value, 256)), std::move(message)};
}

}  // namespace tributary::cost
