// jobs/cost_attribution/tools/explain_command.h
// `attribution explain`: which charges, rules and causes make up one hourly cell, from the ledger,
// and that they add up to what cost.hourly shows.
//
// A line belongs to the hours that its charge overlaps, split as the job splits it. Thread: one.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace tributary::cost {

struct ExplainOptions {
  std::filesystem::path from;
  std::filesystem::path ledger;  // empty: <from>/ledger
  std::string tenant;
  std::string dimension;
  std::string element;
  std::string hour;
  std::string metric = "billed";
  bool shows_reversed = false;  // charges whose lines cancel, too
};

// Exit code 1 when the lines do not add up to the cell, or nothing was ever posted there.
Result<int> run_explain(const ExplainOptions& options, std::string& out);

}  // namespace tributary::cost
