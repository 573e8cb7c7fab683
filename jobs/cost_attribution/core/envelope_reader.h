// jobs/cost_attribution/core/envelope_reader.h
// The one door to simdjson: walks a record once, keeps what it read and the first fault, and judges
// it at the end.
//
// Private to envelope.cc and envelope_row.cc. A fault of a value does not stop the walk (a refused
// row still shows its head); malformed JSON does.
#pragma once

#include <memory>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/core/field_guess.h"

namespace tributary::cost {

class EnvelopeParser::Reader {
 public:
  explicit Reader(TenantSet tenants);

  std::expected<const Envelope*, Rejection> read(std::string_view record, Timestamp ingest_time);

 private:
  struct Fault {
    DeadLetterReason reason;
    std::string field;
    std::string value;
    std::string message;
  };
  // A scalar's bytes: the unescaped string, or the token of anything else.
  struct Scalar {
    enum class Form : std::uint8_t { kString, kNumber, kNull, kBool, kNested } form = Form::kNull;
    std::string_view text;
  };
  using Value = simdjson::ondemand::value;
  using Field = simdjson::ondemand::field;

  // False: the JSON is malformed and malformed_ says why. Everything below that returns bool means
  // this.
  bool walk(std::string_view record);
  bool read_head_field(std::size_t name, Value& value);
  bool read_row(Value& value);
  bool read_row_field(std::size_t name, Value& value);
  bool read_tags(Value& value);
  bool read_tag(std::string_view key, Value& value);
  bool read_scalar(Value& value, Scalar& out);
  bool read_key(Field& field, std::string_view& out);
  bool check_value(Value& value, int depth);  // validates what nobody reads
  // on_field(key, value) for each field of the object, until one is false.
  template <typename OnField>
  bool each_field(simdjson::ondemand::object& object, const OnField& on_field) {
    for (auto result : object) {
      Field field;
      if (const auto code = std::move(result).get(field)) return broken(code);
      std::string_view key;
      if (!read_key(field, key) || !on_field(key, field.value())) return false;
    }
    return true;
  }
  // on_field(name, value) for each field that `guess` knows; the others are counted.
  template <typename OnField>
  bool each_known_field(simdjson::ondemand::object& object, FieldGuess& guess,
                        const OnField& on_field) {
    guess.restart();
    return each_field(object, [&](std::string_view key, Value& value) {
      const std::size_t name = guess.find(key);
      if (name != FieldGuess::kUnknown) return on_field(name, value);
      ++envelope_.unknown_fields;
      return check_value(value, 0);
    });
  }
  bool malformed(std::string_view why);
  bool broken(simdjson::error_code code);

  // Records `fault` if it is the first of its part of the record.
  void head_fault(DeadLetterReason reason, std::string_view field, std::string_view value,
                  std::string message);
  void row_fault(DeadLetterReason reason, std::string_view field, std::string_view value,
                 std::string message);

  void read_tenant(const Scalar& scalar);
  void read_bounded_text(std::string_view name, const Scalar& scalar, std::size_t limit,
                         std::string_view& out, std::uint32_t bit);
  void read_amount(Metric metric, const Scalar& scalar);
  void read_time(std::string_view name, const Scalar& scalar, Timestamp& out);
  void seal_tags();

  std::optional<Fault> judge_kind() const;
  std::optional<Fault> judge_missing() const;
  std::optional<Fault> judge_row(Timestamp ingest_time) const;
  Rejection reject(Fault fault) const;

  TenantSet tenants_;
  simdjson::ondemand::parser parser_;
  std::unique_ptr<char[]> buffer_;
  FieldGuess head_guess_;
  FieldGuess row_guess_;
  std::vector<Tag> tags_;
  std::string minified_;  // JSON text of tag values that are objects or arrays; never grows past
                          // its reserve
  std::string canonical_;

  // Of the record at hand.
  Envelope envelope_;
  std::string_view kind_;
  std::optional<std::int64_t> version_;
  std::optional<std::int64_t> delivery_;
  std::string_view version_text_;
  std::uint32_t head_seen_ = 0;   // bit per head field: present, not null
  std::uint32_t head_valid_ = 0;  // and valid
  std::uint32_t row_seen_ = 0;
  std::uint32_t row_present_ = 0;  // not null
  std::size_t tag_count_ = 0;
  std::optional<Fault> head_fault_;
  std::optional<Fault> row_fault_;
  std::string malformed_;
};

}  // namespace tributary::cost
