// Parks a batch in front of its operator until the values of its keys are in memory (rule 40), so
// that no read of the disk stands in a slot's way.
//
// Decides: the reads of a whole batch go out together, a chunk of keys each; a batch waits once,
// and what has left memory again by then is read inline. Elements of maps and lists, and what
// timers touch, are read inline too. Owner: one operator. Thread: its slot's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "checkpoint/keyed_state.h"
#include "operators/key_reader.h"
#include "runtime/exec/operator.h"

namespace tributary::internal {

class StateMisses {
 public:
  void open(OperatorContext& engine, const KeyedState& state) {
    engine_ = &engine;
    state_ = &state;
  }

  // Whether records from `from` on can be processed. If not, their operator consumes nothing: it is
  // asked again when the answers are there. `look(first, last)` calls prefetch() for a chunk.
  template <typename Look>
  bool in_memory(std::uint32_t from, std::uint32_t size, Look look) {
    if (!state_->may_miss()) [[likely]]
      return true;
    if (reading_ == 0 && from >= looked_to_) {
      for (std::uint32_t first = from; first < size; first += KeyReader::kChunk)
        look(first, std::min(size, first + KeyReader::kChunk));
      looked_to_ = size;
      if (reading_ > 0) engine_->count("batches_awaiting_state", 1);
    }
    if (reading_ == 0) return true;
    // An answer brings a turn; this only says that nobody need ask before.
    engine_->wake_at(engine_->clock().now() + kAskAgain);
    return false;
  }
  void prefetch(ValueState& values, std::span<const StateKey> keys) {
    if (!values.prefetch(keys, [this] { --reading_; })) ++reading_;
  }
  // The batch is done.
  void next_batch() { looked_to_ = 0; }

 private:
  static constexpr Duration kAskAgain = seconds(1);

  OperatorContext* engine_ = nullptr;
  const KeyedState* state_ = nullptr;
  std::uint32_t reading_ = 0;    // answers to come
  std::uint32_t looked_to_ = 0;  // in the batch at hand
};

}  // namespace tributary::internal
