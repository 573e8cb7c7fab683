#include "tests/jobs/cost_attribution/oracle/oracle_charge.h"

#include <cstddef>
#include <optional>
#include <stdexcept>

#include "tests/jobs/cost_attribution/oracle/oracle_tree.h"

namespace tributary::cost_oracle {
namespace {

// Missing, null and empty are one and the same.
std::optional<std::string> text_in(const Tree& row, const std::string& column) {
  const Tree* value = row.find(column);
  if (value == nullptr || value->kind == Tree::Kind::kNull) return std::nullopt;
  if (!value->is_text()) throw std::invalid_argument(column + " is not a string");
  if (value->text.empty()) return std::nullopt;
  return value->text;
}

std::string required_text(const Tree& row, const std::string& column) {
  const auto text = text_in(row, column);
  if (!text) throw std::invalid_argument("there is no " + column);
  return *text;
}

// A JSON number or a string with a decimal in it; absent and null are 0.
cpp_int amount_in(const Tree& row, const std::string& column) {
  const Tree* value = row.find(column);
  if (value == nullptr || value->kind == Tree::Kind::kNull) return 0;
  if (!value->is_text() && value->kind != Tree::Kind::kNumber) {
    throw std::invalid_argument(column + " is no amount");
  }
  return units_of(value->text);
}

std::map<std::string, std::string> tags_in(const Tree& row) {
  std::map<std::string, std::string> tags;
  const Tree* value = row.find("Tags");
  if (value == nullptr || value->kind == Tree::Kind::kNull) return tags;
  if (!value->is_map()) throw std::invalid_argument("Tags is no object");
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const Tree& tag = value->items[i];
    if (tag.is_map() || tag.is_list()) throw std::invalid_argument("a tag that is a tree");
    // Of a number or a boolean the text is its token; of null it is empty: missing.
    if (!tag.text.empty()) tags[value->names[i]] = tag.text;
  }
  return tags;
}

Charge read_row(const Tree& row) {
  Charge charge;
  for (const std::string& column : text_columns()) {
    if (const auto text = text_in(row, column)) charge.columns[column] = *text;
  }
  charge.tags = tags_in(row);
  charge.currency = required_text(row, "BillingCurrency");
  charge.start = micros_of(required_text(row, "ChargePeriodStart"));
  charge.end = micros_of(required_text(row, "ChargePeriodEnd"));
  if (charge.end < charge.start) throw std::invalid_argument("the end is before the start");
  if (row.at("BilledCost").kind == Tree::Kind::kNull) {
    throw std::invalid_argument("there is no BilledCost");
  }
  charge.amounts = {amount_in(row, "BilledCost"), amount_in(row, "EffectiveCost"),
                    amount_in(row, "ListCost"), amount_in(row, "ContractedCost")};
  return charge;
}

}  // namespace

const std::set<std::string>& text_columns() {
  static const std::set<std::string> columns = {"BillingCurrency",
                                                "ChargeCategory",
                                                "ChargeClass",
                                                "ChargeDescription",
                                                "ServiceName",
                                                "ServiceCategory",
                                                "ProviderName",
                                                "BillingAccountId",
                                                "SubAccountId",
                                                "SubAccountName",
                                                "RegionId",
                                                "ResourceId",
                                                "ResourceName",
                                                "ResourceType",
                                                "SkuId",
                                                "InvoiceId",
                                                "CommitmentDiscountStatus"};
  return columns;
}

ChargeEvent read_charge_event(const std::string& line) {
  const Tree event = parse_json(line);
  const std::string& kind = event.at("kind").text;
  if (event.at("v").text != "1" || (kind != "charge" && kind != "charge_delete")) {
    throw std::invalid_argument("the oracle does not know the kind " + kind);
  }
  if (event.find("delivery") != nullptr) throw std::invalid_argument("a row of a delivery");
  ChargeEvent result;
  result.identity = {event.at("tenant").text, event.at("source").text, event.at("period").text,
                     event.at("shard").text, event.at("charge_id").text};
  if (const Tree* revision = event.find("revision")) result.revision = std::stoll(revision->text);
  result.is_delete = kind == "charge_delete";
  if (!result.is_delete) result.charge = read_row(event.at("row"));
  return result;
}

}  // namespace tributary::cost_oracle
