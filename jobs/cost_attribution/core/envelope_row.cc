// jobs/cost_attribution/core/envelope_row.cc
// The `row` object of a charge: columns, times, currency, costs and tags.
#include <algorithm>

#include <fmt/format.h>

#include "jobs/cost_attribution/core/envelope_names.h"
#include "jobs/cost_attribution/core/envelope_reader.h"
#include "jobs/cost_attribution/core/json_token.h"

namespace tributary::cost {

using Reason = DeadLetterReason;

bool EnvelopeParser::Reader::read_row(Value& value) {
  const std::string_view token = trim_token(value.raw_json_token());
  if (token.empty() || token.front() != '{') {
    if (token == "null") {
      head_seen_ &= ~bit(kRow);
    } else {
      row_fault(Reason::kBadField, "row", token, "\"row\" is not an object");
    }
    return check_value(value, 0);
  }
  head_valid_ |= bit(kRow);
  simdjson::ondemand::object object;
  if (const auto code = value.get_object().get(object)) return broken(code);
  const bool is_walked = each_known_field(object, row_guess_, [&](std::size_t name, Value& field) {
    return read_row_field(name, field);
  });
  if (!is_walked) return false;
  seal_tags();
  return true;
}

bool EnvelopeParser::Reader::read_row_field(std::size_t name, Value& value) {
  const std::string_view field = kRowNames[name];
  if ((row_seen_ & bit(name)) != 0) {
    row_fault(Reason::kBadField, field, "", fmt::format("\"{}\" is given twice", field));
    return check_value(value, 0);
  }
  row_seen_ |= bit(name);
  if (name == kTags) return read_tags(value);
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  if (scalar.form == Scalar::Form::kNull) return true;
  row_present_ |= bit(name);
  ChargeRow& row = envelope_.row;
  if (name < kColumnCount) {
    if (scalar.form != Scalar::Form::kString || scalar.text.size() > kTextBytesMax) {
      row_fault(Reason::kBadField, field, scalar.text,
                fmt::format("\"{}\" is not a string of at most {} bytes", field, kTextBytesMax));
    } else {
      row.columns[name] = scalar.text;
    }
    return true;
  }
  switch (name) {
    case kStart:
      read_time(field, scalar, row.start);
      return true;
    case kEnd:
      read_time(field, scalar, row.end);
      return true;
    case kCurrency: {
      const bool capitals =
          scalar.form == Scalar::Form::kString && scalar.text.size() == 3 &&
          std::ranges::all_of(scalar.text, [](char c) { return c >= 'A' && c <= 'Z'; });
      if (capitals) {
        std::ranges::copy(scalar.text, row.currency.letters.begin());
      } else {
        row_fault(Reason::kBadCurrency, field, scalar.text,
                  fmt::format("\"{}\" is not three capital letters", field));
      }
      return true;
    }
    default:
      read_amount(static_cast<Metric>(name - kFirstMetric), scalar);
      return true;
  }
}

void EnvelopeParser::Reader::read_time(std::string_view name, const Scalar& scalar,
                                       Timestamp& out) {
  if (scalar.form == Scalar::Form::kString) {
    if (const auto time = parse_timestamp(scalar.text)) {
      out = *time;
      return;
    }
  }
  row_fault(Reason::kBadField, name, scalar.text,
            fmt::format("\"{}\" is not an ISO 8601 time", name));
}

void EnvelopeParser::Reader::read_amount(Metric metric, const Scalar& scalar) {
  const auto index = static_cast<std::size_t>(metric);
  const std::string_view name = kMetricColumns[index];
  const bool readable =
      scalar.form == Scalar::Form::kString || scalar.form == Scalar::Form::kNumber;
  switch (readable ? parse_decimal(scalar.text, envelope_.row.amounts[index])
                   : DecimalFault::kNotADecimal) {
    case DecimalFault::kNone:
      return;
    case DecimalFault::kNotADecimal:
      row_fault(Reason::kBadDecimal, name, scalar.text,
                fmt::format("\"{}\" is not a decimal number", name));
      return;
    case DecimalFault::kTooManyDecimals:
      row_fault(Reason::kTooManyDecimals, name, scalar.text,
                fmt::format("\"{}\" has more than 18 decimals; amounts are never rounded", name));
      return;
    case DecimalFault::kOverflow:
      row_fault(Reason::kAmountOverflow, name, scalar.text,
                fmt::format("\"{}\" is beyond 10^15", name));
      return;
  }
}

bool EnvelopeParser::Reader::read_tags(Value& value) {
  const std::string_view token = trim_token(value.raw_json_token());
  if (token.empty() || token.front() != '{') {
    if (token != "null") row_fault(Reason::kBadField, "Tags", token, "\"Tags\" is not an object");
    return check_value(value, 0);
  }
  simdjson::ondemand::object object;
  if (const auto code = value.get_object().get(object)) return broken(code);
  const bool is_walked =
      each_field(object, [&](std::string_view key, Value& tag) { return read_tag(key, tag); });
  if (!is_walked) return false;
  if (tag_count_ > kTagCountMax) {
    row_fault(Reason::kTooManyTags, "Tags", "",
              fmt::format("{} tags, at most {} are read", tag_count_, kTagCountMax));
  }
  return true;
}

bool EnvelopeParser::Reader::read_tag(std::string_view key, Value& value) {
  const char* begin = value.raw_json_token().data();
  Scalar scalar;
  if (!read_scalar(value, scalar)) return false;
  ++tag_count_;
  if (scalar.form == Scalar::Form::kNested) {
    const char* end = nullptr;
    if (const auto code = value.current_location().get(end)) return broken(code);
    const std::string_view raw = trim_token({begin, static_cast<std::size_t>(end - begin)});
    // Reserved for a whole record, so appending moves nothing that earlier tags view.
    const std::size_t at = minified_.size();
    minified_.resize(at + raw.size());
    std::size_t length = 0;
    if (const auto code = simdjson::minify(raw.data(), raw.size(), minified_.data() + at, length))
      return broken(code);
    minified_.resize(at + length);
    scalar.text = {minified_.data() + at, length};
  }
  if (key.size() > kTagKeyBytesMax) {
    row_fault(Reason::kBadField, "Tags", key,
              fmt::format("a tag's key has more than {} bytes", kTagKeyBytesMax));
  } else if (scalar.text.size() > kTagValueBytesMax) {
    row_fault(
        Reason::kBadField, "Tags", scalar.text,
        fmt::format("the value of tag \"{}\" has more than {} bytes", key, kTagValueBytesMax));
  } else if (scalar.form != Scalar::Form::kNull && !scalar.text.empty() &&
             tag_count_ <= kTagCountMax) {
    tags_.push_back({key, scalar.text});
  }
  return true;
}

void EnvelopeParser::Reader::seal_tags() {
  const auto by_key = [](const Tag& a, const Tag& b) { return a.key < b.key; };
  if (!std::ranges::is_sorted(tags_, by_key)) std::ranges::sort(tags_, by_key);
  const auto twin =
      std::ranges::adjacent_find(tags_, [](const Tag& a, const Tag& b) { return a.key == b.key; });
  if (twin != tags_.end()) row_fault(Reason::kBadField, "Tags", twin->key, "a tag is given twice");
}

void EnvelopeParser::Reader::row_fault(DeadLetterReason reason, std::string_view field,
                                       std::string_view value, std::string message) {
  if (row_fault_) return;
  std::string path = field == "row" ? std::string(field) : fmt::format("row.{}", field);
  row_fault_ =
      Fault{reason, std::move(path), std::string(cut_utf8(value, 256)), std::move(message)};
}

}  // namespace tributary::cost
