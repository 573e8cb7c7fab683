// jobs/cost_attribution/core/report.cc
#include "jobs/cost_attribution/core/report.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace tributary::cost {

namespace {

constexpr std::int64_t kPerMilleMax = 99'999;

// 0: a plain element; reserved ones follow in this order.
int reserved_rank(const std::string& name) {
  constexpr std::array<std::string_view, 4> kOrder = {kOther, "(unallocated)", "(unattributed)",
                                                      "(undefined)"};
  const auto at = std::ranges::find(kOrder, name);
  return at == kOrder.end() ? 0 : static_cast<int>(at - kOrder.begin()) + 1;
}

bool stands_before(const ReportCell& a, const ReportCell& b) {
  const int rank_a = a.names.empty() ? 0 : reserved_rank(a.names.front());
  const int rank_b = b.names.empty() ? 0 : reserved_rank(b.names.front());
  if (rank_a != rank_b) return rank_a < rank_b;
  if (a.cost != b.cost) return a.cost > b.cost;
  return a.names < b.names;
}

// `cost` / `total` in thousandths, rounded half away from zero.
std::optional<std::int64_t> share_per_mille(Amount cost, Amount total) {
  if (total.is_zero()) return std::nullopt;
  // Both scaled alike until 2000 * cost fits; what is cut off is far below a thousandth.
  constexpr Int128 kSafe = Amount::kOne * 1'000'000'000'000'000;
  Int128 part = cost.units;
  Int128 whole = total.units;
  while (part > kSafe || part < -kSafe || whole > kSafe || whole < -kSafe) {
    part /= 10;
    whole /= 10;
  }
  if (whole == 0) return std::nullopt;
  if (whole < 0) {
    part = -part;
    whole = -whole;
  }
  const Int128 doubled = 2000 * part;
  const Int128 rounded = (doubled + (part < 0 ? -whole : whole)) / (2 * whole);
  if (rounded > kPerMilleMax || rounded < -kPerMilleMax) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

// With exactly `digits` decimals.
std::string fixed(Amount amount, int digits) {
  std::string text = format_amount(amount);
  const std::size_t dot = text.find('.');
  if (digits == 0) return text;
  std::size_t decimals = dot == text.npos ? 0 : text.size() - dot - 1;
  if (dot == text.npos) text += '.';
  for (; decimals < static_cast<std::size_t>(digits); ++decimals) text += '0';
  return text;
}

std::string share_text(const std::optional<std::int64_t>& per_mille) {
  if (!per_mille) return "-";
  const std::int64_t size = *per_mille < 0 ? -*per_mille : *per_mille;
  return fmt::format("{}{}.{} %", *per_mille < 0 ? "-" : "", size / 10, size % 10);
}

// Columns of a terminal: code points; good enough for names.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// A tenant's text on a terminal: no control characters.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

using TableRow = std::vector<std::string>;

// The last two columns are numbers and stand right.
std::string lay_out(const std::vector<TableRow>& rows, std::size_t rule_before) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const TableRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::size_t line_width = 2 * (widths.size() - 1);
  for (const std::size_t width : widths) line_width += width;
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (r == 1 || r == rule_before) out += std::string(line_width, '-') + '\n';
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      if (i > 0) line += "  ";
      const std::string pad(widths[i] - width_of(rows[r][i]), ' ');
      line += i + 2 < rows[r].size() ? rows[r][i] + pad : pad + rows[r][i];
    }
    out += line + '\n';
  }
  return out;
}

// One row with the names of `element` alone, for what would be several.
ReportCell whole_row(const ReportCell& like, std::string_view element) {
  ReportCell row;
  row.names.assign(like.names.size(), std::string(kAllRows));
  if (!row.names.empty()) row.names.front() = element;
  return row;
}

// Of sorted cells: each reserved element as one row, the largest plain rows that fit beside those,
// and (other) for the rest.
Result<std::vector<ReportCell>> fewer_rows(std::vector<ReportCell> cells, std::size_t rows_max) {
  const auto first_reserved = std::ranges::find_if(cells, [](const ReportCell& cell) {
    return !cell.names.empty() && reserved_rank(cell.names.front()) > 0;
  });
  std::vector<ReportCell> reserved;
  for (auto cell = first_reserved; cell != cells.end(); ++cell) {
    if (reserved.empty() || reserved.back().names.front() != cell->names.front())
      reserved.push_back(whole_row(*cell, cell->names.front()));
    reserved.back().cost = TRY(add(reserved.back().cost, cell->cost));
  }
  const auto plain = static_cast<std::size_t>(first_reserved - cells.begin());
  const std::size_t room = rows_max > reserved.size() ? rows_max - reserved.size() : 0;
  const std::size_t kept = std::min(plain, room);
  if (kept < plain) {
    ReportCell other = whole_row(cells.front(), kOther);
    for (std::size_t i = kept; i < plain; ++i) other.cost = TRY(add(other.cost, cells[i].cost));
    reserved.insert(reserved.begin(), std::move(other));
  }
  cells.resize(kept);
  cells.insert(cells.end(), std::make_move_iterator(reserved.begin()),
               std::make_move_iterator(reserved.end()));
  return cells;
}

std::string versions_text(const std::vector<std::int64_t>& versions) {
  if (versions.empty()) return "none";
  std::string out;
  for (const std::int64_t version : versions)
    out += fmt::format("{}v{}", out.empty() ? "" : ", ", version);
  return out;
}

}  // namespace

Result<Report> build_report(std::string title, std::vector<std::string> headers,
                            std::vector<ReportCell> cells, int digits, ReportBasis basis,
                            std::size_t rows_max) {
  std::ranges::sort(cells, stands_before);
  if (cells.size() > rows_max) cells = TRY(fewer_rows(std::move(cells), rows_max));
  std::vector<Amount> exact;
  exact.reserve(cells.size());
  Report report;
  for (const ReportCell& cell : cells) {
    exact.push_back(cell.cost);
    report.total = TRY(add(report.total, cell.cost));
  }
  std::vector<Amount> shown(exact.size());
  report.total_shown = TRY(round_rows(exact, digits, shown));
  report.rows.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    report.rows.push_back(
        {std::move(cells[i].names), exact[i], shown[i], share_per_mille(exact[i], report.total)});
  }
  report.title = std::move(title);
  report.headers = std::move(headers);
  report.digits = digits;
  report.basis = std::move(basis);
  return report;
}

std::string to_table(const Report& report) {
  std::vector<TableRow> rows;
  rows.push_back(report.headers);
  rows.back().insert(rows.back().end(), {"cost", "share"});
  for (const ReportRow& row : report.rows) {
    TableRow cells;
    for (const std::string& name : row.names) cells.push_back(printable(name));
    cells.push_back(fixed(row.shown, report.digits));
    cells.push_back(share_text(row.per_mille));
    rows.push_back(std::move(cells));
  }
  TableRow total(report.headers.size());
  if (!total.empty()) total.front() = "total";
  total.push_back(fixed(report.total_shown, report.digits));
  total.push_back(share_text(share_per_mille(report.total, report.total)));
  rows.push_back(std::move(total));

  const ReportBasis& basis = report.basis;
  const auto difference = subtract(basis.input, report.total);
  const std::string checks[][2] = {
      {"input", format_amount(basis.input)},
      {"attributed", format_amount(report.total)},
      {"difference", difference ? format_amount(*difference) : std::string("out of range")},
      {"as of", basis.as_of ? format_timestamp(*basis.as_of) : std::string("now")},
      {"rules", versions_text(basis.rules_versions)},
      {"provisional", share_text(share_per_mille(basis.provisional, basis.input))},
      {"dead letters", fmt::format("{}", basis.dead_letters)},
  };
  std::string out = printable(report.title) + "\n\n" + lay_out(rows, rows.size() - 1) + '\n';
  for (const auto& [name, value] : checks) out += fmt::format("{:<14}{}\n", name, value);
  return out;
}

std::string to_csv(const Report& report) {
  std::string out;
  for (const std::string& header : report.headers) out += csv_field(header) + ',';
  out += "cost,cost_rounded,share_percent\r\n";
  for (const ReportRow& row : report.rows) {
    for (const std::string& name : row.names) out += csv_field(name) + ',';
    std::string share = row.per_mille ? share_text(row.per_mille) : std::string();
    if (share.ends_with(" %")) share.resize(share.size() - 2);
    out += fmt::format("{},{},{}\r\n", format_amount(row.cost), fixed(row.shown, report.digits),
                       share);
  }
  return out;
}

}  // namespace tributary::cost
