// jobs/cost_attribution/command_gate.h
// The one place that accepts or refuses a tenant's commands, before they are broadcast: so every
// task applies the same ones in the same order. A refused rule set leaves the old one in force and
// is told in cost.control.
//
// Thread: the slot's. Parallelism 1: it is the only sender of the broadcast (protocol rule 43).
#pragma once

#include <tributary/dead_letters.h>
#include <tributary/process.h>

#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

class CommandGate : public KeyedProcess<TenantKey, CommandRecord, CommandRecord> {
 public:
  static constexpr SideOutput<Control> control{"control"};
  static constexpr SideOutput<DeadLetter> dead{"dead"};

  void on_record(const CommandRecord& record, Context& ctx);

 private:
  Value<TenantGate> gate_ = value<TenantGate>("gate");
};

}  // namespace tributary::cost
