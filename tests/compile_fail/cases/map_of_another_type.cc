#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  job.source("charges", input<Charge>()).map([](const Refund& refund) { return refund; });
}
}  // namespace bad_graph
