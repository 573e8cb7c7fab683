// jobs/cost_attribution/tools/dead_letter_command.h
// `attribution deadletter show`: how many records were refused, why and whose, and some of them
// with their bytes.
//
// Bytes that could upset a terminal are shown as "?". Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace tributary::cost {

struct DeadLetterOptions {
  std::filesystem::path dir;  // the folder of topics
  std::string tenant;         // empty: all
  std::string reason;         // empty: all
  std::uint64_t show = 0;     // so many letters, with their records
};

// F101 when `dir` has no dead-letter topic; exit code 0.
Result<int> run_dead_letter_show(const DeadLetterOptions& options, std::string& out);

}  // namespace tributary::cost
