// base/thread_executor.h
// One thread for each runnable: steps while there is progress, then looks again for about 50 us,
// then sleeps until it is woken or its deadline comes. The look-again keeps a busy pipeline out of
// the kernel.
//
// Thread: spawn() and join() by one owner; wake() any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"

namespace tributary {

class ThreadExecutor final : public Executor {
 public:
  // `clock` must be a real one (deadlines are slept for) and outlive the executor.
  explicit ThreadExecutor(const Clock& clock, std::int64_t spin_nanos = 50'000);
  // Joins: the runnables must have finished or be about to.
  ~ThreadExecutor() override;

  // Threads are named by the first 15 bytes of `name`.
  Waker& spawn(std::string name, Runnable& runnable) override;
  void join() override;

 private:
  class Worker;

  const Clock& clock_;
  const std::int64_t spin_nanos_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tributary
