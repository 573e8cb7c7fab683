// runtime/api/job_watch.h
// Waits for an executor's runnables to finish on a thread of its own, and says so through a
// descriptor, so that the main thread can wait for the end of a job and for signals at once.
//
// Thread: made, waited for and destroyed by one thread; the destructor waits for the end.
#pragma once

#include <thread>

#include "base/error.h"
#include "base/executor.h"

namespace tributary {

class JobWatch {
 public:
  JobWatch() = default;
  ~JobWatch();
  JobWatch(const JobWatch&) = delete;
  JobWatch& operator=(const JobWatch&) = delete;

  // `executor` has all its runnables; nobody else joins it.
  Status begin(Executor& executor);

  enum class Woken : std::uint8_t { kEnded, kSignal, kTime };
  // Until the end, or `signals` is readable, or `timeout_ms` is over (negative: no limit).
  Woken wait(int signals, int timeout_ms);

 private:
  int descriptor_ = -1;
  std::thread thread_;
};

}  // namespace tributary
