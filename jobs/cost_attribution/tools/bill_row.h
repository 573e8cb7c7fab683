// jobs/cost_attribution/tools/bill_row.h
// One row of a provider's bill, mapped to the fields of a charge, and the interface of a bill's
// format (FOCUS, CUR).
//
// A format knows columns; it judges times and the shape of a row. Costs, currency and limits are
// judged later, by the job's own envelope parser on the line that would be sent. Thread: one.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/csv_splitter.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"
#include "jobs/cost_attribution/core/period.h"

namespace tributary::cost {

// Views point into the CSV row it was mapped from.
struct BillRow {
  Timestamp start;
  Timestamp end;
  std::optional<Period> period;  // as the provider says; absent where the bill does not say
  std::string_view currency;
  std::array<std::string_view, kMetricCount> costs;  // text as it stands in the file; empty = null
  std::array<std::string_view, kColumnCount> columns;
  std::map<std::string, std::string, std::less<>> tags;
  // What identifies the charge: its id, or (has_own_id false) the canonical JSON that an id is
  // hashed from.
  std::string identity;
  bool has_own_id = false;

  void clear();
};

class BillFormat {
 public:
  virtual ~BillFormat() = default;
  // D101 with the column and the value; `row` is then unspecified.
  virtual Status map(std::span<const CsvCell> cells, BillRow& row) const = 0;
};

// The text of a cell; NULL without quotes is an empty cell.
inline std::string_view cell_text(const CsvCell& cell) {
  return !cell.is_quoted && cell.text == "NULL" ? std::string_view{} : cell.text;
}

// Column names to positions. Error D101 for a name given twice.
class BillHeader {
 public:
  static Result<BillHeader> read(std::span<const CsvCell> cells);

  std::size_t size() const { return positions_.size(); }
  std::optional<std::size_t> find(std::string_view name) const;
  // D101 with the nearest column there is.
  Result<std::size_t> require(std::string_view name) const;
  const std::map<std::string, std::size_t, std::less<>>& positions() const { return positions_; }

 private:
  std::map<std::string, std::size_t, std::less<>> positions_;  // in the order of names
};

// A required time of a row; D101 with the column's name.
Result<Timestamp> read_time(std::string_view column, std::string_view text);

// The month that holds t; nothing outside the years 1 to 9999.
std::optional<Period> period_of(Timestamp t);

}  // namespace tributary::cost
