// runtime/api/state_query.h
// `tributary state get`: what a checkpoint holds under one key, or which keys there are, as JSON
// lines.
//
// Calls block; only the task that has the key is opened. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/inspect/stage_states.h"

namespace tributary {

struct StateQuery {
  std::string target;  // OPERATOR or OPERATOR.STATE
  std::optional<std::string> key;
  std::optional<std::string> name_space;
  std::optional<std::string> map_key;
  std::uint64_t limit = 100;  // elements of a map; keys
};

// States of one operator that a query is about.
struct QueriedStates {
  const StageStates* stage = nullptr;
  std::vector<const StateDecoder*> states;
};
// C113 with the names that there are.
Result<QueriedStates> find_states(const std::vector<StageStates>& stages, std::string_view target);

using LineWriter = std::function<void(std::string line)>;

// A line for each state and namespace that has something under the key. How many there were.
Result<std::uint64_t> write_state_of_key(const QueriedStates& queried, const StateQuery& query,
                                         std::uint32_t key_groups, const InspectPlaces& places,
                                         const LineWriter& line);

// A line for each key (with its namespace), up to the limit. How many were left out.
Result<std::uint64_t> write_keys(const QueriedStates& queried, const StateQuery& query,
                                 const InspectPlaces& places, const LineWriter& line);

}  // namespace tributary
