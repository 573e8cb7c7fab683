// jobs/cost_attribution/job.h
// The graph of the cost attribution job: a thin shell around the pure core.
#pragma once

#include <tributary/job.h>

#include "jobs/cost_attribution/settings.h"

namespace tributary::cost {

void cost_attribution(Job& job, const CostSettings& settings);

}  // namespace tributary::cost
