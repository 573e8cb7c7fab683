// jobs/cost_attribution/core/hourly_cost.h
// One cell of the hourly table: a record of topic cost.hourly, whose field names are its JSON. The
// job writes it, the tools read it.
//
// The latest record of a cell (tenant, dimension, element, service, currency, hour) is its value.
#pragma once

#include <cstdint>

#include "base/money.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

struct HourlyCost {
  std::int32_t v = 1;
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
TRIBUTARY_RECORD(HourlyCost, v, tenant, dimension, element, service, currency, hour, billed,
                 effective, list, contracted, provisional_billed, updates, as_of);

}  // namespace tributary::cost
