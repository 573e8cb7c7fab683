// What streams check of their arguments, and the sentences that authors read when it does not hold.
#pragma once

#include <type_traits>

#include <tributary/internal/graph_builder.h>
#include <tributary/internal/stateless_kernels.h>

namespace tributary::internal {

template <typename...>
inline constexpr bool kNever = false;
// The concept as a value: an error then says the sentence and not the concept's parts.
template <typename T>
inline constexpr bool kIsRecord = Record<T>;

template <typename A, typename B>
inline constexpr bool kSameRecord = false;
template <typename A, typename B>
  requires requires { typename B::Record; }
inline constexpr bool kSameRecord<A, B> = std::is_same_v<typename A::Record, typename B::Record>;
template <typename A, typename B>
inline constexpr bool kSameKind = false;
template <typename A, typename B>
  requires requires { B::kind; }
inline constexpr bool kSameKind<A, B> = A::kind == B::kind;

template <typename P, typename T>
concept HasOnDelete =
    requires(P& p, const T& record, typename P::Context& ctx) { p.on_delete(record, ctx); };

// A macro, so that the error stands in the function that the author called.
#define TRIBUTARY_INTERNAL_CHECK_KEY(K)                                                   \
  static_assert(!std::is_same_v<K, Money>,                                                \
                "key_by: Money cannot be a key (see docs/authors/keys.md); keys are "     \
                "integers, Text, enums, times, or structs of those");                     \
  static_assert(!std::is_same_v<K, Amount>,                                               \
                "key_by: Amount cannot be a key (see docs/authors/keys.md); keys are "    \
                "integers, Text, enums, times, or structs of those");                     \
  static_assert(!std::is_floating_point_v<K>,                                             \
                "key_by: a floating-point number cannot be a key (see "                   \
                "docs/authors/keys.md); keys are integers, Text, enums, times, or "       \
                "structs of those");                                                      \
  static_assert(!std::is_same_v<K, std::string> && !std::is_same_v<K, std::string_view>,  \
                "key_by: use Text for keys that are strings (see docs/authors/keys.md)"); \
  static_assert(                                                                          \
      is_key_v<K>,                                                                        \
      "key_by: this type cannot be a key (see docs/authors/keys.md); keys are integers, " \
      "Text, enums, times, or structs of those declared with TRIBUTARY_KEY(Type, field, …)")

#define TRIBUTARY_INTERNAL_CHECK_PROCESS(P, T, K, kKind)                                       \
  static_assert(kKind != StreamKind::kUpsert || internal::HasOnDelete<P, T>,                   \
                "process: an upsert stream also deletes; the class needs a public void "       \
                "on_delete(const In& last, Context&)");                                        \
  static_assert(std::is_same_v<typename P::Input, T>,                                          \
                "process: the class takes records of another type than the stream's; see the " \
                "second argument of its "                                                      \
                "KeyedProcess<Key, In, Out>");                                                 \
  static_assert(std::is_same_v<typename P::KeyType, K>,                                        \
                "process: the class has another key type than the stream; see key_by and the " \
                "first argument of "                                                           \
                "KeyedProcess<Key, In, Out>");                                                 \
  static_assert(                                                                               \
      requires(P& p, const T& record, typename P::Context& ctx) { p.on_record(record, ctx); }, \
      "process: the class needs a public void on_record(const In&, Context&)");                \
  static_assert(                                                                               \
      requires(P& p, const typename P::Timer& timer, typename P::Context& ctx) {               \
        p.on_timer(timer, ctx);                                                                \
      }, "process: on_timer must be public: void on_timer(const Timer&, Context&)");           \
  static_assert(                                                                               \
      requires(P& p, typename P::Context& ctx, Progress& done) { done = p.on_wake(ctx); },     \
      "process: on_wake must be public: Progress on_wake(Context&)");                          \
  static_assert(internal::kIsRecord<typename P::Output>,                                       \
                "process: what the class emits is not a record; declare it with "              \
                "TRIBUTARY_RECORD(Type, field, …)")

#define TRIBUTARY_INTERNAL_CHECK_AGGREGATE(A, T, kKind)                                          \
  static_assert(kKind != StreamKind::kUpsert,                                                    \
                "aggregate: an upsert stream holds latest values; adding them up would count a " \
                "value twice");                                                                  \
  static_assert(                                                                                 \
      requires { requires Record<typename A::Accumulator>; },                                    \
      "aggregate: the class needs a type Accumulator that is a record (TRIBUTARY_RECORD)");      \
  static_assert(                                                                                 \
      requires(A& a, typename A::Accumulator& acc, const T& record) { a.add(acc, record); },     \
      "aggregate: the class needs void add(Accumulator&, const T&) for the stream's record T")

#define TRIBUTARY_INTERNAL_CHECK_REDUCE(F, T, kKind)                                             \
  static_assert(                                                                                 \
      kKind != StreamKind::kUpsert,                                                              \
      "reduce: an upsert stream holds latest values; adding them up would count a value twice"); \
  static_assert(std::is_invocable_r_v<T, F&, const T&, const T&>,                                \
                "reduce: the function must be T f(const T& so_far, const T& next)")

template <typename G>
struct GeneratedRecord {
  using type = void;
};
template <typename G, typename R>
struct NextOf {
  using type = void;
};
template <typename G, typename U>
struct NextOf<G, bool (G::*)(U&)> {
  using type = U;
};
template <typename G, typename U>
struct NextOf<G, bool (G::*)(U&, Context&)> {
  using type = U;
};
template <typename G>
  requires requires { &G::next; }
struct GeneratedRecord<G> : NextOf<G, decltype(&G::next)> {};

// The U of a function whose last parameter is Collector<U>&.
template <typename F>
struct CollectedRecord {
  using type = void;
};
template <typename R, typename A, typename U>
struct CollectedRecord<R (*)(A, Collector<U>&)> {
  using type = U;
};
template <typename R, typename A, typename C, typename U>
struct CollectedRecord<R (*)(A, C, Collector<U>&)> {
  using type = U;
};
template <typename R, typename F, typename A, typename U>
struct CollectedRecord<R (F::*)(A, Collector<U>&)> {
  using type = U;
};
template <typename R, typename F, typename A, typename U>
struct CollectedRecord<R (F::*)(A, Collector<U>&) const> {
  using type = U;
};
template <typename R, typename F, typename A, typename C, typename U>
struct CollectedRecord<R (F::*)(A, C, Collector<U>&)> {
  using type = U;
};
template <typename R, typename F, typename A, typename C, typename U>
struct CollectedRecord<R (F::*)(A, C, Collector<U>&) const> {
  using type = U;
};
template <typename F>
  requires requires { &F::operator(); }
struct CollectedRecord<F> : CollectedRecord<decltype(&F::operator())> {};

template <typename F, typename T>
inline constexpr bool kGeneratorForm = false;
template <typename F, typename T>
  requires kLegalForm<F, T>
inline constexpr bool kGeneratorForm<F, T> =
    !std::is_void_v<typename GeneratedRecord<MapResult<F, T>>::type>;

template <typename U, typename F, typename T>
consteval auto flat_map_result() {
  if constexpr (kGeneratorForm<F, T>) {
    return std::type_identity<typename GeneratedRecord<MapResult<F, T>>::type>{};
  } else {
    using Named = std::conditional_t<std::is_void_v<U>, typename CollectedRecord<F>::type, U>;
    if constexpr (std::is_void_v<Named>) {
      return std::type_identity<void>{};
    } else if constexpr (kLegalForm<F, T, Collector<Named>&>) {
      return std::type_identity<Named>{};
    } else {
      return std::type_identity<void>{};
    }
  }
}
// void when F is no legal form.
template <typename U, typename F, typename T>
using FlatMapResult = typename decltype(flat_map_result<U, F, T>())::type;

// Adds the operator and gives its main output.
StreamRef add_stateless(const StreamRef& from, const char* type, const std::source_location& place,
                        const TypeInfo& input, const TypeInfo& output, StreamKind kind,
                        StatelessShape shape, StatelessKernel kernel, UserCode code);
// The same for an operator with a name.
StreamRef add_node(const StreamRef& from, NodeSpec node, const InputSpec& input);

}  // namespace tributary::internal
