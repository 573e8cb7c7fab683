// runtime/api/job_plan.h
// From the command line's JOB, --config and --set to a plan, without running a line of the author's
// code in this process: the graph comes from a process of its own (graph_process.h).
//
// Blocks until that process has answered. Any thread that may fork.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/api/job_build.h"
#include "runtime/api/surroundings.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct JobArguments {
  std::string job;
  std::optional<std::string> config;
  std::vector<std::string> overrides;
  std::string job_path;
  std::string secrets_directory = kDefaultSecretsDirectory;
  Duration graph_time_limit = seconds(60);
};

struct PlannedJob {
  std::string library_path;
  ConfigDocument document;
  SecretValues secrets;
  graph::JobGraph graph;
  graph::JobGraph shown;  // `graph` without the values of secrets: what may be printed
  graph::ExecutionPlan plan;
};

// Every reason against it. An empty list: the reasons are on standard error already, told by the
// other process.
OrErrors<PlannedJob> plan_job(const JobArguments& arguments, std::uint32_t slots,
                              const Surroundings& surroundings);

// Where JOB's library lies. B202.
Result<std::string> locate_job(const JobArguments& arguments, const Surroundings& surroundings);
std::vector<std::string> folders_of(const std::string& job_path, const Surroundings& surroundings);
ExpansionSources expansion_sources(const JobArguments& arguments, const Surroundings& surroundings);

}  // namespace tributary
