#include "jobs/cost_attribution/hourly_process.h"

#include "base/error.h"

namespace tributary::cost {

void HourlyProcess::on_record(const HourShareRecord& share, Context& ctx) {
  cell_.update([&](HourlyCell& cell) {
    // |amount| <= 10^15 and 10^18 units: 10^5 charges of the greatest amount in one hour still fit.
    const bool fits = add_to(cell.billed, share.billed) &&
                      add_to(cell.effective, share.effective) && add_to(cell.list, share.list) &&
                      add_to(cell.contracted, share.contracted) &&
                      add_to(cell.provisional_billed, share.provisional_billed);
    if (!fits)
      throw OperatorFailure{Error(ErrorCode::D103, "an hourly cell left the range of money")};
    ++cell.updates;
    if (cell.flush_pending) return;
    cell.flush_pending = true;
    ctx.set_processing_timer(ctx.processing_time() + flush_after_);
  });
}

void HourlyProcess::on_timer(const Timer&, Context& ctx) {
  cell_.update([](HourlyCell& cell) { cell.flush_pending = false; });
  const HourlyCell& cell = cell_.get();
  const HourlyKey& key = ctx.key();
  ctx.emit({.tenant = key.tenant,
            .dimension = key.dimension,
            .element = key.element,
            .service = key.service,
            .currency = key.currency,
            .hour = key.hour,
            .billed = cell.billed,
            .effective = cell.effective,
            .list = cell.list,
            .contracted = cell.contracted,
            .provisional_billed = cell.provisional_billed,
            .updates = cell.updates,
            .as_of = ctx.processing_time()});
}

}  // namespace tributary::cost
