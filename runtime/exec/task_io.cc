#include "runtime/exec/task_io.h"

#include <atomic>
#include <mutex>
#include <vector>

namespace tributary {

struct TaskIo::Shared {
  explicit Shared(std::function<void()> wakes) : wake(std::move(wakes)) {}

  std::function<void()> wake;
  std::atomic<bool> has_answers{false};
  std::mutex mutex;
  bool abandoned = false;       // guarded by mutex: nobody polls any more
  std::vector<Answer> answers;  // guarded by mutex
};

TaskIo::TaskIo(IoPool& pool, std::function<void()> wake)
    : pool_(pool), shared_(std::make_shared<Shared>(std::move(wake))) {}

TaskIo::~TaskIo() {
  const std::lock_guard lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->answers.clear();
}

void TaskIo::submit(std::function<Answer()> work) {
  ++under_way_;
  pool_.submit([work = std::move(work), shared = shared_] {
    Answer answer = work();
    const std::lock_guard lock(shared->mutex);
    if (shared->abandoned) return;
    shared->answers.push_back(std::move(answer));
    shared->has_answers.store(true, std::memory_order_release);
    if (shared->wake) shared->wake();
  });
}

bool TaskIo::poll() {
  if (!shared_->has_answers.load(std::memory_order_acquire)) return false;
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(shared_->mutex);
    answers.swap(shared_->answers);
    shared_->has_answers.store(false, std::memory_order_relaxed);
  }
  under_way_ -= answers.size();
  for (const Answer& answer : answers)
    if (answer) answer();
  return !answers.empty();
}

}  // namespace tributary
