#include "charge.h"
namespace bad_graph {
class Match : public KeyedProcess<Text, Charge, Refund> {
 public:
  void on_record(const Charge&, Context&) {}
};
class Audit : public KeyedProcess<Text, Charge, Charge> {
 public:
  static constexpr SideOutput<Charge> wrong{"wrong"};
  void on_record(const Charge&, Context&) {}
};
void graph(Job& job) {
  auto matched = job.source("charges", input<Charge>()).key_by(&Charge::tenant).process<Match>("match");
  matched.side_output(Audit::wrong);
}
}  // namespace bad_graph
