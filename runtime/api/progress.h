// runtime/api/progress.h
// What a running job is doing, from two looks at its counters: rates, how busy each stage is, how
// far event time is, and which stage holds the others up.
//
// Pure but for sample_tasks(), which reads counters that slots write; any thread. Ratios are of the
// slots' wall time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "runtime/cluster/checkpoint_driver.h"
#include "runtime/exec/task_metrics.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct TaskSample {
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  std::int64_t records_in = 0;
  std::int64_t records_out = 0;
  std::int64_t busy_nanos = 0;
  std::int64_t backpressured_nanos = 0;
  std::int64_t idle_nanos = 0;
  Timestamp watermark = Timestamp::min();
  std::int64_t inbox_bytes = 0;
  std::int64_t waiting_bytes = 0;
  std::int64_t backlog = -1;
  std::string_view backlog_unit;
  bool finished = false;
};

struct JobSample {
  std::int64_t nanos = 0;  // monotonic
  std::vector<TaskSample> tasks;
};

JobSample sample_tasks(const std::deque<TaskMetrics>& metrics, const graph::ExecutionPlan& plan,
                       std::int64_t nanos);

struct StageProgress {
  std::uint32_t stage = 0;
  std::string name;
  std::uint32_t tasks = 0;
  std::uint32_t finished_tasks = 0;
  std::int64_t records_in = 0;
  std::int64_t records_out = 0;
  double rate = 0;  // records in, a second
  double busy_ratio = 0;
  double backpressured_ratio = 0;
  double idle_ratio = 0;
  // Of the busiest task: one hot task among idle ones holds the job up as well.
  double busiest_ratio = 0;
  std::uint32_t busiest_task = 0;
  std::optional<Timestamp> watermark;  // the lowest of its running tasks; none before the first
  std::int64_t inbox_bytes = 0;
  std::int64_t waiting_bytes = 0;
  std::optional<std::int64_t> backlog;  // sources that know theirs
  std::string_view backlog_unit;        // "bytes", "records"; empty: unknown
};

// `stage` waits for room in `cause`, or `stage` itself is what is slow (`cause` is equal then).
struct Bottleneck {
  std::uint32_t stage = 0;
  std::uint32_t cause = 0;
  friend bool operator==(const Bottleneck&, const Bottleneck&) = default;
};

struct JobProgress {
  double elapsed_s = 0;         // since the job's start
  double interval_s = 0;        // that rates and ratios are of
  std::int64_t records_in = 0;  // read by all sources
  double rate = 0;
  // Of all sources; nothing where they count in different units.
  std::optional<std::int64_t> backlog;
  std::string_view backlog_unit;
  std::optional<double> remaining_s;  // if the backlog goes on falling as it does
  std::optional<Timestamp> watermark;
  std::vector<StageProgress> stages;
  std::optional<Bottleneck> bottleneck;
  std::optional<CheckpointProgress> checkpoints;  // none: the job keeps no state
};

// `before` is an earlier sample of the same job; `started_nanos` when the job began.
JobProgress progress_between(const JobSample& before, const JobSample& after,
                             std::int64_t started_nanos, const graph::ExecutionPlan& plan);

// The stage that waits most for room, and the first stage downstream of it that is busy and does
// not wait itself; without one that waits, a stage that is hardly ever idle.
std::optional<Bottleneck> find_bottleneck(const std::vector<StageProgress>& stages,
                                          const graph::ExecutionPlan& plan);

inline constexpr double kBackpressured =
    0.2;  // a stage that waits for room so much of its time is held up
inline constexpr double kBusy = 0.5;
inline constexpr double kSaturated = 0.9;

}  // namespace tributary
