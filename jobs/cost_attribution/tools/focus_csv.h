// jobs/cost_attribution/tools/focus_csv.h
// FOCUS bills (1.0 to 1.2) as rows of charges.
//
// FOCUS has no row id. Identity is the canonical JSON of all columns but costs, quantities and unit
// prices (names that end in Cost, Quantity or UnitPrice): members sorted by name, nulls left out,
// charge and billing times in ISO form, cells that hold a JSON object with their members sorted. So
// neither the order of columns nor a column that is new and empty changes an id. Or a column of the
// file is the id. Thread: any, once made.
#pragma once

#include <memory>
#include <string_view>

#include "jobs/cost_attribution/tools/bill_row.h"

namespace tributary::cost {

// `id_column` may be empty. D101 when a needed column is missing.
Result<std::unique_ptr<BillFormat>> make_focus_format(std::span<const CsvCell> header,
                                                      std::string_view id_column);

}  // namespace tributary::cost
