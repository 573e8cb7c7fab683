#include "operators/testing/test_attempt.h"

#include <memory>
#include <string>
#include <utility>

#include "operators/testing/job_test_failure.h"
#include "runtime/cluster/job_opening.h"
#include "runtime/exec/job_descriptor.h"
#include "runtime/graph/job_graph.h"

namespace tributary::testing {
namespace {
// Checkpoints come when the test asks for them.
constexpr Duration kNoInterval = days(36500);
}  // namespace

TestAttempt::TestAttempt(const Parts& parts, const Options& options)
    : random_(options.seed),
      lsm_(parts.folder.files()),
      io_(options.seed),
      executor_(parts.clock, options.seed),
      job_(parts.program, parts.plan, open(parts, options)) {}

LocalJob::Options TestAttempt::open(const Parts& parts, const Options& options) {
  JobFolder& folder = parts.folder;
  auto opened = open_job({.folder = &folder,
                          .clock = &parts.clock,
                          .io = &io_,
                          .lsm = &lsm_,
                          .program = &parts.program,
                          .plan = &parts.plan,
                          .shown_graph = graph::serialize(parts.program.graph),
                          .engine_version = engine_version(),
                          .interval = kNoInterval,
                          .from = {},
                          .drop_state = {},
                          .simulation = {.table_order = options.seed}});
  if (!opened) {
    std::string reasons;
    for (const Error& error : opened.error()) reasons += "\n" + error.to_string();
    fail_test("job {} cannot go on from its checkpoint:{}", parts.program.graph.name(), reasons);
  }
  if (opened->from) from_ = {opened->from->checkpoint()};

  LocalJob::Options job;
  job.execution.clock = &parts.clock;
  // Nothing lingers: what is pushed arrives without the clock moving.
  job.execution.linger = {};
  if (options.little_room) {
    job.execution.credit_pool_bytes = 64 * 1024;
    job.execution.credit_floor_bytes = 16 * 1024;
    job.execution.credit_batches = 2;
    job.execution.batch_bytes = 1024;
  }
  job.opened = std::make_shared<OpenedJob>(*std::move(opened));
  return job;
}

bool TestAttempt::come_to_rest(std::uint64_t turns_max) {
  for (std::uint64_t turns = 0; turns < turns_max; ++turns) {
    if (!executor_.step_one() && !io_.run_one()) return true;
  }
  return false;
}

void TestAttempt::begin(std::uint64_t turns) {
  for (; turns > 0; --turns) {
    if (random_.chance(1, 4) && io_.run_one()) continue;
    if (!executor_.step_one() && !io_.run_one()) return;
  }
}

}  // namespace tributary::testing
