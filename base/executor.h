// base/executor.h
// The seam to threads: something that runs step by step, and somebody who runs it. Threads in
// production (thread_executor.h), one thread and an order by seed in tests and simulation
// (manual_executor.h).
//
// Contract: steps of one Runnable never overlap. wake() may be called from any thread at any time
// and is never lost: a step begins after it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace tributary {

struct StepResult {
  // Something was done: step again at once.
  bool progressed = false;
  // No further step, ever.
  bool finished = false;
  // Without progress: step again at this instant of Clock::monotonic_nanos() even if nobody wakes;
  // INT64_MAX = never.
  std::int64_t deadline_nanos = INT64_MAX;
};

class Runnable {
 public:
  virtual ~Runnable() = default;
  virtual StepResult step() = 0;
};

class Waker {
 public:
  virtual ~Waker() = default;
  // Cheap when the other side is awake: no system call.
  virtual void wake() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Starts to step `runnable`, which must outlive the executor's join(). The waker lives as long as
  // the executor.
  virtual Waker& spawn(std::string name, Runnable& runnable) = 0;
  // Returns when every runnable has finished.
  virtual void join() = 0;
};

}  // namespace tributary
