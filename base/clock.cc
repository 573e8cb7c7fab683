#include "base/clock.h"

#include <ctime>

#include "base/error.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tributary {
namespace {

std::int64_t read_nanos(clockid_t clock) {
  timespec time{};
  TRIBUTARY_CHECK(::clock_gettime(clock, &time) == 0, "clock {}", clock);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Timestamp SystemClock::now() const { return {read_nanos(CLOCK_REALTIME) / 1000}; }
std::int64_t SystemClock::monotonic_nanos() const { return read_nanos(CLOCK_MONOTONIC); }
std::int64_t SystemClock::thread_cpu_nanos() const { return read_nanos(CLOCK_THREAD_CPUTIME_ID); }

std::uint64_t SystemClock::cycles() const {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t count = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
#else
  return static_cast<std::uint64_t>(monotonic_nanos());
#endif
}

void ManualClock::advance(Duration step) {
  TRIBUTARY_CHECK(step.micros >= 0, "advance by {} us", step.micros);
  wall_micros_.fetch_add(step.micros, std::memory_order_acq_rel);
  monotonic_nanos_.fetch_add(step.micros * 1000, std::memory_order_acq_rel);
}

void ManualClock::advance_to_nanos(std::int64_t monotonic_nanos) {
  const std::int64_t before = this->monotonic_nanos();
  if (monotonic_nanos <= before) return;
  // The difference of whole microseconds, so that many small steps lose nothing.
  wall_micros_.fetch_add(monotonic_nanos / 1000 - before / 1000, std::memory_order_acq_rel);
  monotonic_nanos_.store(monotonic_nanos, std::memory_order_release);
}

}  // namespace tributary
