#include "charge.h"
namespace bad_graph {
class Match : public BroadcastProcess<Text, Charge, Refund, Charge> {
 public:
  void on_record(const Charge& charge, Context& ctx) {
    rules_.put(ctx, charge.tenant, Refund{});
  }
  void on_broadcast(const Refund&, BroadcastContext&) {}

 private:
  BroadcastMap<Text, Refund> rules_ = broadcast_map<Text, Refund>("rules");
};
}  // namespace bad_graph
