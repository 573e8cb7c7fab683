#include "charge.h"
namespace bad_graph {
class Change : public KeyedProcess<Text, Charge, Refund, kDelta> {
 public:
  void on_record(const Charge&, Context&) {}
};
void graph(Job& job) {
  auto changes = job.source("charges", input<Charge>()).key_by(&Charge::tenant).process<Change>("change");
  changes.sink("out", output<Refund, kAppend>());
}
}  // namespace bad_graph
