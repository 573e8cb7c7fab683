// jobs/cost_attribution/tools/cur_csv.cc
#include "jobs/cost_attribution/tools/cur_csv.h"

#include <vector>

namespace tributary::cost {

namespace {

struct Renamed {
  Column column;
  std::string_view cur;
  std::string_view fallback;  // where the first is empty
};

constexpr Renamed kRenamed[] = {
    {Column::kChargeDescription, "lineItem/LineItemDescription", ""},
    {Column::kServiceName, "product/ProductName", "lineItem/ProductCode"},
    {Column::kBillingAccountId, "bill/PayerAccountId", ""},
    {Column::kSubAccountId, "lineItem/UsageAccountId", ""},
    {Column::kRegionId, "product/regionCode", "product/region"},
    {Column::kResourceId, "lineItem/ResourceId", ""},
    {Column::kResourceType, "product/productFamily", ""},
    {Column::kSkuId, "product/sku", ""},
    {Column::kInvoiceId, "bill/InvoiceId", ""},
};

// FOCUS's ChargeCategory of a LineItemType.
std::string_view charge_category(std::string_view type) {
  if (type == "Usage" || type == "DiscountedUsage" || type == "SavingsPlanCoveredUsage")
    return "Usage";
  if (type == "Tax") return "Tax";
  if (type == "Fee" || type == "RIFee" || type == "SavingsPlanRecurringFee" ||
      type == "SavingsPlanUpfrontFee") {
    return "Purchase";
  }
  if (type == "Credit" || type == "Refund" || type.ends_with("Discount")) return "Credit";
  return type.empty() ? "" : "Adjustment";
}

constexpr std::string_view kTagPrefix = "resourceTags/";
constexpr std::string_view kUserPrefix = "user:";

class CurFormat final : public BillFormat {
 public:
  Status bind(std::span<const CsvCell> cells) {
    const BillHeader header = TRY(BillHeader::read(cells));
    cells_ = cells.size();
    line_item_ = TRY(header.require("identity/LineItemId"));
    interval_ = TRY(header.require("identity/TimeInterval"));
    start_ = TRY(header.require("lineItem/UsageStartDate"));
    end_ = TRY(header.require("lineItem/UsageEndDate"));
    currency_ = TRY(header.require("lineItem/CurrencyCode"));
    billed_ = TRY(header.require("lineItem/UnblendedCost"));
    list_ = header.find("pricing/publicOnDemandCost");
    type_ = header.find("lineItem/LineItemType");
    billing_start_ = header.find("bill/BillingPeriodStartDate");
    for (const Renamed& renamed : kRenamed) {
      columns_.push_back({renamed.column, header.find(renamed.cur), header.find(renamed.fallback)});
    }
    for (const auto& [name, position] : header.positions()) {
      if (!name.starts_with(kTagPrefix)) continue;
      std::string_view key = std::string_view(name).substr(kTagPrefix.size());
      if (key.starts_with(kUserPrefix)) key.remove_prefix(kUserPrefix.size());
      tags_.emplace_back(key, position);
    }
    return {};
  }

  Status map(std::span<const CsvCell> cells, BillRow& row) const override {
    if (cells.size() != cells_) {
      return fail(ErrorCode::D101, "{} cells, the header has {}", cells.size(), cells_);
    }
    const auto text = [&](std::optional<std::size_t> position) {
      return position ? cell_text(cells[*position]) : std::string_view{};
    };
    row.clear();
    row.start = TRY(read_time("lineItem/UsageStartDate", text(start_)));
    row.end = TRY(read_time("lineItem/UsageEndDate", text(end_)));
    row.currency = text(currency_);
    row.costs[static_cast<std::size_t>(Metric::kBilled)] = text(billed_);
    row.costs[static_cast<std::size_t>(Metric::kList)] = text(list_);
    for (const BoundColumn& column : columns_) {
      std::string_view& to = row.columns[static_cast<std::size_t>(column.column)];
      to = text(column.first);
      if (to.empty()) to = text(column.fallback);
    }
    row.columns[static_cast<std::size_t>(Column::kProviderName)] = "AWS";
    row.columns[static_cast<std::size_t>(Column::kChargeCategory)] = charge_category(text(type_));
    if (const std::string_view month = text(billing_start_); !month.empty()) {
      row.period = period_of(TRY(read_time("bill/BillingPeriodStartDate", month)));
    }
    for (const auto& [key, position] : tags_) {
      if (const std::string_view value = text(position); !value.empty())
        row.tags.emplace(key, value);
    }
    const std::string_view line_item = text(line_item_);
    const std::string_view interval = text(interval_);
    if (line_item.empty() || interval.empty()) {
      return fail(ErrorCode::D101, "identity/{} is empty",
                  line_item.empty() ? "LineItemId" : "TimeInterval");
    }
    row.identity = fmt::format("{}|{}", line_item, interval);
    row.has_own_id = true;
    return {};
  }

 private:
  struct BoundColumn {
    Column column;
    std::optional<std::size_t> first;
    std::optional<std::size_t> fallback;
  };

  std::size_t cells_ = 0;
  std::size_t line_item_ = 0;
  std::size_t interval_ = 0;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::size_t currency_ = 0;
  std::size_t billed_ = 0;
  std::optional<std::size_t> list_;
  std::optional<std::size_t> type_;
  std::optional<std::size_t> billing_start_;
  std::vector<BoundColumn> columns_;
  std::vector<std::pair<std::string, std::size_t>> tags_;
};

}  // namespace

Result<std::unique_ptr<BillFormat>> make_cur_format(std::span<const CsvCell> header) {
  auto format = std::make_unique<CurFormat>();
  TRY(format->bind(header));
  return format;
}

}  // namespace tributary::cost
