// jobs/cost_attribution/tools/reconcile_command.h
// `attribution reconcile`: does the ledger say what the bills say? Recounts the charges topics by a
// path of its own and ties records to dead letters, charges to the ledger's input, input to every
// dimension, and ledger to hourly cells.
//
// Hourly cells know no period: they are tied over all periods of the tenant. Thread: one.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace tributary::cost {

struct ReconcileOptions {
  std::filesystem::path from;
  std::filesystem::path ledger;  // empty: <from>/ledger
  std::string tenant;
  std::string period;  // of the charges, not of the posting
};

// Appends a table and PASS or FAIL; exit code 0 or 1.
Result<int> run_reconcile(const ReconcileOptions& options, std::string& out);

}  // namespace tributary::cost
