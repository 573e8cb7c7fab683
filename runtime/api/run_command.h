// runtime/api/run_command.h
// `tributary run`: a whole cluster for one job in this process, until its input ends or somebody
// stops it.
//
// Thread: the main one; it starts the slots and waits for them and for signals.
#pragma once

#include <cstdint>
#include <optional>

#include "base/timestamp.h"
#include "runtime/api/job_plan.h"
#include "runtime/api/run_state.h"
#include "runtime/api/surroundings.h"

namespace tributary {

enum class ProgressMode : std::uint8_t { kAuto, kTerminal, kPlain, kJson, kNone };

struct RunArguments {
  JobArguments job;
  std::uint32_t slots = 0;        // 0: one
  std::optional<Duration> until;  // empty: the end of input
  ProgressMode progress = ProgressMode::kAuto;
  Duration progress_interval = seconds(1);
  StateArguments state;
  bool force = false;
  bool debug = false;
};

int run_command(const RunArguments& arguments, const Surroundings& surroundings);
// `tributary run JOB --help-settings`.
int help_settings_command(const JobArguments& arguments, const Surroundings& surroundings);

}  // namespace tributary
