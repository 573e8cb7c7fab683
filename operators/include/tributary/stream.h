// Streams: what a job's graph is written with. Each call adds an operator to the graph and gives
// the stream it makes.
//
//   charges.filter(is_usage).key_by(&Charge::account).process<Attribute>("attribute").sink("lines",
//   files<Line>(out));
//
// Decides: the kind of a stream (append, delta, upsert) is part of its type, and what does not fit
// does not compile, with one sentence that says why. Values that refer to the Job; thread: the one
// that runs the author's function. All calls in words: docs/authors/streams.md.
#pragma once

#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include <tributary/internal/graph_builder.h>
#include <tributary/internal/stateless_kernels.h>
#include <tributary/internal/stream_checks.h>
#include <tributary/name.h>
#include <tributary/side_output.h>
#include <tributary/sink_spec.h>
#include <tributary/stream_kind.h>

#include "base/record.h"

namespace tributary {

template <typename T, typename K, StreamKind kKind>
class KeyedStream;
template <typename T, StreamKind kKind>
class BroadcastStream;

// A source that another one may wait for: .after(rules.caught_up()).
struct CaughtUp {
  std::string source;
};

// What sink() returns; nothing need be done with it.
class SinkHandle {
 public:
  SinkHandle(internal::GraphBuilder& graph, std::uint32_t vertex)
      : graph_(&graph), vertex_(vertex) {}
  SinkHandle& parallelism(std::uint32_t tasks) {
    graph_->set_vertex_parallelism(vertex_, tasks);
    return *this;
  }

 private:
  internal::GraphBuilder* graph_;
  std::uint32_t vertex_;
};

template <typename T, StreamKind kKind = StreamKind::kAppend>
class Stream {
 public:
  using Record = T;
  static constexpr StreamKind kind = kKind;
  static_assert(internal::kIsRecord<T>,
                "a stream's type is a record; declare it with TRIBUTARY_RECORD(Type, field, …)");

  explicit Stream(internal::StreamRef ref) : ref_(std::move(ref)) {}

  // U f(const T&) or U f(const T&, Context&).
  template <typename F>
  auto map(F f, std::source_location place = std::source_location::current()) const {
    static_assert(
        internal::kLegalForm<F, T>,
        "map: the function must take the stream's record: U f(const T&) or U f(const T&, Context&) "
        "(see docs/authors/functions.md)");
    if constexpr (internal::kLegalForm<F, T>) {
      using U = internal::MapResult<F, T>;
      static_assert(internal::kIsRecord<U>,
                    "map: the function's result is not a record; declare it with "
                    "TRIBUTARY_RECORD(Type, field, …)");
      if constexpr (tributary::Record<U>) {
        if constexpr (std::is_same_v<T, U>) {
          return add<T>("map", place, internal::StatelessShape::kMapInPlace,
                        &internal::map_in_place<T, F>, std::move(f));
        } else {
          return add<U>("map", place, internal::StatelessShape::kNewBatches,
                        &internal::map_to_new<T, U, F>, std::move(f));
        }
      }
    }
  }

  // bool f(const T&) or bool f(const T&, Context&): keeps the records for which it is true.
  template <typename F>
  auto filter(F f, std::source_location place = std::source_location::current()) const {
    static_assert(internal::kLegalForm<F, T>,
                  "filter: the function must take the stream's record: bool f(const T&) or bool "
                  "f(const T&, Context&) "
                  "(see docs/authors/functions.md)");
    static_assert(
        kKind != StreamKind::kUpsert,
        "filter: a dropped update would leave the older value standing; key the stream and "
        "use a process that emits deletes (see docs/authors/streams.md)");
    if constexpr (internal::kLegalForm<F, T>) {
      return add<T>("filter", place, internal::StatelessShape::kFilter,
                    &internal::filter_in_place<T, F>, std::move(f));
    }
  }

  // void f(const T&, Collector<U>&), also with a Context& in the middle; or a function that gives a
  // generator with bool next(U&), which may be left in the middle of a record: use it where one
  // record becomes very many.
  template <typename U = void, typename F>
  auto flat_map(F f, std::source_location place = std::source_location::current()) const {
    using Out = internal::FlatMapResult<U, F, T>;
    static_assert(
        kKind != StreamKind::kUpsert,
        "flat_map: a latest value has one successor; key the stream and use a process that "
        "emits deletes (see docs/authors/streams.md)");
    static_assert(
        !std::is_void_v<Out>,
        "flat_map: the function must be void f(const T&, Collector<U>&), void f(const T&, "
        "Context&, "
        "Collector<U>&), or give a generator with bool next(U&) (see docs/authors/functions.md)");
    if constexpr (!std::is_void_v<Out>) {
      static_assert(internal::kIsRecord<Out>,
                    "flat_map: what is collected is not a record; declare it with "
                    "TRIBUTARY_RECORD(Type, field, …)");
      if constexpr (internal::kGeneratorForm<F, T>) {
        using G = internal::MapResult<F, T>;
        using Code = internal::Explosion<F, G>;
        return add<Out>("flat_map", place, internal::StatelessShape::kNewBatches,
                        &internal::flat_map_generate<T, Out, F, G>, Code{std::move(f)});
      } else {
        return add<Out>("flat_map", place, internal::StatelessShape::kNewBatches,
                        &internal::flat_map_collect<T, Out, F>, std::move(f));
      }
    }
  }

  // By a field (&T::account) or a pure function K f(const T&). All records of a key go to one task,
  // in their order.
  template <typename F>
  auto key_by(F f) const {
    static_assert(
        std::is_invocable_v<const F&, const T&>,
        "key_by: give a field of the stream's record (&T::field) or a function K f(const T&)");
    if constexpr (std::is_invocable_v<const F&, const T&>) {
      using K = std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>;
      TRIBUTARY_INTERNAL_CHECK_KEY(K);
      if constexpr (is_key_v<K>)
        return KeyedStream<T, K, kKind>(ref_, internal::key_spec<T, K>(std::move(f)));
    }
  }

  // To the tasks of the next operator in turn, batch by batch: evens out work, gives up order.
  Stream rebalance() const {
    static_assert(kKind != StreamKind::kUpsert,
                  "rebalance: an older value could overtake the latest one; use key_by");
    return with_exchange(internal::Exchange::kRebalance);
  }
  // Ends the fused stage here: what follows may run on another slot.
  Stream new_stage() const { return with_exchange(internal::Exchange::kForward); }
  // Every task of the next operator gets every record.
  BroadcastStream<T, kKind> broadcast() const {
    internal::StreamRef ref = ref_;
    ref.exchange = internal::Exchange::kBroadcast;
    return BroadcastStream<T, kKind>(std::move(ref));
  }

  template <typename... Others>
  Stream union_with(const Others&... others) const {
    static_assert((internal::kSameRecord<Stream, Others> && ...),
                  "union_with: all streams must have the same record type; map them to one first");
    static_assert((internal::kSameKind<Stream, Others> && ...),
                  "union_with: all streams must be of one kind (append, delta, upsert): a fact, a "
                  "difference and a "
                  "latest value do not add up");
    internal::StreamRef ref = ref_;
    if constexpr ((std::is_base_of_v<Stream, Others> && ...)) {
      (ref.origins.insert(ref.origins.end(), others.ref().origins.begin(),
                          others.ref().origins.end()),
       ...);
    }
    return Stream(std::move(ref));
  }

  // Of a delta stream: each difference taken for itself, as something that was posted. Whoever sums
  // them must want that.
  Stream<T, StreamKind::kAppend> as_facts() const {
    static_assert(kKind != StreamKind::kUpsert,
                  "as_facts: the latest value of a key is no fact to add up; fold the stream by "
                  "its key instead");
    return Stream<T, StreamKind::kAppend>(ref_);
  }

  template <SinkLike S>
  SinkHandle sink(Name name, const S& like) const {
    auto spec = to_sink_spec(like);
    using Spec = decltype(spec);
    static_assert(
        std::is_same_v<typename Spec::Record, T>,
        "sink: this sink takes records of another type than the stream's; map the stream first");
    static_assert(Spec::accepts(kKind),
                  "sink: this sink cannot honour a stream of this kind (append, delta, upsert); "
                  "see the kinds that it "
                  "takes in docs/authors/streams.md");
    spec.untyped.record_type = &type_info<T>();
    std::string accepts;
    for (const StreamKind one : {StreamKind::kAppend, StreamKind::kDelta, StreamKind::kUpsert}) {
      if (!Spec::accepts(one)) continue;
      if (!accepts.empty()) accepts += ", ";
      accepts += internal::stream_kind_name(one);
    }
    const std::uint32_t vertex =
        ref_.graph->add_sink(std::move(name), std::move(spec.untyped), std::move(accepts));
    ref_.graph->connect(ref_, vertex, 0, {.type = &type_info<T>(), .kind = kKind});
    return {*ref_.graph, vertex};
  }

  // What the function of the operator that makes this stream emits with ctx.emit(tag, record).
  template <typename U, typename Process>
  Stream<U, StreamKind::kAppend> side_output(const SideOutput<U, Process>& tag) const {
    static_assert(std::is_void_v<Process>,
                  "side_output: the operator of this stream does not declare this side output; ask "
                  "the stream that "
                  "process<P>(…) returned for a tag of P");
    return side<U>(tag.name);
  }

  // Another name for the operator that makes this stream, for people and metrics.
  Stream& named(Name name) {
    ref_.graph->rename(ref_, std::move(name));
    return *this;
  }
  // Tasks of the operator that makes this stream; the job's parallelism if not said.
  Stream& parallelism(std::uint32_t tasks) {
    ref_.graph->set_parallelism(ref_, tasks);
    return *this;
  }

  // The source of this stream has read all that was there when it started.
  CaughtUp caught_up() const { return {ref_.graph->source_of(ref_)}; }

  // Of keyed streams only; here to say so.
  template <typename... Any>
  auto window(Any&&...) const {
    static_assert(internal::kNever<Any...>,
                  "window: key the stream first: .key_by(&T::field).window(…)");
  }
  template <typename P, typename... Any>
  auto process(Any&&...) const {
    static_assert(internal::kNever<P>,
                  "process: key the stream first: .key_by(&T::field).process<P>(\"name\")");
  }

  const internal::StreamRef& ref() const { return ref_; }

 protected:
  template <typename U>
  Stream<U, StreamKind::kAppend> side(const std::string& name) const {
    internal::StreamRef ref{.graph = ref_.graph, .origins = {}};
    ref.origins.push_back(
        {.vertex = ref_.origins.front().vertex, .port = ref_.graph->side_port(ref_, name)});
    return Stream<U, StreamKind::kAppend>(std::move(ref));
  }

  internal::StreamRef ref_;

 private:
  Stream with_exchange(internal::Exchange exchange) const {
    internal::StreamRef ref = ref_;
    ref.exchange = exchange;
    return Stream(std::move(ref));
  }

  template <typename U, typename Code>
  Stream<U, kKind> add(const char* type, const std::source_location& place,
                       internal::StatelessShape shape, internal::StatelessKernel kernel,
                       Code code) const {
    return Stream<U, kKind>(internal::add_stateless(ref_, type, place, type_info<T>(),
                                                    type_info<U>(), kKind, shape, kernel,
                                                    internal::user_code(std::move(code))));
  }
};

// The result of a process: it knows the process's side outputs.
template <typename T, StreamKind kKind, typename Tags>
class ProcessedStream : public Stream<T, kKind> {
 public:
  using Stream<T, kKind>::Stream;

  template <typename U, typename Process>
  Stream<U, StreamKind::kAppend> side_output(const SideOutput<U, Process>& tag) const {
    static_assert(std::is_same_v<Process, Tags>,
                  "side_output: the process of this stream does not declare this side output");
    return this->template side<U>(tag.name);
  }
  ProcessedStream& named(Name name) {
    Stream<T, kKind>::named(std::move(name));
    return *this;
  }
  ProcessedStream& parallelism(std::uint32_t tasks) {
    Stream<T, kKind>::parallelism(tasks);
    return *this;
  }
};

template <typename T, StreamKind kKind>
class BroadcastStream {
 public:
  using Record = T;
  explicit BroadcastStream(internal::StreamRef ref) : ref_(std::move(ref)) {}
  CaughtUp caught_up() const { return {ref_.graph->source_of(ref_)}; }
  const internal::StreamRef& ref() const { return ref_; }

 private:
  internal::StreamRef ref_;
};

}  // namespace tributary
