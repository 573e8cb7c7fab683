// jobs/cost_attribution/hourly_process.h
// The hourly table: one cell per tenant, dimension, element, service, currency and hour; an upsert
// some time after the first change of a cell, so that a burst of changes is one record. A cell that
// returns to zero is written as zeros.
//
// Thread: the slot's.
#pragma once

#include <tributary/context.h>
#include <tributary/process.h>
#include <tributary/side_output.h>

#include "jobs/cost_attribution/core/hourly_cost.h"
#include "jobs/cost_attribution/core/spread.h"
#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

// A ledger line as its shares of hours; beside them their sums by day, the output side of the
// audit.
class SpreadLine {
 public:
  static constexpr SideOutput<AuditEntry> audit{"audit"};

  void operator()(const CostLine& line, Context& ctx, Collector<HourShareRecord>& out);

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
