#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  auto latest = job.source("charges", input<Charge>())
                    .key_by(&Charge::tenant)
                    .reduce("latest", [](const Charge&, const Charge& b) { return b; });
  latest.filter([](const Charge& charge) { return charge.units > 0; });
}
}  // namespace bad_graph
