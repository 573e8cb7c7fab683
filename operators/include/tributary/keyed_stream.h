// Keyed streams: what key_by gives. Processes, windows and running folds keep state by the key.
#pragma once

#include <concepts>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tributary/internal/window_kernels.h>
#include <tributary/process.h>
#include <tributary/stream.h>
#include <tributary/window.h>

namespace tributary {

namespace internal {

template <typename P>
concept ProcessClass = std::derived_from<P, ProcessBase> && requires { typename P::Tags; };

template <typename P, typename... Args>
StreamRef add_process(const StreamRef& from, Name name, const KeySpec& key, const InputSpec& input,
                      Args&&... args) {
  using Arguments = std::tuple<std::decay_t<Args>...>;
  auto factory = std::make_shared<const Arguments>(std::forward<Args>(args)...);
  return add_process_node(from, std::move(name), process_kernels<P, Arguments>(),
                          std::move(factory), key, input, type_info<typename P::Output>());
}

}  // namespace internal

template <typename T, typename K, StreamKind kKind, typename B>
class ConnectedStream;
template <typename T, typename K, StreamKind kKind>
class WindowedStream;

template <typename T, typename K, StreamKind kKind = StreamKind::kAppend>
class KeyedStream {
 public:
  KeyedStream(internal::StreamRef ref, internal::KeySpec key)
      : ref_(std::move(ref)), key_(std::move(key)) {}

  // P derives from KeyedProcess<K, T, Out>; `args` go to its constructor, once in each task.
  template <typename P, typename... Args>
  auto process(Name name, Args&&... args) const {
    static_assert(internal::ProcessClass<P>,
                  "process: the class must derive from KeyedProcess<Key, In, Out>");
    if constexpr (internal::ProcessClass<P>) {
      static_assert(
          !requires { typename P::Broadcast; },
          "process: this class has a broadcast input; connect it first: "
          ".with(rules).process<P>(\"name\")");
      TRIBUTARY_INTERNAL_CHECK_PROCESS(P, T, K, kKind);
      static_assert(std::is_constructible_v<P, const std::decay_t<Args>&...>,
                    "process: the class cannot be constructed from the arguments behind the name");
      if constexpr (std::is_constructible_v<P, const std::decay_t<Args>&...>) {
        return ProcessedStream<typename P::Output, P::kind, typename P::Tags>(
            internal::add_process<P>(ref_, std::move(name), key_, input(),
                                     std::forward<Args>(args)...));
      }
    }
  }

  // A second input that every task gets in full.
  template <typename B, StreamKind kBroadcastKind>
  ConnectedStream<T, K, kKind, B> with(const BroadcastStream<B, kBroadcastKind>& broadcast) const {
    return {*this, broadcast.ref(), kBroadcastKind};
  }

  WindowedStream<T, K, kKind> window(Tumbling windows, AllowedLateness lateness = {}) const {
    return {*this, {.windows = windows, .allowed_lateness = lateness.value}};
  }

  // A running fold: after each record the result so far, an upsert stream. A is as for windows,
  // with Out result(const K&, const Accumulator&).
  template <typename A>
  auto aggregate(Name name, A aggregate = {}) const {
    TRIBUTARY_INTERNAL_CHECK_AGGREGATE(A, T, kKind);
    constexpr bool kHasResult =
        requires(A& a, const K& key, const typename A::Accumulator& acc) { a.result(key, acc); };
    static_assert(
        kHasResult,
        "aggregate: without a window the class needs Out result(const Key&, const Accumulator&)");
    if constexpr (kHasResult) {
      using Out = decltype(std::declval<A&>().result(
          std::declval<const K&>(), std::declval<const typename A::Accumulator&>()));
      using P = internal::RunningAggregate<A, K, T, Out>;
      return Stream<Out, StreamKind::kUpsert>(
          internal::add_process<P>(ref_, std::move(name), key_, input(), std::move(aggregate)));
    }
  }
  // T f(const T& so_far, const T& next).
  template <typename F>
  auto reduce(Name name, F f) const {
    TRIBUTARY_INTERNAL_CHECK_REDUCE(F, T, kKind);
    using P = internal::RunningReduce<K, T, F>;
    return Stream<T, StreamKind::kUpsert>(
        internal::add_process<P>(ref_, std::move(name), key_, input(), std::move(f)));
  }

  const internal::StreamRef& ref() const { return ref_; }
  const internal::KeySpec& key() const { return key_; }
  internal::InputSpec input() const {
    return {.type = &type_info<T>(), .kind = kKind, .key = &key_};
  }

 private:
  internal::StreamRef ref_;
  internal::KeySpec key_;
};

// A keyed stream beside a broadcast one.
template <typename T, typename K, StreamKind kKind, typename B>
class ConnectedStream {
 public:
  ConnectedStream(KeyedStream<T, K, kKind> keyed, internal::StreamRef broadcast,
                  StreamKind broadcast_kind)
      : keyed_(std::move(keyed)),
        broadcast_(std::move(broadcast)),
        broadcast_kind_(broadcast_kind) {}

  // P derives from BroadcastProcess<K, T, B, Out>.
  template <typename P, typename... Args>
  auto process(Name name, Args&&... args) const {
    static_assert(
        internal::ProcessClass<P> && requires { typename P::Broadcast; },
        "process: behind .with(…) the class must derive from BroadcastProcess<Key, In, Broadcast, "
        "Out>");
    if constexpr (internal::ProcessClass<P> && requires { typename P::Broadcast; }) {
      TRIBUTARY_INTERNAL_CHECK_PROCESS(P, T, K, kKind);
      static_assert(std::is_same_v<typename P::Broadcast, B>,
                    "process: the class's broadcast input is of another type than the stream given "
                    "to .with(…)");
      constexpr bool kHasOnBroadcast =
          requires(P& p, const B& record, typename P::BroadcastContext& ctx) {
            p.on_broadcast(record, ctx);
          };
      static_assert(kHasOnBroadcast,
                    "process: the class needs a public void on_broadcast(const Broadcast&, "
                    "BroadcastContext&)");
      static_assert(std::is_constructible_v<P, const std::decay_t<Args>&...>,
                    "process: the class cannot be constructed from the arguments behind the name");
      if constexpr (kHasOnBroadcast && std::is_constructible_v<P, const std::decay_t<Args>&...>) {
        internal::StreamRef made =
            internal::add_process<P>(keyed_.ref(), std::move(name), keyed_.key(), keyed_.input(),
                                     std::forward<Args>(args)...);
        made.graph->connect(broadcast_, made.origins.front().vertex, 1,
                            {.type = &type_info<B>(), .kind = broadcast_kind_});
        return ProcessedStream<typename P::Output, P::kind, typename P::Tags>(std::move(made));
      }
    }
  }

 private:
  KeyedStream<T, K, kKind> keyed_;
  internal::StreamRef broadcast_;
  StreamKind broadcast_kind_;
};

// The results of a window, and what came too late for it.
template <typename Out, StreamKind kKind, typename T, StreamKind kInputKind>
class WindowResults : public Stream<Out, kKind> {
 public:
  using Stream<Out, kKind>::Stream;
  // Records beyond the allowed lateness, unchanged. If nobody reads them they are counted
  // (late_records).
  Stream<T, kInputKind> late() const {
    internal::StreamRef ref = this->template side<T>(internal::kLateOutput).ref();
    return Stream<T, kInputKind>(std::move(ref));
  }
  WindowResults& parallelism(std::uint32_t tasks) {
    Stream<Out, kKind>::parallelism(tasks);
    return *this;
  }
};

template <typename T, typename K, StreamKind kKind>
class WindowedStream {
 public:
  WindowedStream(KeyedStream<T, K, kKind> keyed, internal::WindowOptions options)
      : keyed_(std::move(keyed)), options_(options) {}

  // A has: struct Accumulator (a record), void add(Accumulator&, const T&),
  // Out result(const K&, const Window&, const Accumulator&); for emit(difference) also
  // Out difference(const Out& now, const Out& before).
  template <typename A>
  auto aggregate(Name name, EmitTotal, A aggregate = {}) const {
    TRIBUTARY_INTERNAL_CHECK_AGGREGATE(A, T, kKind);
    static_assert(
        kHasResult<A>,
        "aggregate: the class needs Out result(const Key&, const Window&, const Accumulator&)");
    if constexpr (kHasResult<A>)
      return add<A, StreamKind::kUpsert>(std::move(name), std::move(aggregate));
  }
  template <typename A>
  auto aggregate(Name name, EmitDifference, A aggregate = {}) const {
    TRIBUTARY_INTERNAL_CHECK_AGGREGATE(A, T, kKind);
    static_assert(
        kHasResult<A>,
        "aggregate: the class needs Out result(const Key&, const Window&, const Accumulator&)");
    if constexpr (kHasResult<A>) {
      using Out = internal::WindowResult<A, K>;
      constexpr bool kHasDifference =
          requires(A& a, const Out& now, const Out& before) { a.difference(now, before); };
      static_assert(
          kHasDifference,
          "aggregate: emit(difference) needs Out difference(const Out& now, const Out& before)");
      if constexpr (kHasDifference)
        return add<A, StreamKind::kDelta>(std::move(name), std::move(aggregate));
    }
  }

  // T f(const T& so_far, const T& next).
  template <typename F>
  auto reduce(Name name, F f, EmitTotal = {}) const {
    TRIBUTARY_INTERNAL_CHECK_REDUCE(F, T, kKind);
    internal::WindowKernels kernels{.accumulator = &type_info<T>(),
                                    .output = &type_info<T>(),
                                    .add = &internal::window_reduce<T, F>,
                                    .result = &internal::window_reduced<T>};
    return WindowResults<T, StreamKind::kUpsert, T, kKind>(
        internal::add_window(keyed_.ref(), std::move(name), kernels, options_,
                             internal::user_code(std::move(f)), keyed_.key(), keyed_.input()));
  }

 private:
  template <typename A>
  static constexpr bool kHasResult =
      internal::ResultOfWindow<A, K> || internal::ResultOfWindowWithContext<A, K>;

  template <typename A, StreamKind kOut>
  auto add(Name name, A aggregate) const {
    using Out = internal::WindowResult<A, K>;
    static_assert(
        Record<Out>,
        "aggregate: the result is not a record; declare it with TRIBUTARY_RECORD(Type, field, …)");
    internal::WindowKernels kernels{.accumulator = &type_info<typename A::Accumulator>(),
                                    .output = &type_info<Out>(),
                                    .add = &internal::window_add<A, T>,
                                    .result = &internal::window_result<A, K, Out>};
    if constexpr (kOut == StreamKind::kDelta)
      kernels.difference = &internal::window_difference<A, Out>;
    return WindowResults<Out, kOut, T, kKind>(internal::add_window(
        keyed_.ref(), std::move(name), kernels, options_, internal::user_code(std::move(aggregate)),
        keyed_.key(), keyed_.input()));
  }

  KeyedStream<T, K, kKind> keyed_;
  internal::WindowOptions options_;
};

}  // namespace tributary
