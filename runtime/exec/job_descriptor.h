// runtime/exec/job_descriptor.h
// What a job's shared library exports: one extern "C" function, tributary_job_descriptor(), that
// returns this. TRIBUTARY_JOB (operators/include/tributary/job.h) makes it; `tributary` and task
// processes load it.
//
// Contract: `abi` is compared before anything else of the descriptor is touched; `build` is pure
// (settings in, graph out) and catches what the author's function throws.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

class Settings;     // base/settings.h
struct JobProgram;  // runtime/exec/job_program.h

struct JobDescriptor {
  std::uint32_t format = 1;
  // Compiler, standard library and engine version; see job_abi().
  const char* abi = "";
  const char* name = "";
  // The record that the settings are read into; null if the job takes the Settings tree itself.
  const TypeInfo* settings_type = nullptr;
  // Reads the settings and calls the author's function. False with `error` set if that failed.
  bool (*build)(const Settings& settings, JobProgram& program,
                std::optional<Error>& error) = nullptr;
};

inline constexpr const char* kJobDescriptorSymbol = "tributary_job_descriptor";
using JobDescriptorFunction = const JobDescriptor* (*)();

// The tag of whoever includes this header: "<engine version>-gcc<major>-libstdc++<abi>". A job
// whose tag differs from the program's is refused.
#define TRIBUTARY_ENGINE_VERSION "0.1"
#define TRIBUTARY_STRINGIZE_(x) #x
#define TRIBUTARY_STRINGIZE(x) TRIBUTARY_STRINGIZE_(x)
constexpr const char* job_abi() {
  return TRIBUTARY_ENGINE_VERSION
      "-gcc" TRIBUTARY_STRINGIZE(__GNUC__) "-libstdc++" TRIBUTARY_STRINGIZE(_GLIBCXX_USE_CXX11_ABI);
}

}  // namespace tributary
