// jobs/cost_attribution/tools/focus_csv.cc
#include "jobs/cost_attribution/tools/focus_csv.h"

#include <vector>

#include "base/excerpt.h"
#include "jobs/cost_attribution/tools/json_object.h"

namespace tributary::cost {

namespace {

bool is_measure(std::string_view column) {
  return column.ends_with("Cost") || column.ends_with("Quantity") || column.ends_with("UnitPrice");
}

bool is_time(std::string_view column) {
  return column == "ChargePeriodStart" || column == "ChargePeriodEnd" ||
         column == "BillingPeriodStart" || column == "BillingPeriodEnd";
}

class FocusFormat final : public BillFormat {
 public:
  Status bind(std::span<const CsvCell> cells, std::string_view id_column) {
    const BillHeader header = TRY(BillHeader::read(cells));
    cells_ = cells.size();
    start_ = TRY(header.require("ChargePeriodStart"));
    end_ = TRY(header.require("ChargePeriodEnd"));
    currency_ = TRY(header.require("BillingCurrency"));
    costs_[0] = TRY(header.require(kMetricColumns[0]));
    for (std::size_t i = 1; i < kMetricCount; ++i) costs_[i] = header.find(kMetricColumns[i]);
    for (std::size_t i = 0; i < kColumnCount; ++i) columns_[i] = header.find(kColumnNames[i]);
    tags_ = header.find("Tags");
    billing_start_ = header.find("BillingPeriodStart");
    if (!id_column.empty()) {
      id_ = TRY(header.require(id_column));
      id_name_ = id_column;
    }
    for (const auto& [name, position] : header.positions()) {
      if (!is_measure(name)) identity_.push_back({name, position, is_time(name)});
    }
    return {};
  }

  Status map(std::span<const CsvCell> cells, BillRow& row) const override {
    if (cells.size() != cells_) {
      return fail(ErrorCode::D101, "{} cells, the header has {}", cells.size(), cells_);
    }
    row.clear();
    row.start = TRY(read_time("ChargePeriodStart", cell_text(cells[start_])));
    row.end = TRY(read_time("ChargePeriodEnd", cell_text(cells[end_])));
    row.currency = cell_text(cells[currency_]);
    for (std::size_t i = 0; i < kMetricCount; ++i) {
      if (costs_[i]) row.costs[i] = cell_text(cells[*costs_[i]]);
    }
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (columns_[i]) row.columns[i] = cell_text(cells[*columns_[i]]);
    }
    if (billing_start_ && !cell_text(cells[*billing_start_]).empty()) {
      row.period =
          period_of(TRY(read_time("BillingPeriodStart", cell_text(cells[*billing_start_]))));
    }
    if (tags_) TRY(read_tags(cell_text(cells[*tags_]), row));
    if (!id_) return write_identity(cells, row);
    row.identity = cell_text(cells[*id_]);
    row.has_own_id = true;
    if (row.identity.empty()) return fail(ErrorCode::D101, "the id column {} is empty", id_name_);
    return {};
  }

 private:
  struct IdentityColumn {
    std::string name;
    std::size_t position;
    bool is_time;
  };

  static Status read_tags(std::string_view text, BillRow& row) {
    if (text.empty()) return {};
    auto object = JsonObject::parse(text);
    if (!object) return std::unexpected(std::move(object).error().in("Tags"));
    for (const JsonMember& tag : object->members()) {
      if (tag.kind != JsonMember::Kind::kNull) row.tags.emplace(tag.key, tag.text);
    }
    return {};
  }

  Status write_identity(std::span<const CsvCell> cells, BillRow& row) const {
    std::string& out = row.identity;
    out += '{';
    for (const IdentityColumn& column : identity_) {
      const std::string_view text = cell_text(cells[column.position]);
      if (text.empty()) continue;
      if (out.size() > 1) out += ',';
      append_json_string(out, column.name);
      out += ':';
      if (column.is_time) {
        append_json_string(out, format_timestamp(TRY(read_time(column.name, text))));
      } else if (text.front() == '{') {
        append_sorted(out, text);
      } else {
        append_json_string(out, text);
      }
    }
    out += '}';
    return {};
  }

  // A text that only looks like an object is taken as it stands.
  static void append_sorted(std::string& out, std::string_view text) {
    const auto object = JsonObject::parse(text);
    if (!object) return append_json_string(out, text);
    std::map<std::string_view, const JsonMember*> sorted;
    for (const JsonMember& member : object->members()) sorted.emplace(member.key, &member);
    char separator = '{';
    for (const auto& [key, member] : sorted) {
      out += std::exchange(separator, ',');
      append_json_string(out, key);
      out += ':';
      if (member->kind == JsonMember::Kind::kString) {
        append_json_string(out, member->text);
      } else {
        out += member->kind == JsonMember::Kind::kNull ? "null" : member->text;
      }
    }
    out += sorted.empty() ? "{}" : "}";
  }

  std::size_t cells_ = 0;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::size_t currency_ = 0;
  std::array<std::optional<std::size_t>, kMetricCount> costs_;
  std::array<std::optional<std::size_t>, kColumnCount> columns_;
  std::optional<std::size_t> tags_;
  std::optional<std::size_t> billing_start_;
  std::optional<std::size_t> id_;
  std::string id_name_;
  std::vector<IdentityColumn> identity_;  // by name
};

}  // namespace

Result<std::unique_ptr<BillFormat>> make_focus_format(std::span<const CsvCell> header,
                                                      std::string_view id_column) {
  auto format = std::make_unique<FocusFormat>();
  TRY(format->bind(header, id_column));
  return format;
}

}  // namespace tributary::cost
