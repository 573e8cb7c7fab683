#include <string>

#include "charge.h"
namespace bad_graph {
struct Order {
  std::string id;
};
TRIBUTARY_RECORD(Order, id);
}  // namespace bad_graph
