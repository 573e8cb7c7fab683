#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  auto charges = job.source("charges", input<Charge>());
  charges.event_time(&Charge::units, bounded_lateness(5s));
}
}  // namespace bad_graph
