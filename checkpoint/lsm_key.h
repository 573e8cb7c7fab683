// checkpoint/lsm_key.h
// The bytes under which state lies in an ordered store and in delta logs:
// docs/formats/state-keys.md (protocol rules 33 and 35).
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "checkpoint/key_groups.h"
#include "checkpoint/keyed_state.h"

namespace tributary {

struct StateId {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(StateId, StateId) = default;
};

// What a key says, unescaped.
struct LsmAddress {
  KeyGroup group;
  StateId state;
  std::string key;
  std::string name_space;
  std::string map_key;
};
struct LsmTimer {
  KeyGroup group;
  StateId state;
  TimeDomain domain = TimeDomain::kEvent;
  Timestamp at;
  std::string key;
  std::string name_space;
  std::string name;
};

// All that are called so append.
void append_group_prefix(KeyGroup group, std::string& out);
void append_state_prefix(KeyGroup group, StateId state, std::string& out);
// An entry's key; for an element of a map, its map key follows.
void append_entry_key(KeyGroup group, StateId state, std::string_view key,
                      std::string_view name_space, std::string& out);
// The same into room for entry_key_bytes_max(); gives the position behind.
std::size_t entry_key_bytes_max(std::string_view key, std::string_view name_space);
char* write_entry_key(KeyGroup group, StateId state, std::string_view key,
                      std::string_view name_space, char* out);
void append_timer_key(KeyGroup group, StateId state, TimeDomain domain, Timestamp at,
                      std::string_view key, std::string_view name_space, std::string_view name,
                      std::string& out);

// Of any key; nothing if it has no group or state.
struct LsmKeyHead {
  KeyGroup group;
  StateId state;
};
std::optional<LsmKeyHead> head_of(std::string_view lsm_key);
// Nothing for bytes that no key has.
std::optional<LsmAddress> parse_entry_key(std::string_view lsm_key);
std::optional<LsmTimer> parse_timer_key(std::string_view lsm_key);

}  // namespace tributary
