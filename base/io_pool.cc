#include "base/io_pool.h"

#include <pthread.h>
#include <utility>

namespace tributary {

ThreadIoPool::ThreadIoPool(std::uint32_t threads) {
  for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ThreadIoPool::~ThreadIoPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadIoPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void ThreadIoPool::run() {
  ::pthread_setname_np(::pthread_self(), "io");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes before the next one is awaited
    lock.lock();
  }
}

bool ManualIoPool::run_one() {
  if (jobs_.empty()) return false;
  const std::size_t chosen = random_.below(jobs_.size());
  std::swap(jobs_[chosen], jobs_.back());
  std::function<void()> job = std::move(jobs_.back());
  jobs_.pop_back();
  job();
  return true;
}

}  // namespace tributary
