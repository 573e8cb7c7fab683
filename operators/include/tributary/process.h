// Keyed processes: a class with state, timers and side outputs, called record by record, one key at
// a time.
//
//   class Attribute : public KeyedProcess<Text, Charge, CostLine> {
//    public:
//     static constexpr SideOutput<Charge> unmatched{"unmatched"};
//     void on_record(const Charge& charge, Context& ctx) { … ctx.emit(line); ctx.emit(unmatched,
//     charge); } void on_timer(const Timer& timer, Context& ctx);     // optional Progress
//     on_wake(Context& ctx);                       // optional, see wake_keys
//     void on_restored(const Text& key);           // optional: makes derived things again
//    private:
//     Value<Tally> tally_ = value<Tally>("tally");
//   };
//
// Thread: the slot's. An object of the class is made once in each task, and once when the graph is
// built to learn what state it declares; it keeps nothing between calls outside its handles but
// what on_restored makes again from them. All forms: docs/authors/functions.md.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tributary/internal/process_core.h>
#include <tributary/side_output.h>
#include <tributary/state.h>
#include <tributary/stream_kind.h>
#include <tributary/time_span.h>
#include <tributary/ttl.h>

#include "base/record.h"

namespace tributary {

namespace internal {

// What both contexts of a process can do.
template <typename Out, StreamKind kKind, typename Process>
class EmittingContext {
 public:
  explicit EmittingContext(ProcessCore& core) : core_(&core) {}

  // Of the record at hand; of the timer, when one of event time fires; else the watermark.
  Timestamp event_time() const { return core_->event_time(); }
  Timestamp processing_time() const { return core_->processing_time(); }
  Timestamp watermark() const { return core_->watermark(); }
  std::uint32_t task_index() const { return core_->engine().task_index(); }
  std::uint32_t parallelism() const { return core_->engine().parallelism(); }

  // Bytes that live until this call returns; emit and state copy them.
  Text text(std::string_view bytes) { return Text(bytes, core_->scratch()); }
  Arena& arena() { return core_->scratch(); }

  void count(std::string_view counter, std::int64_t n = 1) { core_->engine().count(counter, n); }

  // Copies the record with all that it refers to.
  void emit(const Out& record) {
    core_->emit(type_info<Out>(), &record, core_->event_time(), Operation::kInsert);
  }
  void emit_at(Timestamp event_time, const Out& record) {
    core_->emit(type_info<Out>(), &record, event_time, Operation::kInsert);
  }
  // Of an upsert stream: this key has no value any more.
  void emit_delete(const Out& record) {
    static_assert(kKind == StreamKind::kUpsert,
                  "emit_delete: only an upsert stream has deletes; declare the process as "
                  "KeyedProcess<Key, In, Out, kUpsert>");
    core_->emit(type_info<Out>(), &record, core_->event_time(), Operation::kDelete);
  }
  template <typename T, typename Owner>
  void emit(const SideOutput<T, Owner>& tag, const std::type_identity_t<T>& record) {
    static_assert(std::is_same_v<Owner, Process>,
                  "emit: this process does not declare this side output; declare it in the class: "
                  "static constexpr SideOutput<Record> name{\"name\"};");
    core_->emit_to_side(tag.name, type_info<T>(), &record);
  }

 protected:
  ProcessCore* core_;
};

}  // namespace internal

template <typename K, typename Out, StreamKind kKind, typename Process>
class ProcessContext : public internal::EmittingContext<Out, kKind, Process> {
 public:
  using internal::EmittingContext<Out, kKind, Process>::EmittingContext;

  const K& key() const { return *static_cast<const K*>(this->core_->key()); }

  // One timer per key, name and instant; it calls on_timer. An event timer at or before the
  // watermark fires with the next advance; a processing timer set while the job ends is dropped and
  // counted.
  void set_event_timer(Timestamp at, std::string_view name = {}) {
    this->core_->set_timer(TimeDomain::kEvent, name, at);
  }
  void set_processing_timer(Timestamp at, std::string_view name = {}) {
    this->core_->set_timer(TimeDomain::kProcessing, name, at);
  }
  void cancel_event_timer(Timestamp at, std::string_view name = {}) {
    this->core_->cancel_timer(TimeDomain::kEvent, name, at);
  }
  void cancel_processing_timer(Timestamp at, std::string_view name = {}) {
    this->core_->cancel_timer(TimeDomain::kProcessing, name, at);
  }
  // True once the engine wants the slot back: a long on_wake returns Progress::kAgain.
  bool should_yield() { return this->core_->emitter.ask(); }
};

// The permission to write broadcast state (state.h, BroadcastMap).
class BroadcastContext {};

template <typename K, typename Out, StreamKind kKind, typename Process>
class ProcessBroadcastContext : public BroadcastContext,
                                public internal::EmittingContext<Out, kKind, Process> {
 public:
  using internal::EmittingContext<Out, kKind, Process>::EmittingContext;

  // Calls on_wake for each key with state for which predicate(key) holds, one at a time, in the
  // order of key group and key bytes, in slices between live records. Requests made while keys
  // are being woken are joined into one next pass. The predicate must own what it refers to.
  template <typename F>
  void wake_keys(F predicate) {
    static_assert(std::is_invocable_r_v<bool, const F&, const K&>,
                  "wake_keys: the predicate takes the key and returns bool: [tenant](const Key& k) "
                  "{ return …; }");
    this->core_->wake_keys([predicate = std::move(predicate)](const void* key) {
      return predicate(*static_cast<const K*>(key));
    });
  }
  void wake_all_keys() {
    this->core_->wake_keys([](const void*) { return true; });
  }
};

// K: what key_by returns. kKind: what the records of Out mean.
template <typename K, typename In, typename Out, StreamKind kKind = StreamKind::kAppend>
class KeyedProcess : public internal::ProcessBase {
 public:
  using KeyType = K;
  using Input = In;
  using Output = Out;
  static constexpr StreamKind kind = kKind;
  using Tags = KeyedProcess;  // owner of the side outputs that the class declares
  template <typename T>
  using SideOutput = tributary::SideOutput<T, KeyedProcess>;
  using Context = ProcessContext<K, Out, kKind, KeyedProcess>;
  using Timer = internal::FiredTimer;

  void on_timer(const Timer&, Context&) {}
  Progress on_wake(Context&) { return Progress::kDone; }

 protected:
  // `expires`: ttl(days(7)), by event time, or ttl(1h).on_processing_time(). Nothing: never.
  template <typename T>
  Value<T> value(std::string_view name, std::optional<Ttl> expires = {}) {
    static_assert(Record<T>,
                  "value<T>: state is a record; declare T with TRIBUTARY_RECORD(T, field, …)");
    return Value<T>(declare(internal::SlotKind::kValue, name, type_info<T>(), nullptr, expires));
  }
  template <typename MK, typename V>
  MapOf<MK, V> map(std::string_view name, std::optional<Ttl> expires = {}) {
    static_assert(is_key_v<MK>, "map<Key, V>: this type cannot be a key (see docs/authors/keys)");
    static_assert(Record<V>,
                  "map<Key, V>: V is a record; declare it with TRIBUTARY_RECORD(V, field, …)");
    return MapOf<MK, V>(
        declare(internal::SlotKind::kMap, name, type_info<V>(), &type_info<MK>(), expires));
  }
  template <typename T>
  ListOf<T> list(std::string_view name, std::optional<Ttl> expires = {}) {
    static_assert(Record<T>,
                  "list<T>: state is a record; declare T with TRIBUTARY_RECORD(T, field, …)");
    return ListOf<T>(declare(internal::SlotKind::kList, name, type_info<T>(),
                             &type_info<std::uint64_t>(), expires));
  }
};

// A process with a second input that every task gets in full: .with(rules).process<P>("name").
// The class adds: void on_broadcast(const B&, BroadcastContext&).
template <typename K, typename In, typename B, typename Out, StreamKind kKind = StreamKind::kAppend>
class BroadcastProcess : public KeyedProcess<K, In, Out, kKind> {
 public:
  using Broadcast = B;
  using BroadcastContext = ProcessBroadcastContext<K, Out, kKind, KeyedProcess<K, In, Out, kKind>>;

 protected:
  template <typename MK, typename V>
  BroadcastMap<MK, V> broadcast_map(std::string_view name) {
    static_assert(is_key_v<MK>,
                  "broadcast_map<Key, V>: this type cannot be a key (see docs/authors/keys)");
    static_assert(
        Record<V>,
        "broadcast_map<Key, V>: V is a record; declare it with TRIBUTARY_RECORD(V, field, …)");
    return BroadcastMap<MK, V>(
        this->declare(internal::SlotKind::kBroadcast, name, type_info<V>(), &type_info<MK>(), {}));
  }
};

namespace internal {

template <typename P>
std::uint32_t process_records(void* process, Batch& batch, std::uint32_t from, std::uint32_t to,
                              ProcessCore& core) {
  P& p = *static_cast<P*>(process);
  const auto* records = static_cast<const typename P::Input*>(batch.record(0));
  typename P::Context context(core);
  std::uint32_t i = from;
  try {
    for (; i < to && !core.emitter.yielding(); ++i) {
      core.begin_record(batch, i, i - from);
      if constexpr (requires { p.on_delete(records[i], context); }) {
        if (batch.operation(i) == Operation::kDelete) {
          p.on_delete(records[i], context);
          continue;
        }
      }
      p.on_record(records[i], context);
    }
  } catch (...) {
    fail_record(i);
  }
  return i;
}

template <typename P>
void process_timer(void* process, const FiredTimer& timer, ProcessCore& core) {
  typename P::Context context(core);
  static_cast<P*>(process)->on_timer(timer, context);
}

template <typename P>
Progress process_wake(void* process, ProcessCore& core) {
  typename P::Context context(core);
  return static_cast<P*>(process)->on_wake(context);
}

template <typename P>
void process_restored(void* process, ProcessCore& core) {
  static_cast<P*>(process)->on_restored(*static_cast<const typename P::KeyType*>(core.key()));
}

template <typename P>
std::uint32_t process_broadcast(void* process, Batch& batch, std::uint32_t from, std::uint32_t to,
                                ProcessCore& core) {
  P& p = *static_cast<P*>(process);
  const auto* records = static_cast<const typename P::Broadcast*>(batch.record(0));
  typename P::BroadcastContext context(core);
  std::uint32_t i = from;
  try {
    for (; i < to && !core.emitter.yielding(); ++i) {
      core.begin_record(batch, i, 0);
      p.on_broadcast(records[i], context);
    }
  } catch (...) {
    fail_record(i);
  }
  return i;
}

template <typename P, typename Arguments>
CodePtr make_process_object(const void* factory) {
  return std::apply(
      [](const auto&... arguments) { return CodePtr(new P(arguments...), &delete_code<P>); },
      *static_cast<const Arguments*>(factory));
}
template <typename P>
ProcessBase& process_base(void* process) {
  return *static_cast<P*>(process);
}

template <typename P, typename Arguments>
ProcessKernels process_kernels() {
  ProcessKernels kernels{.make = &make_process_object<P, Arguments>,
                         .base = &process_base<P>,
                         .on_records = &process_records<P>,
                         .on_timer = &process_timer<P>,
                         .on_wake = &process_wake<P>};
  if constexpr (requires(P& p, const typename P::KeyType& key) { p.on_restored(key); })
    kernels.on_restored = &process_restored<P>;
  if constexpr (requires { typename P::Broadcast; }) kernels.on_broadcast = &process_broadcast<P>;
  return kernels;
}

}  // namespace internal

}  // namespace tributary
