// jobs/cost_attribution/core/report.h
// How sums of lines are shown to people: rounded so that the rows add up, sorted, with shares, and
// with the conservation check beneath. Pure: sums in, text out.
//
// Invariant: the shown rows add up to the shown total, exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

inline constexpr std::size_t kReportRowsMax = 10'000;
inline constexpr std::string_view kOther = "(other)";
inline constexpr std::string_view kAllRows = "(all)";

// One group: the element of the dimension, then what else the report is by (service).
struct ReportCell {
  std::vector<std::string> names;
  Amount cost;
};

struct ReportRow {
  std::vector<std::string> names;
  Amount cost;   // exact
  Amount shown;  // rounded
  std::optional<std::int64_t>
      per_mille;  // share of the total; none if the total is 0 or the share is beyond 9999.9 %
};

// What stands beneath a report.
struct ReportBasis {
  Amount input;  // of (input), exact
  std::optional<Timestamp> as_of;
  std::vector<std::int64_t> rules_versions;
  std::uint64_t dead_letters = 0;
  Amount provisional;  // part of the input from provisional sources
};

struct Report {
  std::string title;                 // "acme, 2026-09, USD, billed"
  std::vector<std::string> headers;  // "team", "service"
  std::vector<ReportRow> rows;
  int digits = 2;
  Amount total;        // exact
  Amount total_shown;  // rounded
  ReportBasis basis;
};

// Sorts by cost, highest first, then by names; reserved elements come last, (other) before them.
// More than `rows_max` cells: what else the report is by gives way first in reserved elements, so
// that each of them is one row ("(unattributed)  (all)") and counts as one; the largest plain rows
// take the room that is left, and the rest is summed as (other). D103 on overflow.
Result<Report> build_report(std::string title, std::vector<std::string> headers,
                            std::vector<ReportCell> cells, int digits, ReportBasis basis,
                            std::size_t rows_max = kReportRowsMax);

// A table for a terminal, and the check beneath it.
std::string to_table(const Report& report);
// RFC 4180, a header line, one line a row; costs exact and rounded.
std::string to_csv(const Report& report);

}  // namespace tributary::cost
