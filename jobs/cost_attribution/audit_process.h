// jobs/cost_attribution/audit_process.h
// The conservation audit: what accepted rows brought into a dimension on a day against what lines
// put there. A difference that stays while the cell is unchanged is a violation, told in
// cost.control.
//
// Thread: the slot's. Money is never corrected here; a violation is a fault of ours.
#pragma once

#include <tributary/process.h>

#include "jobs/cost_attribution/records.h"

namespace tributary::cost {

class AuditProcess : public KeyedProcess<AuditKey, AuditEntry, Control> {
 public:
  // How long a difference must stay.
  explicit AuditProcess(Duration patience = seconds(120)) : patience_(patience) {}

  void on_record(const AuditEntry& entry, Context& ctx);
  void on_timer(const Timer& timer, Context& ctx);

 private:
  const Duration patience_;
  Value<AuditCell> cell_ = value<AuditCell>("cell");
};

// Gathers the tasks' reports of a walk: when all have come, the version is applied everywhere.
class WalkProcess : public KeyedProcess<TenantKey, WalkReport, Control> {
 public:
  void on_record(const WalkReport& report, Context& ctx);

 private:
  Value<WalkProgress> progress_ = value<WalkProgress>("progress");
};

}  // namespace tributary::cost
