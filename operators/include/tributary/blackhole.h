// operators/include/tributary/blackhole.h
// A sink that counts records and forgets them: for measuring, and for a stream that is not wanted.
#pragma once

#include <tributary/sink_spec.h>

#include "base/record.h"

namespace tributary {

namespace internal {
UntypedSink make_blackhole(const TypeInfo& type);
}

// Counts them as "discarded_records".
template <Record T>
SinkSpec<T, kAppend, kDelta, kUpsert> blackhole() {
  return {internal::make_blackhole(type_info<T>())};
}

}  // namespace tributary
