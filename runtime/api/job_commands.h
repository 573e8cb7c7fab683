// runtime/api/job_commands.h
// The verbs that look at jobs without running them: `tributary jobs`, `tributary plan` and the
// internal `tributary graph`.
//
// Thread: the main one. Each gives the program's exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/api/job_plan.h"
#include "runtime/api/surroundings.h"

namespace tributary {

int jobs_command(const std::string& job_path, const Surroundings& surroundings);

enum class PlanFormat : std::uint8_t { kText, kMermaid, kJson };
int plan_command(const JobArguments& arguments, std::uint32_t slots, PlanFormat format,
                 const Surroundings& surroundings);

// Prints the serialised JobGraph. With `config_name` the configuration is read from standard input
// and called so; it is what graph_process.h starts, and the only place where a job's function runs
// for whoever plans.
int graph_command(const JobArguments& arguments, const std::optional<std::string>& config_name,
                  const Surroundings& surroundings);

}  // namespace tributary
