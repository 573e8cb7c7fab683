// runtime/api/surroundings.h
// The seams of this process that verbs are given: files, time, chance, variables, where it writes.
// Made in main().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/random.h"

namespace tributary {

struct Surroundings {
  FileSystem& files;
  const Clock& clock;
  RandomSource& random;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string program;  // the path of this program
  std::uint32_t user_id = 0;
  int out = 1;
  int err = 2;
};

// What a verb ends with.
enum ExitCode : int {
  kExitDone = 0,     // finished, or stopped cleanly
  kExitFailed = 1,   // the job failed or was cancelled
  kExitRefused = 2,  // command line, configuration or plan
};

}  // namespace tributary
