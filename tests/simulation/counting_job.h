// The job that is simulated: splits that are read as far as the world lets them, a keyed process
// with a value, a map and timers, a sink that stages lines for the broker.
//
// The program and its plans are made once; what changes from world to world is reached through
// JobSeams.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/random.h"
#include "runtime/exec/job_program.h"
#include "runtime/graph/plan.h"
#include "tests/simulation/history.h"

namespace tributary::simulation {

// What the job sees of the world around it.
struct JobSeams {
  const History* history = nullptr;
  std::vector<std::size_t> released;  // by split: so many records may be read
  std::uint32_t outputs = 1;          // partitions
  Random* random = nullptr;           // how large batches are
  std::function<std::shared_ptr<SinkConnector>(const SinkIdentity&)> make_connector;
};

class CountingJob {
 public:
  static constexpr std::uint32_t kSlotsMax = 3;
  // `keyed_sink`: the sink is a stage of its own behind a keyed exchange.
  explicit CountingJob(bool keyed_sink);

  JobSeams& seams() { return *seams_; }
  const JobProgram& program() const { return program_; }
  const graph::ExecutionPlan& plan(std::uint32_t slots) const { return plans_[slots - 1]; }
  const std::string& shown_graph() const { return shown_graph_; }

 private:
  std::shared_ptr<JobSeams> seams_ = std::make_shared<JobSeams>();
  JobProgram program_;
  std::vector<graph::ExecutionPlan> plans_;
  std::string shown_graph_;
};

}  // namespace tributary::simulation
