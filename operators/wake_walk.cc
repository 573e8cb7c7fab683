#include "operators/wake_walk.h"

#include <algorithm>
#include <utility>

namespace tributary::internal {

const WakeWalk::Key* WakeWalk::current(KeyedState& state, KeyReader& reader) {
  if (!found_.empty()) return &found_.front();
  if (all_seen_) {
    pass_.clear();
    all_seen_ = false;
  }
  if (pass_.empty()) {
    if (requested_.empty()) return nullptr;
    pass_ = std::exchange(requested_, {});
    position_.clear();
  }
  const std::optional<std::string> next =
      state.keys_from(position_, kKeysAtOnce, [&](const StateKey& address) {
        reader.set(address.hash, address.key);
        if (std::ranges::none_of(
                pass_, [&](const KeyPredicate& matches) { return matches(reader.key(0)); }))
          return;
        if (!found_.empty() && found_.back().bytes == address.key)
          return;  // another namespace of the same key
        found_.push_back({.hash = address.hash, .bytes = std::string(address.key)});
      });
  if (next) {
    position_ = *next;
  } else {
    all_seen_ = true;
    if (found_.empty()) pass_.clear(), all_seen_ = false;
  }
  return found_.empty() ? nullptr : &found_.front();
}

}  // namespace tributary::internal
