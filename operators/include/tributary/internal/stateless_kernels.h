// Kernels of map, filter and flat_map: one call per operator and batch, the user's function inlined
// into the loop.
//
// Decides: in place for the same type, a new batch that borrows the input's bytes for another type.
// A kernel consumes records [from, to) or stops at a record boundary when the emitter is told to
// yield.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <tributary/context.h>
#include <tributary/internal/graph_builder.h>
#include <tributary/internal/user_code.h>

namespace tributary::internal {

// Which records of the batch at hand a filter keeps. The kernel has moved them to the front; their
// columns follow when the whole batch is done. Survives the end of a slice within the batch.
struct KeptRows {
  std::uint32_t count = 0;
  std::array<std::uint16_t, Batch::kMaxRecords> rows;
};

// Returns the first record not consumed.
using StatelessKernel = std::uint32_t (*)(void* code, Batch& batch, std::uint32_t from,
                                          std::uint32_t to, KeptRows& kept, CallCore& core,
                                          Context& context);

enum class StatelessShape : std::uint8_t { kMapInPlace, kFilter, kNewBatches };

// `code` is copied for each task.
OperatorFactory make_stateless(StatelessShape shape, StatelessKernel kernel, UserCode code);

template <typename T, typename F>
std::uint32_t map_in_place(void* code, Batch& batch, std::uint32_t from, std::uint32_t to,
                           KeptRows&, CallCore&, Context& context) {
  F& f = *static_cast<F*>(code);
  T* records = batch.records<T>().data();
  std::uint32_t i = from;
  try {
    for (; i < to; ++i) records[i] = call(f, const_cast<const T&>(records[i]), context, i);
  } catch (...) {
    fail_record(i);
  }
  return to;
}

// Moves without a branch for each record, because which ones are kept cannot be foretold.
template <typename T, typename F>
std::uint32_t filter_in_place(void* code, Batch& batch, std::uint32_t from, std::uint32_t to,
                              KeptRows& kept, CallCore&, Context& context) {
  F& f = *static_cast<F*>(code);
  T* records = batch.records<T>().data();
  std::uint32_t count = kept.count;
  std::uint32_t i = from;
  try {
    for (; i < to; ++i) {
      const bool keep = static_cast<bool>(call(f, const_cast<const T&>(records[i]), context, i));
      records[count] = records[i];
      kept.rows[count] = static_cast<std::uint16_t>(i);
      count += keep ? 1U : 0U;
    }
  } catch (...) {
    fail_record(i);
  }
  kept.count = count;
  return to;
}

template <typename T, typename U, typename F>
std::uint32_t map_to_new(void* code, Batch& batch, std::uint32_t from, std::uint32_t to, KeptRows&,
                         CallCore& core, Context& context) {
  F& f = *static_cast<F*>(code);
  const T* records = batch.records<T>().data();
  const Batch* lender = type_info<U>().has_references ? &batch : nullptr;
  std::uint32_t i = from;
  try {
    while (i < to && !core.emitter.yielding()) {
      Batch& out = core.emitter.with_room(type_info<U>(), lender);
      U* made = static_cast<U*>(out.record(out.size()));
      const std::uint32_t first = i;
      const std::uint32_t end = std::min(to, i + (out.capacity() - out.size()));
      for (; i < end; ++i) {
        // A side output may have been told to yield.
        if constexpr (kContextForm<F, T>) {
          if (core.emitter.yielding()) break;
        }
        *made++ = call(f, records[i], context, i);
      }
      out.append_columns(batch, first, i - first);
    }
  } catch (const RecordFailure&) {
    throw;
  } catch (...) {
    fail_record(i);
  }
  return i;
}

// flat_map with a collector.
template <typename T, typename U, typename F>
std::uint32_t flat_map_collect(void* code, Batch& batch, std::uint32_t from, std::uint32_t to,
                               KeptRows&, CallCore& core, Context& context) {
  F& f = *static_cast<F*>(code);
  const T* records = batch.records<T>().data();
  Collector<U> collector(core, batch);
  std::uint32_t i = from;
  try {
    for (; i < to && !core.emitter.yielding(); ++i) {
      collector.move_to(i);
      call(f, records[i], context, i, collector);
    }
    collector.settle();
  } catch (const RecordFailure&) {
    throw;
  } catch (...) {
    fail_record(i);
  }
  return i;
}

// flat_map with a generator: f(record) gives an object with bool next(U&), which is the cursor
// between calls.
template <typename F, typename G>
struct Explosion {
  F make;
  std::optional<G> current = {};
};

template <typename T, typename U, typename F, typename G>
std::uint32_t flat_map_generate(void* code, Batch& batch, std::uint32_t from, std::uint32_t to,
                                KeptRows&, CallCore& core, Context& context) {
  auto& explosion = *static_cast<Explosion<F, G>*>(code);
  const T* records = batch.records<T>().data();
  const Batch* lender = type_info<U>().has_references ? &batch : nullptr;
  std::uint32_t since_asked = 0;
  std::uint32_t i = from;
  try {
    for (; i < to && !core.emitter.yielding(); ++i) {
      ContextAccess::move_to(context, i);
      if (!explosion.current)
        explosion.current.emplace(call(explosion.make, records[i], context, i));
      for (;;) {
        U made{};
        const bool has_one = [&] {
          if constexpr (requires(G& g, U& u, Context& c) { g.next(u, c); }) {
            return explosion.current->next(made, context);
          } else {
            return explosion.current->next(made);
          }
        }();
        if (!has_one) break;
        *static_cast<U*>(core.emitter.append(type_info<U>(), batch.event_time(i), batch.key_hash(i),
                                             batch.operation(i), lender)) = made;
        if (++since_asked % 64 == 0) core.emitter.ask();
        if (core.emitter.yielding()) return i;
      }
      explosion.current.reset();
    }
  } catch (const RecordFailure&) {
    throw;
  } catch (...) {
    fail_record(i);
  }
  return i;
}

}  // namespace tributary::internal
