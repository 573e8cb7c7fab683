// runtime/api/state_commands.h
// `tributary state list|describe|get|diff|verify`: what checkpoints and savepoints hold, read
// without the job and without its code.
//
// Thread: the main one. Each gives the program's exit code; they write nothing below PATH.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/api/state_query.h"
#include "runtime/api/surroundings.h"

namespace tributary {

// Which checkpoint, and where its stores are opened meanwhile.
struct StatePlace {
  std::string path;
  std::optional<std::uint64_t> checkpoint;
  std::string scratch;  // folder; empty: that for temporary files
};

int state_list_command(const StatePlace& place, bool json, const Surroundings& surroundings);

// `fast`: without counting keys, which reads everything.
int state_describe_command(const StatePlace& place, bool fast, bool json,
                           const Surroundings& surroundings);

// kExitFailed if there is nothing under the key. Without a key: lists keys.
int state_get_command(const StatePlace& place, const StateQuery& query,
                      const Surroundings& surroundings);

struct StateDiffArguments {
  StatePlace before;  // PATH or PATH@N
  StatePlace after;
  std::string operator_name;  // empty: all
  std::uint64_t limit = 10;   // examples of one state
  bool json = false;
};
// kExitDone whether or not they differ.
int state_diff_command(const StateDiffArguments& arguments, const Surroundings& surroundings);

// kExitFailed if anything is damaged. `all`: every checkpoint that is retained.
int state_verify_command(const StatePlace& place, bool all, bool json,
                         const Surroundings& surroundings);

// "state@7" -> path and checkpoint.
StatePlace place_of(const std::string& text);

}  // namespace tributary
