// jobs/cost_attribution/tools/cur_csv.h
// AWS Cost and Usage Reports (legacy CSV, "lineItem/UnblendedCost") as rows of charges.
//
// The charge id is identity/LineItemId "|" identity/TimeInterval: the line item alone repeats every
// hour. UnblendedCost is the billed, publicOnDemandCost the list cost; CUR has no column that is
// FOCUS's effective or contracted cost for every line, so both stay absent. Thread: any, once made.
#pragma once

#include <memory>

#include "jobs/cost_attribution/tools/bill_row.h"

namespace tributary::cost {

// D101 when a needed column is missing.
Result<std::unique_ptr<BillFormat>> make_cur_format(std::span<const CsvCell> header);

}  // namespace tributary::cost
