// runtime/exec/task_report.h
// What tasks tell the control plane. Values; handed over from slot threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "checkpoint/checkpoint_id.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "checkpoint/publish/sink_messages.h"
#include "runtime/graph/ids.h"

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

// The answer to a barrier: everything that it names is durable.
struct SnapshotReport {
  TaskId task;
  CheckpointId id;
  // As at the base of the order; there is no snapshot then.
  bool unchanged = false;
  std::shared_ptr<const checkpoint::TaskSnapshot> snapshot;
  std::optional<Error> declined;  // no snapshot; the task goes on
};

struct SinkReport {
  TaskId task;
  graph::VertexId sink;
  OwnershipRound round;
  OwnerReport report;
};

// Called from slot threads; must be thread-safe and quick.
class TaskListener {
 public:
  virtual ~TaskListener() = default;
  virtual void on_report(TaskReport report) = 0;
  virtual void on_snapshot(SnapshotReport report) = 0;
  virtual void on_sink_report(SinkReport report) = 0;
};

}  // namespace tributary
