#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  auto charges = job.source("charges", input<Charge>());
  auto latest = charges.key_by(&Charge::tenant).reduce("latest", [](const Charge&, const Charge& b) { return b; });
  charges.union_with(latest);
}
}  // namespace bad_graph
