// base/clock.h
// The seam to time. Whoever needs time is given a Clock; nothing else reads one, so that a test or
// a simulation can say what time it is.
//
// Thread: any. Wall time is UTC and may jump; monotonic time never goes back and has no meaning
// across processes.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/timestamp.h"

namespace tributary {

class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, UTC.
  virtual Timestamp now() const = 0;
  virtual std::int64_t monotonic_nanos() const = 0;
  // A counter of constant rate for cheap stamps; compare only with other values of this clock.
  virtual std::uint64_t cycles() const = 0;
  // CPU time of the calling thread.
  virtual std::int64_t thread_cpu_nanos() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  std::int64_t monotonic_nanos() const override;
  std::uint64_t cycles() const override;
  std::int64_t thread_cpu_nanos() const override;
};

// Stands still until told otherwise. Cycles and CPU time advance with monotonic time, one cycle a
// nanosecond.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = {}) : wall_micros_(start.micros) {}

  Timestamp now() const override { return {wall_micros_.load(std::memory_order_acquire)}; }
  std::int64_t monotonic_nanos() const override {
    return monotonic_nanos_.load(std::memory_order_acquire);
  }
  std::uint64_t cycles() const override { return static_cast<std::uint64_t>(monotonic_nanos()); }
  std::int64_t thread_cpu_nanos() const override { return monotonic_nanos(); }

  // Moves wall and monotonic time by `step` (>= 0).
  void advance(Duration step);
  // Advances to this monotonic instant; a no-op if it has passed. Wall time moves along, in whole
  // microseconds.
  void advance_to_nanos(std::int64_t monotonic_nanos);
  // Sets the wall alone, as an operator or NTP does: it may jump back.
  void set(Timestamp wall) { wall_micros_.store(wall.micros, std::memory_order_release); }

 private:
  std::atomic<std::int64_t> wall_micros_;
  std::atomic<std::int64_t> monotonic_nanos_{0};
};

}  // namespace tributary
