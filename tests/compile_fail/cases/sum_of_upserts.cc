#include "charge.h"
namespace bad_graph {
struct Sum {
  using Accumulator = Refund;
  void add(Refund&, const Charge&) {}
  Refund result(const Text&, const Window&, const Refund& sum) { return sum; }
};
void graph(Job& job) {
  auto latest = job.source("charges", input<Charge>())
                    .key_by(&Charge::tenant)
                    .reduce("latest", [](const Charge&, const Charge& b) { return b; });
  latest.key_by(&Charge::tenant).window(tumbling(1h)).aggregate<Sum>("sum", emit(total));
}
}  // namespace bad_graph
