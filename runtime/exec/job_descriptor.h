// runtime/exec/job_descriptor.h
// What a job's shared library exports: one extern "C" function, tributary_job_descriptor(), that
// returns this. TRIBUTARY_JOB (operators/include/tributary/job.h) makes it; `tributary` and task
// processes load it.
//
// Contract: `abi` is compared before anything else of the descriptor is touched; `build` is pure
// (settings in, graph out) and catches what the author's function throws.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

class Settings;     // base/settings.h
struct JobProgram;  // runtime/exec/job_program.h

struct JobDescriptor {
  std::uint32_t format = 1;
  // Engine version, compiler, standard library and headers; see job_abi().
  const char* abi = "";
  const char* name = "";
  // The record that the settings are read into; null if the job takes the Settings tree itself.
  const TypeInfo* settings_type = nullptr;
  // Reads the settings and calls the author's function. Every reason why there is no program;
  // empty: it is made.
  std::vector<Error> (*build)(const Settings& settings, JobProgram& program) = nullptr;
};

inline constexpr const char* kJobDescriptorSymbol = "tributary_job_descriptor";
using JobDescriptorFunction = const JobDescriptor* (*)();

// "<engine version>-gcc<major>-libstdc++<abi>-headers-<digest>" of whoever calls: each job library
// links a definition of its own (cmake/write_abi_tag.cmake). A job whose tag differs from the
// program's is refused.
const char* job_abi();
const char* engine_version();

}  // namespace tributary
