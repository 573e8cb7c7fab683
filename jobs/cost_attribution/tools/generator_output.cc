// jobs/cost_attribution/tools/generator_output.cc
// The generator's FOCUS bill (CSV) and its expectation as JSON.
#include <iterator>

#include <fmt/format.h>

#include "jobs/cost_attribution/tools/focus_generator.h"
#include "jobs/cost_attribution/tools/json_object.h"

namespace tributary::cost {

namespace {

// FOCUS 1.0 names; the row writer below has the same order.
constexpr std::string_view kHeader =
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,"
    "BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,PricingQuantity,PricingUnit,ChargeCategory,ChargeClass,"
    "ChargeDescription,"
    "ServiceName,ServiceCategory,ProviderName,BillingAccountId,SubAccountId,SubAccountName,"
    "RegionId,ResourceId,"
    "ResourceName,ResourceType,SkuId,InvoiceId,CommitmentDiscountStatus,Tags\n";

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_text_cell(std::string& out, std::string_view text) {
  out += ',';
  if (text.empty()) {
    out += "NULL";
  } else {
    append_quoted(out, text);
  }
}

void append_time_cell(std::string& out, Timestamp t) {
  const std::string iso = format_timestamp(t);
  fmt::format_to(std::back_inserter(out), ",\"{} {}\"", iso.substr(0, 10), iso.substr(11, 8));
}

Timestamp month_start(Period period) {
  const auto start = parse_timestamp(format_period(period) + "-01");
  TRIBUTARY_CHECK(start.has_value(), "a period lies in the years 1 to 9999");
  return *start;
}

}  // namespace

std::string_view FocusGenerator::csv_header() { return kHeader; }

bool FocusGenerator::next_csv(std::string& out) {
  if (next_number_ == options_.rows) return false;
  make_new(next_number_++);
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    if (i > 0) out += ',';
    out += row_.costs[i].empty() ? "NULL" : row_.costs[i];
  }
  append_text_cell(out, row_.currency);
  append_time_cell(out, month_start(*row_.period));
  append_time_cell(out, month_start(row_.period->next()));
  append_time_cell(out, row_.start);
  append_time_cell(out, row_.end);
  fmt::format_to(std::back_inserter(out), ",{},\"Units\"", 1 + next_number_ % 7);
  for (const std::string_view column : row_.columns) append_text_cell(out, column);
  std::string tags;
  for (const auto& [key, value] : row_.tags) {
    tags += tags.empty() ? "{" : ", ";
    append_json_string(tags, key);
    tags += ": ";
    append_json_string(tags, value);
  }
  if (!tags.empty()) tags += '}';
  append_text_cell(out, tags);
  out += '\n';
  ++expected_.records;
  return true;
}

std::string GeneratorExpectation::to_json() const {
  std::string out = fmt::format(
      "{{\n  \"v\": 1,\n  \"records\": {},\n  \"new_charges\": {},\n  \"repeats\": {},\n  "
      "\"revisions\": {},\n"
      "  \"deletes\": {},\n  \"late\": {},\n  \"negative\": {},\n  \"rejected\": {{",
      records, new_charges, repeats, revisions, deletes, late, negative);
  std::string_view separator = "";
  for (const auto& [reason, count] : rejected) {
    out += fmt::format("{}\n    \"{}\": {}", separator, reason, count);
    separator = ",";
  }
  out += "\n  },\n  \"totals\": [";
  separator = "";
  for (const auto& [key, cell] : totals) {
    out +=
        fmt::format(R"({}{}    {{"tenant": "{}", "period": "{}", "currency": "{}", "charges": {})",
                    separator, "\n", key[0], key[1], key[2], cell.charges);
    for (std::size_t i = 0; i < kMetricCount; ++i) {
      out += fmt::format(R"(, "{}": "{}")", kMetricNames[i], format_amount(cell.amounts[i]));
    }
    out += '}';
    separator = ",";
  }
  return out + "\n  ]\n}\n";
}

}  // namespace tributary::cost
