// jobs/cost_attribution/hourly_process.h
// The hourly table: one cell per tenant, dimension, element, service, currency and hour; an upsert
// some time after the first change of a cell, so that a burst of changes is one record. A cell that
// returns to zero is written as zeros.
//
// Thread: the slot's.
#pragma once

#include <tributary/context.h>
#include <tributary/process.h>

#include "jobs/cost_attribution/core/spread.h"
#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

// A ledger line as its shares of hours.
class SpreadLine {
 public:
  void operator()(const CostLine& line, Collector<HourShareRecord>& out) {
    for (const HourShare& share : spreader_.spread(
             line.start, line.end, {line.billed, line.effective, line.list, line.contracted})) {
      out.emit({.tenant = line.tenant,
                .dimension = line.dimension,
                .element = line.element,
                .service = line.service,
                .currency = line.currency,
                .hour = share.hour,
                .billed = share.amounts[0],
                .effective = share.amounts[1],
                .list = share.amounts[2],
                .contracted = share.amounts[3],
                .provisional_billed = line.provisional ? share.amounts[0] : Amount{}});
    }
  }

 private:
  Spreader spreader_;
};

class HourlyProcess : public KeyedProcess<HourlyKey, HourShareRecord, HourlyCost, kUpsert> {
 public:
  explicit HourlyProcess(Duration flush_after) : flush_after_(flush_after) {}

  void on_record(const HourShareRecord& share, Context& ctx);
  void on_timer(const Timer& timer, Context& ctx);

 private:
  const Duration flush_after_;
  Value<HourlyCell> cell_ = value<HourlyCell>("cell");
};

}  // namespace tributary::cost
