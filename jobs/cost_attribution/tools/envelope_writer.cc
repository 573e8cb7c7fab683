// jobs/cost_attribution/tools/envelope_writer.cc
#include "jobs/cost_attribution/tools/envelope_writer.h"

#include <iterator>

#include <fmt/format.h>

#include "base/hash.h"
#include "jobs/cost_attribution/tools/json_object.h"

namespace tributary::cost {

namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::int32_t shard_of(std::string_view charge_id, std::int32_t shards) {
  return static_cast<std::int32_t>(xxh3_64(charge_id) % static_cast<std::uint64_t>(shards));
}

void append_envelope_head(std::string& out, std::string_view kind, const ChargeHead& head) {
  out += R"({"v":1,"kind":")";
  out += kind;
  out += R"(","tenant":)";
  append_json_string(out, head.tenant);
  out += R"(,"source":)";
  append_json_string(out, head.source);
  fmt::format_to(std::back_inserter(out), R"(,"period":"{}","shard":{},"charge_id":)",
                 format_period(head.period), head.shard);
  append_json_string(out, head.charge_id);
  fmt::format_to(std::back_inserter(out), R"(,"revision":{})", head.revision);
}

void append_charge(std::string& out, const ChargeHead& head, const BillRow& row) {
  append_envelope_head(out, "charge", head);
  std::array<char, 40> time;
  out += R"(,"row":{"ChargePeriodStart":")";
  out.append(time.data(), format_timestamp(row.start, time.data()));
  out += R"(","ChargePeriodEnd":")";
  out.append(time.data(), format_timestamp(row.end, time.data()));
  out += '"';
  append_member(out, "BillingCurrency", row.currency);
  for (std::size_t i = 0; i < kMetricCount; ++i)
    append_member(out, kMetricColumns[i], row.costs[i]);
  for (std::size_t i = 0; i < kColumnCount; ++i)
    append_member(out, kColumnNames[i], row.columns[i]);
  if (!row.tags.empty()) {
    char separator = '{';
    out += R"(,"Tags":)";
    for (const auto& [key, value] : row.tags) {
      out += std::exchange(separator, ',');
      append_json_string(out, key);
      out += ':';
      append_json_string(out, value);
    }
    out += '}';
  }
  out += "}}\n";
}

}  // namespace tributary::cost
