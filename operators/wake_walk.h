// The walk over keys that wake_keys asks for: which key is next, resumable at any point.
//
// Decides: one pass at a time over all keys with state, in the order of key group and key; requests
// made during a pass are joined into the next one. Owner: one process operator. Thread: its slot's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tributary/internal/process_core.h>

#include "checkpoint/keyed_state.h"
#include "operators/key_reader.h"

namespace tributary::internal {

class WakeWalk {
 public:
  struct Key {
    std::uint64_t hash = 0;
    std::string bytes;
  };

  void request(KeyPredicate predicate) { requested_.push_back(std::move(predicate)); }
  bool busy() const { return !requested_.empty() || !pass_.empty(); }

  // The key to wake, the same until done() is called. Null when this slice found none yet (busy()
  // then says whether to go on), `reader` decodes keys for the predicates.
  const Key* current(KeyedState& state, KeyReader& reader);
  void done() { found_.pop_front(); }

 private:
  static constexpr std::size_t kKeysAtOnce = 64;

  std::vector<KeyPredicate> requested_;
  std::vector<KeyPredicate> pass_;  // of the pass at hand; empty: none
  std::string position_;
  bool all_seen_ = false;  // the pass has visited every key
  std::deque<Key> found_;  // matching, not yet woken
};

}  // namespace tributary::internal
