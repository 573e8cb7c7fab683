#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  auto charges = job.source("charges", input<Charge>());
  charges.key_by(&Charge::billed);
}
}  // namespace bad_graph
