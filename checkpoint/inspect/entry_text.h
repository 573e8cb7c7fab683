// checkpoint/inspect/entry_text.h
// What one stored entry says, as JSON: its key, namespace, map key or timer, and its value.
//
// Pure. S441 for bytes that do not fit the state's schemas.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/timestamp.h"
#include "checkpoint/inspect/stage_states.h"

namespace tributary {

struct EntryText {
  std::string key;         // JSON
  std::string key_bytes;   // canonical
  std::string name_space;  // text, empty if it has none
  std::string name_space_bytes;
  std::string map_key;  // JSON; elements of maps
  // Timers.
  std::string timer_name;
  std::string timer_at;
  bool by_processing_time = false;
};

// The bytes of a typed map key; of a list's element its place, counted from 0. C114.
Result<std::string> map_key_bytes(const StateDecoder& state, std::string_view text);

Result<EntryText> entry_text(const StatePart& part, std::string_view lsm_key);

}  // namespace tributary
