// tests/e2e/crash/cost_answers.h
// What the cost job has written, without the times at which it did: two runs over the same input
// must give the same, whatever happened to either.
//
// Values. The hourly table is an upsert stream whose intermediate versions depend on timing, so
// only the last value of each cell is kept.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/money.h"

namespace tributary::testing {

struct CostAnswers {
  // Of the topics whose records are only added: lines, in bytes' order.
  std::map<std::string, std::vector<std::string>> added;
  std::map<std::string, std::string> hourly;  // cell -> its last line
  // Of the ledger: tenant, period, currency, dimension -> billed.
  std::map<std::vector<std::string>, Amount> sums;

  // What readers find in the topics of a folder. Adds a failure for what is no line.
  static CostAnswers read(const std::filesystem::path& dir);
};

// Empty if both are the same; else what is missing, too much or different, a few lines of each.
std::string difference(const CostAnswers& expected, const CostAnswers& found);

// Empty if every dimension of the ledger sums up to what the generator says (expected.json).
std::string difference_from_totals(const CostAnswers& found,
                                   const std::filesystem::path& expected_json);

// The topics that the job writes.
const std::vector<std::string>& written_topics();

}  // namespace tributary::testing
