#include "tests/operators/stored_job.h"

#include <limits>

#include "runtime/cluster/job_opening.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace tributary::testing {
namespace {

graph::ExecutionPlan planned(const JobProgram& program, std::uint32_t slots) {
  auto plan = graph::plan(program.graph, {.slots = slots});
  TRIBUTARY_CHECK(plan.has_value(), "{}", plan ? "" : plan.error()[0].to_string());
  return *std::move(plan);
}

}  // namespace

StoredJob::StoredJob(const JobProgram& program, const StoredJobOptions& options)
    : random_(options.seed),
      folder_(files_, "job", random_),
      io_(options.seed),
      plan_(planned(program, options.slots)),
      executor_(clock_, options.seed) {
  const JobOpening opening{.folder = &folder_,
                           .clock = &clock_,
                           .io = &io_,
                           .lsm = &lsm_,
                           .program = &program,
                           .plan = &plan_,
                           .shown_graph = graph::serialize(program.graph),
                           .engine_version = "test",
                           .memory_bytes = options.memory_bytes};
  auto opened = open_job(opening);
  TRIBUTARY_CHECK(opened.has_value(), "{}", opened ? "" : opened.error()[0].to_string());
  LocalJob::Options job;
  job.execution.clock = &clock_;
  job.opened = std::make_shared<OpenedJob>(*std::move(opened));
  job_ = std::make_unique<LocalJob>(program, plan_, std::move(job));
  job_->start(executor_);
}

StoredJob::~StoredJob() {
  if (!job_->over()) job_->cancel();
  while (!executor_.all_finished() && (step() || io_.run_one())) {
  }
}

bool StoredJob::step() {
  if (executor_.step_one()) return true;
  const std::int64_t next = executor_.next_deadline_nanos();
  if (next == std::numeric_limits<std::int64_t>::max()) return false;
  clock_.advance(microseconds((next - clock_.monotonic_nanos()) / 1000 + 1));
  return true;
}

void StoredJob::run_to_end() {
  while (!job_->over()) {
    const bool stepped = step();
    const bool worked = io_.run_one();
    TRIBUTARY_CHECK(stepped || worked, "nothing is left to do and the job is not over");
  }
}

}  // namespace tributary::testing
