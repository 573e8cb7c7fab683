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
  const JobOpening opening{.metadata = &folder_.metadata(),
                           .metadata_key = std::string(JobFolder::kRecordKey),
                           .manifests = &folder_.manifests(),
                           .blobs = &folder_.blobs(),
                           .files = &files_,
                           .random = &random_,
                           .clock = &clock_,
                           .work_folder = folder_.work(),
                           .program = &program,
                           .plan = &plan_,
                           .shown_graph = graph::serialize(program.graph),
                           .engine_version = "test"};
  auto opened = open_job(opening);
  TRIBUTARY_CHECK(opened.has_value(), "{}", opened ? "" : opened.error()[0].to_string());
  auto checkpoints = std::make_shared<LocalJob::Options::Checkpoints>();
  checkpoints->services = {
      .io = &io_,
      .blobs = &folder_.blobs(),
      .files = &files_,
      .lsm = &lsm_,
      .work_folder = folder_.work(),
      .memory_bytes = options.memory_bytes,
      .uid = uid_number(opened->record.uid()),
      .uid_bytes = opened->record.uid(),
      .history = *LineageHistory::decode(opened->record.checkpoints().lineages()),
      .routing_version = plan_.routing_version,
      .publish_limits = {}};
  checkpoints->manifests = &folder_.manifests();
  checkpoints->blobs = &folder_.blobs();
  checkpoints->random = &random_;
  checkpoints->opened = *std::move(opened);
  LocalJob::Options job;
  job.execution.clock = &clock_;
  job.metadata = &folder_.metadata();
  job.metadata_key = JobFolder::kRecordKey;
  job.checkpoints = std::move(checkpoints);
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
