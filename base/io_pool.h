// base/io_pool.h
// The seam to blocking work: reads, writes and uploads that no slot may wait for. Threads in
// production (ThreadIoPool), a queue that the caller runs in an order by seed in tests and
// simulation (ManualIoPool).
//
// Contract: submit() may be called from any thread; jobs may run in any order and at once. A job
// must not throw. Whoever wants an answer on his own thread posts it back himself and wakes it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/random.h"

namespace tributary {

class IoPool {
 public:
  virtual ~IoPool() = default;
  virtual void submit(std::function<void()> job) = 0;
};

// Destroyed after all jobs that were submitted have run.
class ThreadIoPool final : public IoPool {
 public:
  explicit ThreadIoPool(std::uint32_t threads);
  ~ThreadIoPool() override;
  ThreadIoPool(const ThreadIoPool&) = delete;
  ThreadIoPool& operator=(const ThreadIoPool&) = delete;

  void submit(std::function<void()> job) override;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::vector<std::thread> threads_;
};

// Thread: the owner's only. What was never run is dropped with the pool, as by a crash.
class ManualIoPool final : public IoPool {
 public:
  explicit ManualIoPool(std::uint64_t seed) : random_(seed) {}

  void submit(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  std::size_t waiting() const { return jobs_.size(); }
  // Runs one job, chosen by the seed. False if there is none.
  bool run_one();
  // Runs jobs, also those submitted meanwhile, until there is none.
  void run_all() {
    while (run_one()) {
    }
  }

 private:
  Random random_;
  std::vector<std::function<void()>> jobs_;
};

}  // namespace tributary
