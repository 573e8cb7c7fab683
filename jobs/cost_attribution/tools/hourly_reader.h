// jobs/cost_attribution/tools/hourly_reader.h
// Topic cost.hourly as a folder, folded: of each cell the last line of its file counts.
//
// Thread: one. Memory: one entry a cell of the tenant. F101, D101; a cell that lies in two files is
// D101, because then nobody knows which of its lines is the last.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "base/record.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

struct HourlyLine {
  std::int32_t v = 0;
  Text tenant;
  Text dimension;
  Text element;
  Text service;
  Currency currency;
  Timestamp hour;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  Amount provisional_billed;
  std::int64_t updates = 0;
  Timestamp as_of;

  Amounts amounts() const { return {billed, effective, list, contracted}; }
};
TRIBUTARY_RECORD(HourlyLine, v, tenant, dimension, element, service, currency, hour, billed,
                 effective, list, contracted, provisional_billed, updates, as_of);

// The final cells of the tenant, in the order of dimension, element, service, currency, hour.
Status walk_hourly(const std::filesystem::path& dir, std::string_view tenant,
                   const std::function<Status(const HourlyLine&)>& on_cell);

}  // namespace tributary::cost
