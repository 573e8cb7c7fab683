// runtime/exec/task_state.h
// The keyed state of one task: its tiered store, what it is restored from, and the way of its
// deltas and bases to the blob store.
//
// Owner: the task. Thread: its slot's; blocking work goes through TaskIo, but for a restore, which
// blocks while the task is opened. Invariant: what a checkpoint will name is durable before
// take_snapshot() gives it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/tiered_store.h"
#include "runtime/exec/snapshot_services.h"
#include "runtime/exec/task_io.h"

namespace tributary {

class TaskState final : private DeltaSink {
 public:
  struct Parts {
    std::uint32_t key_group_count = kKeyGroupCountDefault;
    GroupRange groups;
    const Clock* clock = nullptr;
    // Null: state is in memory alone, and there are no snapshots.
    const SnapshotServices* services = nullptr;
    TaskIo* io = nullptr;  // with services
    std::function<void()> wake;
    std::string folder;            // of this task, below the services' work folder
    std::size_t memory_bytes = 0;  // of this task
    // Names of blobs begin with it.
    std::function<std::string()> blob_prefix;
    // Of the tasks that had the stage's operators; cut to `groups` here. Outlives this object.
    const std::vector<checkpoint::StateSnapshot>* restored = nullptr;
  };
  explicit TaskState(Parts parts);
  ~TaskState() override;

  // While operators open: the store is made at the first call, and what was restored is read;
  // blocks.
  Result<KeyedState*> of_operator(const std::string& name);
  // After all operators have opened; blocks.
  Status finish_open();

  bool exists() const { return store_ != nullptr; }
  // Of the last watermark that the task has passed.
  void advance_event_time(Timestamp to);
  // Between two turns: true if there is more to do.
  bool maintain();
  // The task is to take no records.
  bool must_wait() const { return store_ != nullptr && store_->must_wait(); }
  Status status() const;
  std::size_t bytes() const { return store_ == nullptr ? 0 : store_->bytes(); }

  // A barrier. What an older one has not encoded yet is encoded now.
  Status freeze();
  // Encodes a slice of what is frozen. True if that was all.
  bool sweep();
  bool sweeping() const { return store_ != nullptr && store_->sweeping(); }
  // Once all of the last freeze is stored. Without a store: empty.
  std::optional<checkpoint::StateSnapshot> snapshot() const;
  // The last freeze cannot become a snapshot: what could not be stored. Its bytes are kept, and
  // stored with the next one (rule 26).
  const std::optional<Error>& upload_error() const { return upload_error_; }

  // The last snapshot is part of a completed checkpoint: time to think of a new base.
  void completed();

 private:
  void add(const DeltaChunk& chunk) override;
  void upload(std::size_t chunks);
  void upload_all();

  const Parts parts_;
  std::unique_ptr<TieredStore> store_;
  std::deque<DeltaChunk> waiting_;  // in the order in which they came
  std::size_t waiting_bytes_ = 0;
  std::optional<Error> upload_error_;
  std::uint64_t folds_ = 0;
  bool folding_ = false;
};

}  // namespace tributary
