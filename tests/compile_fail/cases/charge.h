// What the cases share: a record, a source and a sink.
#pragma once

#include <tributary/job.h>

namespace bad_graph {

using namespace tributary;

struct Charge {
  Text tenant;
  Timestamp start;
  Money billed;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Charge, tenant, start, billed, units);

struct Refund {
  Text tenant;
};
TRIBUTARY_RECORD(Refund, tenant);

template <typename T>
SourceSpec<T> input() {
  return {};
}
template <typename T, StreamKind... kAccepted>
SinkSpec<T, kAccepted...> output() {
  return {};
}

}  // namespace bad_graph
