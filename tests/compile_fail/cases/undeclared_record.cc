#include "charge.h"
namespace bad_graph {
struct Order {
  Text id;
};
void graph(Job& job) {
  job.source("orders", input<Order>());
}
}  // namespace bad_graph
