// runtime/exec/task_metrics.h
// What a task counts about itself. Written by its slot's thread with relaxed stores, read by
// anyone.
//
// Times are nanoseconds of the slot's wall time. An operator's time is sampled in one batch of 16.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

// A counter with one writer.
class Counter {
 public:
  void add(std::int64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::int64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Named counter: what a clean stop left unfired.
inline constexpr std::string_view kEventTimersLeftCounter = "event_timers_left";

struct OperatorMetrics {
  std::string name;
  std::uint32_t vertex = 0;
  Counter records_in;
  Counter records_out;
  Counter sampled_nanos;  // of the sampled batches, this operator and what it calls
  Counter sampled_batches;
  Counter batches;
  Counter overruns;  // emitted on after should_yield()

  // Counters that the operator names itself (OperatorContext::count).
  void count(std::string_view counter, std::int64_t n);
  std::map<std::string, std::int64_t, std::less<>> named() const;

 private:
  mutable std::mutex mutex_;  // rare: once per batch and counter
  std::map<std::string, std::int64_t, std::less<>> named_;
};

struct TaskMetrics {
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  std::uint32_t slot = 0;
  Counter records_in;   // read by the source, or taken from channels
  Counter records_out;  // sent to channels
  Counter busy_nanos;
  Counter backpressured_nanos;  // had something to do and no room, or no turn on its slot
  Counter idle_nanos;
  Counter watermark;  // microseconds; INT64_MIN before the first
  Counter idle;       // 1 when the task's inputs are idle
  Counter inbox_bytes;
  Counter waiting_bytes;     // in outboxes, without credit
  Counter backlog;           // source: what is not read yet, -1 unknown
  std::string backlog_unit;  // "bytes", "records"; set while the job is built
  Counter finished;
  std::vector<std::unique_ptr<OperatorMetrics>> operators;
};

}  // namespace tributary
