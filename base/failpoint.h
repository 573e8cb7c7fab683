// base/failpoint.h
// Named places where a test makes the process die, fail or wait: failpoint("task.frozen") or
// TRY(failpoint_status("blob.before_sync")). Compiled in always, off unless TRIBUTARY_FAILPOINTS
// says otherwise or a test holds ScopedFailpoints; a site that is off costs one relaxed load.
//
// Any thread. The one state of the process that has no owner (a crash has none either): names are
// in base/failpoints.def, and one that is not there does not compile.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace tributary {

enum class FailpointKind : std::uint8_t {
  kPlain,     // may die or wait
  kFallible,  // may also fail
};

struct FailpointEntry {
  std::string_view name;
  FailpointKind kind;
  std::string_view meaning;  // what is done and what is not when a process dies there
};

inline constexpr std::array kFailpoints = {
#define TRIBUTARY_FAILPOINT(name, kind, meaning) FailpointEntry{name, FailpointKind::kind, meaning},
#include "base/failpoints.def"
#undef TRIBUTARY_FAILPOINT
};

// A name of the list and of this kind, looked up by the compiler.
template <FailpointKind kKind>
class FailpointName {
 public:
  consteval FailpointName(const char* name) : index_(0) {  // NOLINT: written as a plain literal
    while (kFailpoints[index_].name != name) ++index_;     // beyond the list: does not compile
    if (kFailpoints[index_].kind != kKind) throw "this failpoint is of the other kind";
  }
  std::size_t index() const { return index_; }

 private:
  std::size_t index_;
};

namespace internal {
extern std::atomic<bool> failpoints_armed;
Status pass_failpoint(std::size_t index);
}  // namespace internal

// S440 when this pass is to fail.
inline Status failpoint_status(FailpointName<FailpointKind::kFallible> name) {
  if (!internal::failpoints_armed.load(std::memory_order_relaxed)) [[likely]]
    return {};
  return internal::pass_failpoint(name.index());
}

inline void failpoint(FailpointName<FailpointKind::kPlain> name) {
  if (internal::failpoints_armed.load(std::memory_order_relaxed)) [[unlikely]]
    (void)internal::pass_failpoint(name.index());
}

// "name=action[@n],…": `crash` ends the process at once with status 137, nothing is flushed;
// `error` makes the site fail; `sleep:ms` waits. At the n-th pass only, else at each. Replaces
// what was armed and counts passes anew; the empty text disarms all. C110 says what is wrong, and
// then nothing has changed.
Status arm_failpoints(std::string_view setting);

// How often a point was passed since any were armed.
std::uint64_t failpoint_passes(std::string_view name);

// Armed while it lives, for tests in this process. Stops it if the setting is wrong.
class ScopedFailpoints {
 public:
  explicit ScopedFailpoints(std::string_view setting);
  ~ScopedFailpoints();
  ScopedFailpoints(const ScopedFailpoints&) = delete;
  ScopedFailpoints& operator=(const ScopedFailpoints&) = delete;
};

}  // namespace tributary
