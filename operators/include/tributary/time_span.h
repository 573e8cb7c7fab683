// A length of time as authors write it: 5s, 1h, days(40), std::chrono::days{40}, or a Duration from
// the settings.
#pragma once

#include <chrono>

#include "base/timestamp.h"

namespace tributary {

using namespace std::chrono_literals;  // 5s, 200ms, 1h wherever tributary's names are visible

struct TimeSpan {
  Duration value;

  constexpr TimeSpan(Duration duration) : value(duration) {}  // NOLINT: implicit by design
  template <typename Rep, typename Period>
  constexpr TimeSpan(std::chrono::duration<Rep, Period> duration)  // NOLINT: implicit by design
      : value{std::chrono::duration_cast<std::chrono::microseconds>(duration).count()} {}
  constexpr operator Duration() const { return value; }  // NOLINT: implicit by design
};

}  // namespace tributary
