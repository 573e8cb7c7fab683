// What a connector returns for stream.sink(name, spec): how to make the operator that writes, and
// which kinds of stream it can honour.
//
// Decides: the seam between connectors and the typed API, as source_spec.h does for sources. A
// sink's operator has one input and no output; it may take the batch, reads its operation column,
// and makes what it wrote visible in flush().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <tributary/stream_kind.h>

#include "base/error.h"
#include "base/type_info.h"
#include "runtime/exec/operator.h"

namespace tributary {

class SinkConnector;  // checkpoint/publish/sink_connector.h
struct SinkIdentity;  // runtime/exec/staged_output.h

struct UntypedSink {
  std::string operator_type;  // "files", "kafka": for people
  const TypeInfo* record_type = nullptr;
  std::uint32_t parallelism = 0;  // 0: the job's
  // What people want to see: path, topic, format. Never a secret. "accepts" is added by
  // stream.sink().
  std::map<std::string, std::string> properties;
  std::function<std::unique_ptr<Operator>()> make_operator;
  // If the sink can publish exactly once; its operator then stages
  // (OperatorContext::staged_output).
  std::function<std::shared_ptr<SinkConnector>(const SinkIdentity&)> make_connector{};
  // What cannot be meant (G317): told with all that is wrong with the graph.
  std::vector<Error> mistakes{};
};

// A sink of records of type T that takes streams of the kinds named: SinkSpec<CostLine, kAppend,
// kDelta>.
template <typename T, StreamKind... kAccepted>
struct SinkSpec {
  static_assert(sizeof...(kAccepted) > 0,
                "SinkSpec: name the kinds of stream that the sink accepts, "
                "e.g. SinkSpec<Charge, kAppend>");
  using Record = T;
  static constexpr bool accepts(StreamKind kind) { return ((kind == kAccepted) || ...); }
  UntypedSink untyped;  // record_type is set by stream.sink()
};

namespace internal {
template <typename S>
struct IsSinkSpec : std::false_type {};
template <typename T, StreamKind... kAccepted>
struct IsSinkSpec<SinkSpec<T, kAccepted...>> : std::true_type {};
}  // namespace internal

// A SinkSpec, or what gives one by sink_spec() (a connector that both reads and writes, such as
// files<T>(…)).
template <typename S>
concept SinkLike = internal::IsSinkSpec<S>::value || requires(const S& spec) {
  requires internal::IsSinkSpec<std::remove_cvref_t<decltype(spec.sink_spec())>>::value;
};

template <SinkLike S>
auto to_sink_spec(const S& spec) {
  if constexpr (internal::IsSinkSpec<S>::value) {
    return spec;
  } else {
    return spec.sink_spec();
  }
}

}  // namespace tributary
