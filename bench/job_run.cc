#include "bench/job_run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_executor.h"
#include "checkpoint/memory_metadata_store.h"
#include "runtime/cluster/local_job.h"
#include "runtime/graph/planner.h"

namespace tributary::bench {

void run_to_end(const JobProgram& program, std::uint32_t slots) {
  const auto plan = graph::plan(program.graph, {.slots = slots});
  TRIBUTARY_CHECK(plan.has_value(), "{}", plan ? "" : plan.error()[0].to_string());
  const SystemClock clock;
  MemoryMetadataStore metadata;
  LocalJob::Options options;
  options.execution.clock = &clock;
  options.metadata = &metadata;
  options.uid = std::string(16, 'b');
  LocalJob job(program, *plan, options);
  ThreadExecutor executor(clock);
  job.start(executor);
  executor.join();
  const LocalJob::Outcome& outcome = job.outcome();
  TRIBUTARY_CHECK(outcome.phase == cluster::FINISHED, "the job did not finish: {}",
                  outcome.error ? outcome.error->to_string() : "no error");
}

}  // namespace tributary::bench
