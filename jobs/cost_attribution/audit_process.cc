#include "jobs/cost_attribution/audit_process.h"

namespace tributary::cost {

void AuditProcess::on_record(const AuditEntry& entry, Context& ctx) {
  cell_.update([&](AuditCell& cell) {
    const auto apply = [&](Amount& difference, Amount amount) {
      difference.units += entry.is_input ? amount.units : -amount.units;
    };
    apply(cell.billed, entry.billed);
    apply(cell.effective, entry.effective);
    apply(cell.list, entry.list);
    apply(cell.contracted, entry.contracted);
    if (entry.is_input) cell.input_billed.units += entry.billed.units;
    cell.changed_at = ctx.processing_time();
    if (cell.check_pending) return;
    cell.check_pending = true;
    ctx.set_processing_timer(ctx.processing_time() + patience_);
  });
}

// At the end of input timers fire early, and every cell is complete: the judgement is the same.
void AuditProcess::on_timer(const Timer& timer, Context& ctx) {
  const AuditCell cell = cell_.get();
  const bool equal = cell.billed.is_zero() && cell.effective.is_zero() && cell.list.is_zero() &&
                     cell.contracted.is_zero();
  const bool is_quiet =
      ctx.processing_time() < timer.at || ctx.processing_time() - cell.changed_at >= patience_;
  if (!equal && !is_quiet) {
    ctx.set_processing_timer(cell.changed_at + patience_);
    return;
  }
  cell_.update([](AuditCell& changed) { changed.check_pending = false; });
  ctx.count("audited_cells");
  if (equal) return;
  ctx.count("conservation_violations");
  ctx.emit({.kind = "conservation_violation",
            .tenant = ctx.key().tenant,
            .dimension = Optional<Text>(ctx.key().dimension),
            .currency = Optional<Currency>(ctx.key().currency),
            .day = Optional<Timestamp>(ctx.key().day),
            .input = Optional<Amount>(cell.input_billed),
            .output = Optional<Amount>(Amount{cell.input_billed.units - cell.billed.units}),
            .posted_at = ctx.processing_time()});
}

void WalkProcess::on_record(const WalkReport& report, Context& ctx) {
  WalkProgress progress = progress_.get();
  if (report.version < progress.version) return;  // of a walk that was overtaken
  if (report.version > progress.version) progress = {.version = report.version};
  ++progress.tasks_done;
  progress.charges += report.charges;
  progress.lines += report.lines;
  progress.keys += report.keys;
  progress_.set(progress);
  if (progress.tasks_done != report.tasks) return;
  ctx.emit({.kind = "rules_applied",
            .tenant = report.tenant,
            .version = Optional<std::int64_t>(report.version),
            .charges = Optional<std::int64_t>(progress.charges),
            .lines = Optional<std::int64_t>(progress.lines),
            .keys = Optional<std::int64_t>(progress.keys),
            .posted_at = ctx.processing_time()});
}

}  // namespace tributary::cost
