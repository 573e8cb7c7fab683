// A side output's name with the type of its records: inline constexpr SideOutput<BadRow>
// bad_rows{"bad-rows"};
//
// Inside a process class the same words declare a tag that only its own streams have (process.h).
#pragma once

namespace tributary {

template <typename T, typename Process = void>
struct SideOutput {
  const char* name;
};

}  // namespace tributary
