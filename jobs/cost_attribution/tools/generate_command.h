// jobs/cost_attribution/tools/generate_command.h
// `attribution generate`: a folder of topics full of generated charges, rules for every tenant that
// has some, and expected.json with what a job must make of them; or one FOCUS bill.
//
// Records of one shard stay in one file, in order. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "jobs/cost_attribution/tools/focus_generator.h"

namespace tributary::cost {

struct GenerateOptions {
  GeneratorOptions generator;
  std::filesystem::path to;   // topics; or
  std::filesystem::path csv;  // a bill of one tenant, with <csv>.expected.json beside it
  std::int32_t files = 4;
  bool replaces = false;
};

// "0.01" as parts of a million; C102 unless it is a decimal of 0 to 1 with at most 6 decimals.
Result<std::uint32_t> parse_share(std::string_view option, std::string_view text);

// C102, F102, F103. Appends a summary to `out`; exit code 0.
Result<int> run_generate(const GenerateOptions& options, std::string& out);

}  // namespace tributary::cost
