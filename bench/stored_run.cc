#include "bench/stored_run.h"

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/io_pool.h"
#include "base/local_file_system.h"
#include "base/random.h"
#include "base/thread_executor.h"
#include "checkpoint/rocksdb_lsm.h"
#include "runtime/cluster/job_folder.h"
#include "runtime/cluster/job_opening.h"
#include "runtime/cluster/local_job.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace tributary::bench {
namespace {

constexpr std::uint32_t kIoThreads = 8;

std::uint64_t records_read(const JobProgram& program, LocalJob& job) {
  std::uint64_t records = 0;
  for (const TaskMetrics& task : job.execution().metrics()) {
    for (const auto& one : task.operators) {
      if (program.graph.vertices(static_cast<int>(one->vertex)).kind() == graph::SOURCE)
        records += static_cast<std::uint64_t>(one->records_out.get());
    }
  }
  return records;
}

}  // namespace

StoredRunReport run_stored(const JobProgram& program, const StoredRunOptions& options) {
  const auto plan = graph::plan(program.graph, {.slots = options.slots});
  TRIBUTARY_CHECK(plan.has_value(), "{}", plan ? "" : plan.error()[0].to_string());
  const SystemClock clock;
  const std::int64_t started = clock.monotonic_nanos();
  const auto since = [&] { return static_cast<double>(clock.monotonic_nanos() - started) / 1e9; };
  LocalFileSystem files;
  SystemRandomSource random;
  RocksDbLsmFactory lsm;
  JobFolder folder(files, options.folder, random);
  ThreadIoPool io(kIoThreads);
  const JobOpening opening{.folder = &folder,
                           .clock = &clock,
                           .io = &io,
                           .lsm = &lsm,
                           .program = &program,
                           .plan = &*plan,
                           .shown_graph = graph::serialize(program.graph),
                           .engine_version = "bench",
                           .interval = options.interval,
                           .memory_bytes = options.memory_bytes,
                           .base_bytes_min = options.base_bytes_min};
  auto opened = open_job(opening);
  TRIBUTARY_CHECK(opened.has_value(), "{}", opened ? "" : opened.error()[0].to_string());

  StoredRunReport report;
  report.opened_s = since();
  LocalJob::Options job_options;
  job_options.execution.clock = &clock;
  job_options.opened = std::make_shared<OpenedJob>(*std::move(opened));
  LocalJob job(program, *plan, std::move(job_options));
  ThreadExecutor executor(clock);
  job.start(executor);
  bool is_stopping = false;
  while (!job.over()) {
    std::this_thread::sleep_for(std::chrono::microseconds(options.sample_every.micros));
    const std::uint64_t records = records_read(program, job);
    report.samples.push_back({since(), records});
    if (options.stop_after == 0 || records < options.stop_after || is_stopping) continue;
    is_stopping = true;
    job.request_stop();
  }
  executor.join();
  const LocalJob::Outcome& outcome = job.outcome();
  TRIBUTARY_CHECK(outcome.phase == (is_stopping ? cluster::STOPPED : cluster::FINISHED),
                  "the job did not end well: {}",
                  outcome.error ? outcome.error->to_string() : "no error");
  report.checkpoints = job.checkpoints().completed;
  return report;
}

}  // namespace tributary::bench
