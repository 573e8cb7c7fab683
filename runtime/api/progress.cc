#include "runtime/api/progress.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tributary {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? 0
                    : std::clamp(static_cast<double>(part) / static_cast<double>(whole), 0.0, 1.0);
}
double per_second(std::int64_t count, double interval_s) {
  return interval_s <= 0 ? 0 : std::max(static_cast<double>(count) / interval_s, 0.0);
}

// Nanoseconds of one task, or of all tasks of a stage, in the interval.
struct Spent {
  std::int64_t busy = 0;
  std::int64_t backpressured = 0;
  std::int64_t idle = 0;
  std::int64_t all() const { return busy + backpressured + idle; }
};

Spent spent_between(const TaskSample& before, const TaskSample& after) {
  return {.busy = after.busy_nanos - before.busy_nanos,
          .backpressured = after.backpressured_nanos - before.backpressured_nanos,
          .idle = after.idle_nanos - before.idle_nanos};
}

// What has ended no longer holds event time back.
void lower(std::optional<Timestamp>& lowest, const TaskSample& task) {
  if (!lowest || task.watermark < *lowest) lowest = task.watermark;
}

StageProgress stage_progress(const graph::Stage& stage, const JobSample& before,
                             const JobSample& after, double interval_s) {
  StageProgress progress{.stage = stage.id.value, .name = stage.label, .tasks = stage.parallelism};
  Spent spent;
  std::int64_t records_before = 0;
  std::optional<Timestamp> running;
  std::optional<Timestamp> ended;
  for (std::size_t i = 0; i < after.tasks.size(); ++i) {
    const TaskSample& task = after.tasks[i];
    if (task.stage != stage.id.value) continue;
    const TaskSample earlier = i < before.tasks.size() ? before.tasks[i] : TaskSample{};
    const Spent own = spent_between(earlier, task);
    spent.busy += own.busy, spent.backpressured += own.backpressured, spent.idle += own.idle;
    if (ratio(own.busy, own.all()) > progress.busiest_ratio) {
      progress.busiest_ratio = ratio(own.busy, own.all());
      progress.busiest_task = task.task;
    }
    progress.records_in += task.records_in;
    progress.records_out += task.records_out;
    records_before += earlier.records_in;
    progress.finished_tasks += task.finished ? 1 : 0;
    progress.inbox_bytes += task.inbox_bytes;
    progress.waiting_bytes += task.waiting_bytes;
    lower(task.finished ? ended : running, task);
    if (task.backlog >= 0 && stage.is_source) {
      progress.backlog = progress.backlog.value_or(0) + task.backlog;
      progress.backlog_unit = task.backlog_unit;
    }
  }
  progress.watermark = running ? running : ended;
  if (progress.watermark == Timestamp::min()) progress.watermark = std::nullopt;
  progress.rate = per_second(progress.records_in - records_before, interval_s);
  progress.busy_ratio = ratio(spent.busy, spent.all());
  progress.backpressured_ratio = ratio(spent.backpressured, spent.all());
  progress.idle_ratio = ratio(spent.idle, spent.all());
  return progress;
}

std::optional<std::int64_t> backlog_of(const JobSample& sample) {
  std::optional<std::int64_t> backlog;
  for (const TaskSample& task : sample.tasks)
    if (task.backlog >= 0) backlog = backlog.value_or(0) + task.backlog;
  return backlog;
}

// The event time that the last stages have seen; what ends sooner is ahead of it.
std::optional<Timestamp> lowest_watermark(const std::vector<StageProgress>& stages,
                                          const graph::ExecutionPlan& plan) {
  std::optional<Timestamp> lowest;
  for (const StageProgress& stage : stages) {
    if (!plan.stages[stage.stage].outputs.empty()) continue;
    if (!stage.watermark) return std::nullopt;
    if (!lowest || *stage.watermark < *lowest) lowest = stage.watermark;
  }
  return lowest;
}

std::vector<std::uint32_t> downstream_of(std::uint32_t stage, const graph::ExecutionPlan& plan) {
  std::vector<std::uint32_t> stages;
  for (const graph::ExchangeId id : plan.stages[stage].outputs) {
    const std::uint32_t to = plan.exchanges[id.index()].to.value;
    if (std::ranges::find(stages, to) == stages.end()) stages.push_back(to);
  }
  return stages;
}

std::uint32_t cause_of(std::uint32_t waiting, const std::vector<StageProgress>& stages,
                       const graph::ExecutionPlan& plan) {
  std::vector<std::uint32_t> level = downstream_of(waiting, plan);
  std::vector<bool> seen(stages.size());
  std::optional<std::uint32_t> busiest;
  while (!level.empty()) {
    std::optional<std::uint32_t> busy;
    std::vector<std::uint32_t> next;
    for (const std::uint32_t at : level) {
      if (seen[at]) continue;
      seen[at] = true;
      const StageProgress& stage = stages[at];
      const bool waits = stage.backpressured_ratio >= kBackpressured;
      if (!waits && stage.busiest_ratio >= kBusy &&
          (!busy || stage.busiest_ratio > stages[*busy].busiest_ratio))
        busy = at;
      if (!waits && (!busiest || stage.busiest_ratio > stages[*busiest].busiest_ratio))
        busiest = at;
      for (const std::uint32_t to : downstream_of(at, plan)) next.push_back(to);
    }
    if (busy) return *busy;
    level = std::move(next);
  }
  return busiest.value_or(waiting);
}

JobProgress finish(JobProgress progress, const graph::ExecutionPlan& plan) {
  progress.watermark = lowest_watermark(progress.stages, plan);
  progress.bottleneck = find_bottleneck(progress.stages, plan);
  return progress;
}

}  // namespace

JobSample sample_tasks(const std::deque<TaskMetrics>& metrics, const graph::ExecutionPlan& plan,
                       std::int64_t nanos) {
  JobSample sample{.nanos = nanos, .tasks = {}};
  for (const TaskMetrics& task : metrics) {
    const bool is_source = plan.stages[task.stage].is_source && !task.operators.empty();
    sample.tasks.push_back(
        {.stage = task.stage,
         .task = task.task,
         .records_in = is_source ? task.operators.front()->records_in.get() : task.records_in.get(),
         .records_out = task.records_out.get(),
         .busy_nanos = task.busy_nanos.get(),
         .backpressured_nanos = task.backpressured_nanos.get(),
         .idle_nanos = task.idle_nanos.get(),
         .watermark = Timestamp{task.watermark.get()},
         .inbox_bytes = task.inbox_bytes.get(),
         .waiting_bytes = task.waiting_bytes.get(),
         .backlog = task.backlog.get(),
         .backlog_unit = task.backlog_unit,
         .finished = task.finished.get() != 0});
  }
  return sample;
}

JobProgress progress_between(const JobSample& before, const JobSample& after,
                             std::int64_t started_nanos, const graph::ExecutionPlan& plan) {
  JobProgress progress;
  std::set<std::string_view> units;
  progress.elapsed_s = static_cast<double>(after.nanos - started_nanos) / 1e9;
  progress.interval_s = static_cast<double>(after.nanos - before.nanos) / 1e9;
  for (const graph::Stage& stage : plan.stages) {
    progress.stages.push_back(stage_progress(stage, before, after, progress.interval_s));
    if (!stage.is_source) continue;
    const StageProgress& source = progress.stages.back();
    if (source.backlog) units.insert(source.backlog_unit);
    progress.records_in += progress.stages.back().records_in;
    progress.rate += progress.stages.back().rate;
  }
  // Bytes and records make no sum.
  if (units.size() != 1) return finish(std::move(progress), plan);
  progress.backlog_unit = *units.begin();
  progress.backlog = backlog_of(after);
  const std::optional<std::int64_t> backlog_before = backlog_of(before);
  if (progress.backlog && backlog_before && *backlog_before > *progress.backlog) {
    progress.remaining_s = static_cast<double>(*progress.backlog) * progress.interval_s /
                           static_cast<double>(*backlog_before - *progress.backlog);
  }
  return finish(std::move(progress), plan);
}

std::optional<Bottleneck> find_bottleneck(const std::vector<StageProgress>& stages,
                                          const graph::ExecutionPlan& plan) {
  const StageProgress* waiting = nullptr;
  const StageProgress* saturated = nullptr;
  for (const StageProgress& stage : stages) {
    if (stage.finished_tasks == stage.tasks) continue;
    if (stage.backpressured_ratio >= kBackpressured && !plan.stages[stage.stage].outputs.empty() &&
        (waiting == nullptr || stage.backpressured_ratio > waiting->backpressured_ratio))
      waiting = &stage;
    if (stage.busiest_ratio >= kSaturated &&
        (saturated == nullptr || stage.busiest_ratio > saturated->busiest_ratio))
      saturated = &stage;
  }
  if (waiting != nullptr) return Bottleneck{waiting->stage, cause_of(waiting->stage, stages, plan)};
  if (saturated != nullptr) return Bottleneck{saturated->stage, saturated->stage};
  return std::nullopt;
}

}  // namespace tributary
