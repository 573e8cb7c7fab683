#include "charge.h"
namespace bad_graph {
struct Sum {
  using Accumulator = Refund;
  Refund result(const Text&, const Window&, const Refund& sum) { return sum; }
};
void graph(Job& job) {
  auto hours = job.source("charges", input<Charge>()).key_by(&Charge::tenant).window(tumbling(1h));
  hours.aggregate<Sum>("sum", emit(total));
}
}  // namespace bad_graph
