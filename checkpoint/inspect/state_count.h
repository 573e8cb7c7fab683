// checkpoint/inspect/state_count.h
// How much a stage's states hold, counted by reading them all.
//
// Calls block. Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>

#include "base/error.h"
#include "checkpoint/inspect/stage_states.h"

namespace tributary {

struct StateCount {
  std::uint64_t keys = 0;      // with their namespaces; of maps: maps
  std::uint64_t elements = 0;  // of maps
  std::uint64_t bytes = 0;     // keys and values as they are stored
};

// By the id of the state; the element's id of a map counts to its head's.
Result<std::map<std::uint32_t, StateCount>> count_states(const StageStates& stage,
                                                         const InspectPlaces& places);

}  // namespace tributary
