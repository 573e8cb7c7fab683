#include "base/thread_executor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace tributary {
namespace {

void relax_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// Why no wake is lost. Every change of `state_` is a read-modify-write, so all changes lie in one
// order, and each sees what was written before those ahead of it:
//   a waker     writes its news, then exchanges kWoken in. If that takes the place of kAsleep, this
//               waker notifies; else it is done: one atomic instruction.
//   the worker  turns kWoken into kAwake before a step, and falls asleep only by kAwake -> kAsleep.
// A wake ahead of the turn to kAwake: the step that follows sees the news. A wake behind it: kWoken
// is still there after the step, so that falling asleep fails and there is another step. A wake
// behind the fall asleep: it notifies under the mutex, which the worker holds from its exchange
// until it waits.
class ThreadExecutor::Worker final : public Waker {
 public:
  Worker(std::string name, Runnable& runnable, const Clock& clock, std::int64_t spin_nanos)
      : runnable_(runnable),
        clock_(clock),
        spin_nanos_(spin_nanos),
        thread_([this, name = std::move(name)] { run(name); }) {}

  void wake() override {
    if (state_.exchange(kWoken, std::memory_order_acq_rel) != kAsleep) return;
    const std::lock_guard lock(mutex_);
    woken_.notify_one();
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  enum State : std::uint32_t { kAwake, kWoken, kAsleep };

  void run(const std::string& name) {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    std::int64_t idle_since = -1;
    while (true) {
      // An old kAwake read here costs nothing: the news is found before falling asleep.
      if (state_.load(std::memory_order_relaxed) != kAwake)
        state_.exchange(kAwake, std::memory_order_acq_rel);
      const StepResult result = runnable_.step();
      if (result.finished) return;
      if (result.progressed) {
        idle_since = -1;
        continue;
      }
      const std::int64_t now = clock_.monotonic_nanos();
      if (idle_since < 0) idle_since = now;
      if (now >= result.deadline_nanos) continue;
      if (now - idle_since < spin_nanos_) {
        relax_cpu();
        continue;
      }
      sleep(now, result.deadline_nanos);
      idle_since = -1;
    }
  }

  void sleep(std::int64_t now, std::int64_t deadline_nanos) {
    std::unique_lock lock(mutex_);
    std::uint32_t expected = kAwake;
    if (!state_.compare_exchange_strong(expected, kAsleep, std::memory_order_acq_rel)) return;
    const auto woken = [this] { return state_.load(std::memory_order_acquire) == kWoken; };
    if (deadline_nanos == INT64_MAX) {
      woken_.wait(lock, woken);
      return;
    }
    // In slices of an hour: an instant far away must not overflow the standard library's clock.
    const std::int64_t nanos = std::min<std::int64_t>(deadline_nanos - now, 3'600'000'000'000);
    woken_.wait_for(lock, std::chrono::nanoseconds(nanos), woken);
  }

  Runnable& runnable_;
  const Clock& clock_;
  const std::int64_t spin_nanos_;
  std::atomic<std::uint32_t> state_{kAwake};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::thread thread_;  // last: it uses the others
};

ThreadExecutor::ThreadExecutor(const Clock& clock, std::int64_t spin_nanos)
    : clock_(clock), spin_nanos_(spin_nanos) {}

ThreadExecutor::~ThreadExecutor() { join(); }

Waker& ThreadExecutor::spawn(std::string name, Runnable& runnable) {
  workers_.push_back(std::make_unique<Worker>(std::move(name), runnable, clock_, spin_nanos_));
  return *workers_.back();
}

void ThreadExecutor::join() {
  for (const auto& worker : workers_) worker->join();
}

}  // namespace tributary
