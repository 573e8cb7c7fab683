#include "charge.h"
namespace bad_graph {
class Match : public KeyedProcess<Text, Refund, Refund> {
 public:
  void on_record(const Refund&, Context&) {}
};
void graph(Job& job) {
  job.source("charges", input<Charge>()).key_by(&Charge::tenant).process<Match>("match");
}
}  // namespace bad_graph
