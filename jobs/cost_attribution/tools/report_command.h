// jobs/cost_attribution/tools/report_command.h
// `attribution report`: a tenant's costs of a posting period, by elements of one or more
// dimensions, each in a table of its own whose rows add up, with the conservation check beneath.
//
// A report is a sum over the ledger's lines, exact; amounts of two currencies never meet.
// (undefined) is what the input has more than the dimension's elements. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

struct ReportOptions {
  std::filesystem::path from;    // topics: dead letters, and the lines where there is no ledger
  std::filesystem::path ledger;  // empty: <from>/ledger
  std::string tenant;
  std::string period;
  std::vector<std::string> by;  // dimensions, and "service" to split each of them
  std::string currency;         // empty: all
  std::string metric = "billed";
  int digits = 2;
  std::size_t top = 0;  // rows of a table, the rest summed as (other); 0: as many as a report shows
  std::string as_of;    // empty: now
  bool is_csv = false;
};

// Appends the tables to `out`; exit code 0. C102 for options, D107 for what the ledger does not
// hold.
Result<int> run_report(const ReportOptions& options, std::string& out);

}  // namespace tributary::cost
