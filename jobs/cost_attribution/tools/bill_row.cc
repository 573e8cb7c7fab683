// jobs/cost_attribution/tools/bill_row.cc
#include "jobs/cost_attribution/tools/bill_row.h"

#include <vector>

#include "base/excerpt.h"
#include "base/nearest_name.h"

namespace tributary::cost {

void BillRow::clear() {
  period.reset();
  currency = {};
  costs.fill({});
  columns.fill({});
  tags.clear();
  identity.clear();
  has_own_id = false;
}

Result<BillHeader> BillHeader::read(std::span<const CsvCell> cells) {
  BillHeader header;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!header.positions_.emplace(cells[i].text, i).second) {
      return fail(ErrorCode::D101, "column {} is given twice", excerpt(cells[i].text));
    }
  }
  return header;
}

std::optional<std::size_t> BillHeader::find(std::string_view name) const {
  const auto found = positions_.find(name);
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

Result<std::size_t> BillHeader::require(std::string_view name) const {
  if (const auto found = find(name)) return *found;
  std::vector<std::string_view> known;
  for (const auto& [column, position] : positions_) known.push_back(column);
  const auto nearest = nearest_name(name, known);
  return fail(ErrorCode::D101, "the header has no column {}{}", name,
              nearest ? fmt::format("; is it {}?", excerpt(*nearest)) : "");
}

Result<Timestamp> read_time(std::string_view column, std::string_view text) {
  if (text.empty()) return fail(ErrorCode::D101, "{} is missing", column);
  auto time = parse_timestamp(text);
  if (!time) return std::unexpected(std::move(time).error().in(column));
  return *time;
}

std::optional<Period> period_of(Timestamp t) {
  std::array<char, 40> text;
  const std::size_t size = format_timestamp(t, text.data());
  return parse_period(std::string_view(text.data(), size).substr(0, 7));
}

}  // namespace tributary::cost
