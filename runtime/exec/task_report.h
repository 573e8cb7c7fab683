// runtime/exec/task_report.h
// What tasks tell the control plane. Values; handed over from slot threads.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"

namespace tributary {

struct TaskId {
  std::uint32_t attempt = 0;
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  friend constexpr auto operator<=>(const TaskId&, const TaskId&) = default;
};

enum class TaskReportKind : std::uint8_t {
  kReady,     // opened, waiting to run
  kMarker,    // the marker of gate `gate` has passed here
  kFinished,  // ended cleanly, all output handed over
  kFailed,    // `error` says how
};

struct TaskReport {
  TaskId task;
  TaskReportKind kind = TaskReportKind::kReady;
  std::uint32_t gate = 0;
  std::optional<Error> error;
};

class TaskListener {
 public:
  virtual ~TaskListener() = default;
  // Called from slot threads; must be thread-safe and quick.
  virtual void on_report(TaskReport report) = 0;
};

}  // namespace tributary
