#include "jobs/cost_attribution/hourly_process.h"

#include <span>

#include "base/error.h"
#include "jobs/cost_attribution/core/line_draft.h"

namespace tributary::cost {

namespace {

void emit_days(const CostLine& line, std::span<const HourShare> shares, Context& ctx) {
  for (auto share = shares.begin(); share != shares.end();) {
    AuditEntry entry{.tenant = line.tenant,
                     .dimension = line.dimension,
                     .currency = line.currency,
                     .day = floor_to(share->hour, days(1))};
    // Parts of one amount: their sums are no further from zero than it.
    for (; share != shares.end() && share->hour < entry.day + days(1); ++share) {
      entry.billed.units += share->amounts[0].units;
      entry.effective.units += share->amounts[1].units;
      entry.list.units += share->amounts[2].units;
      entry.contracted.units += share->amounts[3].units;
    }
    ctx.emit(SpreadLine::audit, entry);
  }
}

}  // namespace

void SpreadLine::operator()(const CostLine& line, Context& ctx, Collector<HourShareRecord>& out) {
  const std::span<const HourShare> shares = spreader_.spread(
      line.start, line.end, {line.billed, line.effective, line.list, line.contracted});
  for (const HourShare& share : shares) {
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
  // Independent of rules, the input is not audited.
  if (line.dimension != kInputDimension) emit_days(line, shares, ctx);
}

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
