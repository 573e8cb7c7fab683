// The typed kernels of windows and of running folds.
#pragma once

#include <tributary/internal/window_core.h>
#include <tributary/process.h>

#include "base/record.h"

namespace tributary::internal {

template <typename A, typename K>
concept ResultOfWindow =
    requires(A& a, const K& key, const Window& window, const typename A::Accumulator& acc) {
      a.result(key, window, acc);
    };
template <typename A, typename K>
concept ResultOfWindowWithContext =
    requires(A& a, const K& key, const Window& window, const typename A::Accumulator& acc,
             ResultContext& context) { a.result(key, window, acc, context); };

template <typename A, typename K>
auto call_result(A& a, const K& key, const Window& window, const typename A::Accumulator& acc,
                 ResultContext& context) {
  if constexpr (ResultOfWindowWithContext<A, K>) {
    return a.result(key, window, acc, context);
  } else {
    return a.result(key, window, acc);
  }
}

template <typename A, typename K>
using WindowResult = decltype(call_result<A, K>(
    std::declval<A&>(), std::declval<const K&>(), std::declval<Window>(),
    std::declval<const typename A::Accumulator&>(), std::declval<ResultContext&>()));

// Changes an accumulator: a copy for types that refer to bytes, else in place.
template <typename Acc, typename F>
void change_accumulator(ValueState& state, StateEntry& entry, F&& change) {
  if constexpr (kTypeInfo<Acc>.has_references) {
    Acc changed = *static_cast<const Acc*>(entry.value);
    change(changed);
    state.assign(entry, &changed);
  } else {
    change(*static_cast<Acc*>(entry.value));
    state.touch(entry);
  }
}

template <typename A, typename T>
void window_add(void* code, Batch& batch, const WindowRow* rows, std::size_t count,
                ValueState& state) {
  A& a = *static_cast<A*>(code);
  const T* records = batch.records<T>().data();
  std::size_t r = 0;
  try {
    for (; r < count; ++r) {
      change_accumulator<typename A::Accumulator>(
          state, *rows[r].accumulator,
          [&](typename A::Accumulator& acc) { a.add(acc, records[rows[r].record]); });
    }
  } catch (...) {
    fail_record(rows[r].record);
  }
}

template <typename A, typename K, typename Out>
void window_result(void* code, const void* key, const Window& window, const void* accumulator,
                   ResultContext& context, void* out) {
  *static_cast<Out*>(out) =
      call_result<A, K>(*static_cast<A*>(code), *static_cast<const K*>(key), window,
                        *static_cast<const typename A::Accumulator*>(accumulator), context);
}

template <typename A, typename Out>
bool window_difference(void* code, const void* now, const void* before, void* out) {
  if (equal(type_info<Out>(), now, before)) return false;
  *static_cast<Out*>(out) = static_cast<A*>(code)->difference(*static_cast<const Out*>(now),
                                                              *static_cast<const Out*>(before));
  return true;
}

// reduce: the accumulator is a record of the stream.
template <typename T, typename F>
void window_reduce(void* code, Batch& batch, const WindowRow* rows, std::size_t count,
                   ValueState& state) {
  F& f = *static_cast<F*>(code);
  const T* records = batch.records<T>().data();
  std::size_t r = 0;
  try {
    for (; r < count; ++r) {
      const T& record = records[rows[r].record];
      change_accumulator<T>(state, *rows[r].accumulator, [&](T& acc) {
        acc = rows[r].fresh ? record : std::invoke(f, std::as_const(acc), record);
      });
    }
  } catch (...) {
    fail_record(rows[r].record);
  }
}
template <typename T>
void window_reduced(void*, const void*, const Window&, const void* accumulator, ResultContext&,
                    void* out) {
  *static_cast<T*>(out) = *static_cast<const T*>(accumulator);
}

// Without a window: the result so far after each record.
template <typename A, typename K, typename T, typename Out>
class RunningAggregate : public KeyedProcess<K, T, Out, StreamKind::kUpsert> {
 public:
  using typename KeyedProcess<K, T, Out, StreamKind::kUpsert>::Context;
  explicit RunningAggregate(A aggregate) : aggregate_(std::move(aggregate)) {}
  void on_record(const T& record, Context& context) {
    accumulator_.update([&](typename A::Accumulator& acc) { aggregate_.add(acc, record); });
    context.emit(aggregate_.result(context.key(), accumulator_.get()));
  }

 private:
  A aggregate_;
  Value<typename A::Accumulator> accumulator_ =
      this->template value<typename A::Accumulator>("accumulator");
};

template <typename K, typename T, typename F>
class RunningReduce : public KeyedProcess<K, T, T, StreamKind::kUpsert> {
 public:
  using typename KeyedProcess<K, T, T, StreamKind::kUpsert>::Context;
  explicit RunningReduce(F reduce) : reduce_(std::move(reduce)) {}
  void on_record(const T& record, Context& context) {
    accumulator_.set(accumulator_.present() ? std::invoke(reduce_, accumulator_.get(), record)
                                            : record);
    context.emit(accumulator_.get());
  }

 private:
  F reduce_;
  Value<T> accumulator_ = this->template value<T>("accumulator");
};

}  // namespace tributary::internal
