#include "charge.h"
namespace bad_graph {
void graph(Job& job) {
  job.source("charges", input<Charge>()).window(tumbling(1h));
}
}  // namespace bad_graph
