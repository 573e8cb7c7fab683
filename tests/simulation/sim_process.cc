#include "tests/simulation/sim_process.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/cluster/job_opening.h"

namespace tributary::simulation {

Waker& SteppedExecutor::spawn(std::string, Runnable& runnable) {
  entries_.push_back(std::make_unique<Entry>(runnable));
  return *entries_.back();
}

bool SteppedExecutor::ready(std::size_t index) const {
  const Entry& entry = *entries_[index];
  return !entry.last.finished && (entry.woken || entry.last.progressed ||
                                  clock_.monotonic_nanos() >= entry.last.deadline_nanos);
}

void SteppedExecutor::step(std::size_t index) {
  Entry& entry = *entries_[index];
  entry.woken = false;
  entry.last = entry.runnable.step();
}

std::int64_t SteppedExecutor::next_deadline_nanos() const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  for (const auto& entry : entries_)
    if (!entry->last.finished) next = std::min(next, entry->last.deadline_nanos);
  return next;
}

std::function<void()> SteppedIoPool::take(std::size_t index) {
  const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(index);
  std::function<void()> job = std::move(at->run);
  jobs_.erase(at);
  return job;
}

Result<std::unique_ptr<WritableFile>> FailingFiles::create(const std::string& path) {
  if (fails_()) return tributary::fail(ErrorCode::F102, "creating {}: no space left", path);
  return to_.create(path);
}

SimProcess::SimProcess(const Parts& parts, const ProcessOptions& options)
    : parts_(parts),
      options_(options),
      files_(parts.files, parts.write_fails),
      folder_(files_, "job", parts.random, parts.metadata),
      lsm_(files_),
      io_(parts.io_delay),
      executor_(parts.clock) {}

Status SimProcess::open() {
  CountingJob& job = parts_.job;
  const graph::ExecutionPlan& plan = job.plan(options_.slots);
  const std::string work = fmt::format("work-{}", options_.id);
  auto opened = open_job({.folder = &folder_,
                          .clock = &parts_.clock,
                          .io = &io_,
                          .lsm = &lsm_,
                          .program = &job.program(),
                          .plan = &plan,
                          .shown_graph = job.shown_graph(),
                          .engine_version = "simulated",
                          .interval = options_.interval,
                          .retained = options_.retained,
                          .memory_bytes = options_.memory_bytes,
                          .base_bytes_min = options_.base_bytes_min,
                          .renewal_bytes_max = options_.renewal_bytes_max,
                          .from = {},
                          .drop_state = {},
                          .hazards = options_.hazards.checkpoint,
                          .simulation = {.wire = &parts_.wire,
                                         .table_order = options_.table_order,
                                         .sweep_entries = options_.sweep_entries,
                                         .aligner = options_.hazards.aligner,
                                         .state = options_.hazards.state,
                                         .publish = options_.hazards.publish}});
  if (!opened) return std::unexpected(opened.error().front());
  passed_over_ = opened->passed_over.size();
  // Zombies of earlier attempts have theirs in the same files.
  opened->services.work_folder = work;
  PublishLimits& limits = opened->services.publish_limits;
  limits.segment_bytes = 600;
  limits.part_bytes = options_.part_bytes;
  limits.part_bytes_min = 8;
  LocalJob::Options run;
  run.execution.clock = &parts_.clock;
  run.execution.linger = {};
  if (options_.little_room) {
    run.execution.credit_pool_bytes = 64 * 1024;
    run.execution.credit_floor_bytes = 16 * 1024;
    run.execution.credit_batches = 2;
    run.execution.batch_bytes = 1024;
  }
  run.opened = std::make_shared<OpenedJob>(*std::move(opened));
  job_ = std::make_unique<LocalJob>(job.program(), plan, std::move(run));
  job_->start(executor_);
  return {};
}

}  // namespace tributary::simulation
