// examples/first_job/job.h
// What flows through the job hourly-spend: its records and its settings. The graph is in job.cc.
#pragma once

#include <tributary/job.h>

namespace first_job {

using namespace tributary;

struct Charge {
  Text tenant;
  Timestamp time;
  Amount billed;
};
TRIBUTARY_RECORD(Charge, tenant, time, billed);

struct HourlySpend {
  Text tenant;
  Timestamp hour;
  Amount billed;
  std::int64_t charges = 0;
};
TRIBUTARY_RECORD(HourlySpend, tenant, hour, billed, charges);

struct SpendSettings {
  Text charges;  // a file or a folder of JSON lines
  Text output;   // a folder
  Duration lateness = days(40);
};
TRIBUTARY_RECORD(SpendSettings, charges, output, lateness);

void hourly_spend(Job& job, const SpendSettings& settings);

}  // namespace first_job
