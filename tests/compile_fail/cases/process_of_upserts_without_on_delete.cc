#include "charge.h"
namespace bad_graph {
class Count : public KeyedProcess<Text, Charge, Refund> {
 public:
  void on_record(const Charge&, Context&) {}
};
void graph(Job& job) {
  auto latest = job.source("charges", input<Charge>())
                    .key_by(&Charge::tenant)
                    .reduce("latest", [](const Charge&, const Charge& b) { return b; });
  latest.key_by(&Charge::tenant).process<Count>("count");
}
}  // namespace bad_graph
