// runtime/exec/task_io.h
// Blocking work of one task: it runs on the I/O pool, and its answer on the task's thread, between
// two turns.
//
// Owner: the task. Thread: its slot's, but for the work itself. What is under way when this is
// destroyed ends without anybody to tell; so work refers to nothing that belongs to the task.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "base/io_pool.h"

namespace tributary {

class TaskIo {
 public:
  using Answer = std::function<void()>;

  // `wake` asks, from any thread, for a turn of the task; may be null. Both outlive the work.
  TaskIo(IoPool& pool, std::function<void()> wake);
  ~TaskIo();
  TaskIo(const TaskIo&) = delete;
  TaskIo& operator=(const TaskIo&) = delete;

  // Runs `work` on the pool; what it returns runs here, at a later poll(). Works may end in any
  // order.
  void submit(std::function<Answer()> work);
  // Gives the answers that have come. True if there was one.
  bool poll();
  // Submitted and not answered.
  std::size_t under_way() const { return under_way_; }

 private:
  struct Shared;

  IoPool& pool_;
  const std::shared_ptr<Shared> shared_;
  std::size_t under_way_ = 0;
};

}  // namespace tributary
