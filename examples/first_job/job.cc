// examples/first_job/job.cc
// hourly-spend: what each tenant spent in each hour, corrected when a charge comes late.
#include "examples/first_job/job.h"

#include <tributary/dead_letters.h>
#include <tributary/files.h>

namespace first_job {
namespace {

struct SumSpend {
  using Accumulator = HourlySpend;

  void add(HourlySpend& sum, const Charge& charge) {
    sum.billed = tributary::add(sum.billed, charge.billed).value();  // throws out of range
    ++sum.charges;
  }
  HourlySpend result(const Text& tenant, const Window& window, const HourlySpend& sum) {
    return {.tenant = tenant, .hour = window.start, .billed = sum.billed, .charges = sum.charges};
  }
};

}  // namespace

void hourly_spend(Job& job, const SpendSettings& settings) {
  const std::string output = settings.output.str();
  auto charges = job.source("charges", files<Charge>(settings.charges))
                     .event_time(&Charge::time, bounded_lateness(5min))
                     .on_bad_record(dead_letter(dead_letters(output + "/dead-letters")));

  auto hours = charges.key_by(&Charge::tenant)
                   .window(tumbling(1h), allowed_lateness(settings.lateness))
                   .aggregate<SumSpend>("hourly", emit(total));
  hours.sink("spend", files_upsert<HourlySpend>(output + "/spend"));
  hours.late().sink("too-late", files<Charge>(output + "/too-late"));
}

TRIBUTARY_JOB("hourly-spend", hourly_spend)

}  // namespace first_job
