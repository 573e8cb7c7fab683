// runtime/exec/task_snapshots.h
// One task's part in checkpoints: which inputs wait for a barrier, what the task was at it, and the
// answer, once all of that is stored.
//
// Owner: the task. Thread: its slot's. Invariants: a barrier is taken when nothing waits in the
// chain and no key is left to be woken, so that what was emitted before it is the whole of its
// epoch; it goes to all outputs in one step, before anything else is read; the task goes on at
// once, and what is frozen is encoded in slices (rules 24, 26, 37).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/exec/barrier_aligner.h"
#include "runtime/exec/operator_chain.h"
#include "runtime/exec/source_driver.h"
#include "runtime/exec/staged_sink.h"
#include "runtime/exec/task_report.h"
#include "runtime/exec/task_state.h"

namespace tributary {

// To every task of the job: those without open inputs begin; the others hear it in band.
struct CheckpointOrder {
  Barrier barrier;
  // The last checkpoint that the control plane holds the answers of: a task that is as it was then
  // may say just that; 0: none.
  CheckpointId base;
  // Event time goes to its end first.
  bool drain = false;
};

class TaskSnapshots {
 public:
  struct Parts {
    TaskId id;
    std::uint32_t parallelism = 1;  // of the stage
    std::uint32_t channels = 0;
    std::vector<std::uint32_t> ended_channels;  // since before the snapshot that it starts from
    OperatorChain* chain = nullptr;
    SourceDriver* source = nullptr;  // may be null
    TaskState* state = nullptr;
    std::vector<StagedSink*> sinks;
    std::vector<Outbox*> outboxes;
    TaskIo* io = nullptr;
    BlobStore* blobs = nullptr;
    std::function<std::string()> blob_prefix;
    TaskListener* listener = nullptr;
    // Of the last barrier, or of the checkpoint that the task starts from: names of blobs begin
    // with it.
    std::shared_ptr<CheckpointId> newest;
    AlignerHazards hazards{};
  };
  explicit TaskSnapshots(Parts parts);

  // ---- what comes ----
  Status on_barrier(std::uint32_t channel, Barrier barrier);
  void on_end(std::uint32_t channel);
  void on_order(const CheckpointOrder& order);
  void on_abort(CheckpointId id);
  void on_completed(CheckpointId id);

  // ---- the task's turn ----
  // Do not read this channel.
  bool blocks(std::uint32_t channel) const { return due_ || aligner_.blocked(channel); }
  // Read nothing and let the chain come to rest: a barrier is due, or one holds.
  bool stops_source() const { return due_ || aligner_.holding(); }
  bool is_due() const { return due_.has_value(); }
  // Takes a barrier that is due if the chain is at rest; goes on with what is frozen and not
  // stored yet, and answers. True if anything was done; an error fails the task.
  Result<bool> run();
  // Wants a turn at once.
  bool has_work() const {
    return (due_ && parts_.chain->at_rest()) || (pending_ && !pending_->swept);
  }

 private:
  struct Pending {
    CheckpointId id;
    bool swept = false;
    std::uint32_t blobs_awaited = 0;
    std::optional<Error> error;
    checkpoint::TaskSnapshot snapshot;
  };
  void obey(const BarrierAligner::Step& step);
  Status take(Barrier barrier);
  void take_operators(CheckpointId id, checkpoint::TaskSnapshot& snapshot);
  void store(std::size_t operator_state, std::string bytes);
  bool advance();
  void answer();
  void decline(CheckpointId id, Error error);

  const Parts parts_;
  BarrierAligner aligner_;
  std::optional<Barrier> due_;
  std::shared_ptr<Pending> pending_;      // shared with the blobs under way
  std::optional<CheckpointOrder> order_;  // the newest

  // The last answer, and the one that is part of a completed checkpoint.
  struct Answered {
    CheckpointId id;
    std::string bytes;
  };
  Answered last_;
  Answered completed_;
};

}  // namespace tributary
