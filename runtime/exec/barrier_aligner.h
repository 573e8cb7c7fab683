// runtime/exec/barrier_aligner.h
// Decides when one task has seen the same checkpoint barrier on every open input, and which inputs
// it must not read meanwhile. The whole table, state by event: README.md of this folder (rule 37).
//
// Owner: the task. Thread: its slot's only. Pure. Invariants: one checkpoint is aligned at a time;
// a barrier takes effect at most once; blocking ends with the snapshot (a barrier that holds: with
// its release or abort), and at once with an abort or a newer barrier.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "runtime/exec/control_event.h"

namespace tributary {

// Each switch removes one guard. For tests that show that the guard is needed; production has none.
struct AlignerHazards {
  bool reads_on = false;               // a channel whose barrier has come is not blocked
  bool first_barrier_counts = false;   // the other channels are not waited for
  bool ends_count_as_open = false;     // an ended channel is waited for
  bool passed_barriers_count = false;  // of a checkpoint that was aborted or left behind
};

class BarrierAligner {
 public:
  // A task without inputs has 0.
  explicit BarrierAligner(std::uint32_t channels, const AlignerHazards& hazards = {})
      : channels_(channels), hazards_(hazards) {}

  struct Step {
    // Snapshot now, then put the barrier to all outputs in one step, before anything is read.
    std::optional<Barrier> snapshot;
    // Was awaited and is given up: tell the coordinator.
    std::optional<CheckpointId> abandoned;
  };

  // In band. X901 if the channel cannot have sent it: it has ended, or is blocked.
  Result<Step> on_barrier(std::uint32_t channel, Barrier barrier);
  // In band: end of input, or the channel is closed: nothing follows. Repeated: ignored.
  Step on_end(std::uint32_t channel);
  // Orders of the coordinator, to every task. A task with open inputs only notes it: the barrier
  // comes through them, or their ends.
  Step on_trigger(Barrier barrier);
  Step on_abort(CheckpointId id);
  void on_release(CheckpointId id);

  // Do not read this channel now.
  bool blocked(std::uint32_t channel) const {
    return state_ == State::kHolding || (state_ == State::kAligning && !hazards_.reads_on &&
                                         channels_[channel] == Channel::kArrived);
  }
  // No task code runs: the barrier that holds has been answered.
  bool holding() const { return state_ == State::kHolding; }
  // Waits for barriers of this checkpoint.
  std::optional<CheckpointId> aligning() const {
    if (state_ != State::kAligning) return std::nullopt;
    return current_.id;
  }

 private:
  enum class State : std::uint8_t {
    kIdle,      // nothing is awaited
    kOrdered,   // `current_` was ordered, no barrier of it has come
    kAligning,  // `current_` has come on some open channels and not on all
    kHolding,   // `current_` was answered and holds
  };
  enum class Channel : std::uint8_t { kOpen, kArrived, kEnded };

  bool all_arrived() const;
  // The barrier of `current_` is on every open channel: that is the snapshot.
  void complete(Step& step);
  // To idle; what was awaited is reported.
  void give_up(Step& step);
  void open_again();

  std::vector<Channel> channels_;
  const AlignerHazards hazards_;
  State state_ = State::kIdle;
  Barrier current_;
  CheckpointId passed_;  // barriers up to this one have no effect any more
};

}  // namespace tributary
