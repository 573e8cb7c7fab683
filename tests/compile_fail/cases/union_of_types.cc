#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  auto charges = job.source("charges", input<Charge>());
  auto refunds = job.source("refunds", input<Refund>());
  charges.union_with(refunds);
}
}  // namespace bad_graph
