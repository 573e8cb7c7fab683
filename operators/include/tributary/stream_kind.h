// What the records of a stream mean. Part of every stream's type, so that a sum over the wrong kind
// does not compile.
#pragma once

#include <cstdint>

namespace tributary {

enum class StreamKind : std::uint8_t {
  kAppend,  // facts: each record stands for itself
  kDelta,   // signed differences, whose sum is the truth
  kUpsert,  // the latest value of a key replaces the one before; a delete takes it away
};

using enum StreamKind;  // KeyedProcess<Key, In, Out, kDelta>, SinkSpec<Line, kAppend, kDelta>

}  // namespace tributary
