// What authors of jobs include. A job is a function from settings to a graph:
//
//   void spend_by_team(Job& job, const SpendSettings& settings) {
//     auto charges = job.source("charges", files<Charge>(settings.charges));
//     charges.key_by(&Charge::team).aggregate<Sum>("sum").sink("spend",
//     files<Spend>(settings.output));
//   }
//   TRIBUTARY_JOB("spend-by-team", spend_by_team)
//
// The function reads nothing but its settings: it runs in several processes, which must all get the
// same graph.
#pragma once

// Lower ones first: an error in a header shows how it was included, and this keeps it to two lines.
// clang-format off
#include <tributary/state.h>
#include <tributary/process.h>
#include <tributary/stream.h>
// clang-format on

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tributary/keyed_stream.h>
#include <tributary/settings.h>
#include <tributary/source_stream.h>

#include "base/record.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary {

class Job {
 public:
  explicit Job(internal::GraphBuilder& graph) : graph_(graph) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  template <SourceLike S>
  auto source(Name name, const S& like) {
    auto spec = to_source_spec(like);
    using Spec = decltype(spec);
    using T = typename Spec::Record;
    constexpr bool kDeclared = Record<T>;
    static_assert(
        kDeclared,
        "source: the record type is not declared; say TRIBUTARY_RECORD(Type, field, …) below it");
    if constexpr (kDeclared) {
      spec.untyped.record_type = &type_info<T>();
      const std::uint32_t vertex = graph_.add_source(std::move(name), std::move(spec.untyped));
      internal::StreamRef ref{.graph = &graph_, .origins = {{.vertex = vertex, .port = 0}}};
      return SourceStream<T, Spec::kind>(std::move(ref));
    }
  }

  // 1,024 if not said. Fixed at the job's first start.
  void key_groups(std::uint32_t count) { graph_.set_key_groups(count); }
  // The settings make no sense together: the job is not started, and people read this.
  // Say it as often as there are reasons; all are told.
  void refuse(std::string why) { refuse(Error(ErrorCode::C102, std::move(why))); }
  void refuse(Error why) { graph_.refuse_settings(std::move(why)); }

 private:
  internal::GraphBuilder& graph_;
};

namespace internal {

template <typename S>
using JobFunction = void (*)(Job&, const S&);

// Calls the author's function under one roof: reads the settings into `type` (null: as they are),
// catches what it throws, and finishes the graph. Every reason why there is no program.
std::vector<Error> build_job(std::string_view name, const Settings& settings, const TypeInfo* type,
                             void (*call)(void (*function)(), Job& job, const void* settings),
                             void (*function)(), JobProgram& program);

template <typename S>
void call_job_function(void (*function)(), Job& job, const void* settings) {
  reinterpret_cast<JobFunction<S>>(function)(job, *static_cast<const S*>(settings));
}

template <typename S>
constexpr const TypeInfo* settings_type() {
  if constexpr (std::is_same_v<S, Settings>) {
    return nullptr;
  } else {
    static_assert(Record<S>,
                  "TRIBUTARY_JOB: the function's settings are not a record; declare them with "
                  "TRIBUTARY_RECORD(Type, field, …), or take const Settings&");
    return &kTypeInfo<S>;
  }
}

template <typename F>
inline constexpr bool kIsJobFunction = false;
template <typename S>
inline constexpr bool kIsJobFunction<void(Job&, const S&)> = true;

template <typename S>
std::vector<Error> build_job_function(std::string_view name, JobFunction<S> function,
                                      const Settings& settings, JobProgram& program) {
  return build_job(name, settings, settings_type<S>(), &call_job_function<S>,
                   reinterpret_cast<void (*)()>(function), program);
}

template <typename S>
const TypeInfo* settings_type_of(JobFunction<S>) {
  return settings_type<S>();
}

}  // namespace internal

}  // namespace tributary

// In one source file of the job's library, in the namespace of the function or outside.
#define TRIBUTARY_JOB(job_name, function)                                                      \
  static_assert(::tributary::internal::kIsJobFunction<decltype(function)>,                     \
                "TRIBUTARY_JOB: the function must be void " #function                          \
                "(Job& job, const MySettings& settings)");                                     \
  extern "C" __attribute__((visibility("default"))) const ::tributary::JobDescriptor*          \
  tributary_job_descriptor() {                                                                 \
    static const ::tributary::JobDescriptor descriptor{                                        \
        .abi = ::tributary::job_abi(),                                                         \
        .name = job_name,                                                                      \
        .settings_type = ::tributary::internal::settings_type_of(&function),                   \
        .build = [](const ::tributary::Settings& settings, ::tributary::JobProgram& program) { \
          return ::tributary::internal::build_job_function(job_name, &function, settings,      \
                                                           program);                           \
        }};                                                                                    \
    return &descriptor;                                                                        \
  }
