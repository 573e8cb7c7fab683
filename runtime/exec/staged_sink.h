// runtime/exec/staged_sink.h
// One exactly-once sink of one task: stages what its operator adds, and publishes what completed
// checkpoints hold. Carries out what SinkOwner decides: connector and blob store on the I/O pool,
// answers on the task's turn.
//
// Owner: the task. Thread: its slot's. Invariants: what was added since the last close_epoch()
// belongs to the epoch that is closed next, whenever its barrier passed; a segment that cannot be
// stored is tried again until it is, and while there are too many the input stops, never a barrier.
// After a failure nothing is staged or published any more.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/blob_store.h"
#include "checkpoint/publish/epoch_stager.h"
#include "checkpoint/publish/sink_owner.h"
#include "runtime/exec/staged_output.h"

namespace tributary {

class StagedSink final : public StagedOutput {
 public:
  struct Parts {
    SinkIdentity identity;
    OwnershipRound round;
    WriterNumber own;
    Epoch restored;
    LineageHistory history;
    std::vector<InheritedWriter> writers;  // of this task, its own with them
    std::shared_ptr<SinkConnector> connector;
    BlobStore* blobs = nullptr;                // outlives the pool's work
    std::function<std::string()> blob_prefix;  // of what is stored now
    const Clock* clock = nullptr;
    TaskIo* io = nullptr;  // gives no answer when this is gone
    PublishLimits limits;
    PublishHazards hazards{};
    std::function<void(OwnerReport)> report;  // to the sink's coordinator, with `round`
  };
  explicit StagedSink(Parts parts);

  // ---- for the operator ----
  const SinkIdentity& identity() const override { return parts_.identity; }
  WriterNumber number() const override { return parts_.own; }
  OwnershipRound round() const override { return parts_.round; }
  Status add(const StagedRecord& record) override;
  void close_epoch(Epoch epoch) override;
  void fail_epoch(Epoch epoch, Error error) override;
  void held(std::optional<Error> why) override { operator_held_ = std::move(why); }
  bool earlier_rounds_are_over() const override;
  TaskIo& io() override { return *parts_.io; }

  // ---- for the task ----
  void start();
  // Before Operator::snapshot() of the same barrier.
  void on_barrier(Epoch epoch);
  void on_order(OwnershipRound round, const OwnerOrder& order);
  // Does nothing before next_tick_nanos(), which is max() if there is nothing to wait for.
  void tick();
  std::int64_t next_tick_nanos() const;

  // The task's part of checkpoint `epoch`, once; those before it are dropped. None: not yet.
  std::optional<checkpoint::SinkSnapshot> take_snapshot(Epoch epoch);
  // The task takes no records.
  bool input_stopped() const;
  // The task fails.
  const std::optional<Error>& failure() const { return failure_; }
  // Another attempt owns the output; held() says why.
  bool stood_down() const { return owner_.stood_down(); }
  // Why output does not get on, for people: S480, or what storing, publishing or the operator's own
  // writing failed with, as long as it fails. Null: it does.
  const Error* held() const;

  // Complete and not out.
  PublishQueue::Pending pending() const { return owner_.pending(); }
  std::uint64_t unstored_bytes() const { return stager_.unstored_bytes(); }
  std::uint64_t epoch_bytes() const { return stager_.epoch_bytes(); }
  std::optional<Epoch> published_through() const { return owner_.published_through(); }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void step(const OwnerEvent& event);
  void answered(const OwnerEvent& answer);
  // Runs on the pool; its answer is an event of the owner.
  void ask(std::function<OwnerEvent()> call);
  void carry_out(Report&& report);
  void carry_out(Fence&& fence);
  void carry_out(FindMarkEnd&& find);
  void carry_out(ReadMarksOn&& read);
  void carry_out(LoadSegment&& load);
  void carry_out(Publish&& publish);
  void carry_out(DeadLetters&& letters);
  void carry_out(CloseNumber&& close);
  void carry_out(SnapshotReady&& ready);
  void carry_out(StandDown&& down);

  void store_segments();
  void stored(std::uint64_t id, const Result<checkpoint::PieceRef>& piece);
  void take_units();
  void fail(Error error);
  std::int64_t now() const { return parts_.clock->monotonic_nanos(); }

  Parts parts_;
  EpochStager stager_;
  SinkOwner owner_;
  std::int64_t owner_tick_ = 0;  // the next one, if the owner waits for time
  std::int64_t store_at_ = 0;    // not before, after a failure
  std::int64_t store_pause_ = 0;
  bool store_again_ = false;  // there is what was given back
  Epoch passed_;              // the last barrier
  Epoch closed_;
  std::optional<SnapshotReady> snapshot_;  // the newest
  std::optional<Error> failure_;
  std::optional<Error> stood_down_;
  std::map<std::size_t, Error> call_failures_;  // the last of each kind of call, by answer
  std::optional<Error> store_held_;
  std::optional<Error> operator_held_;
};

}  // namespace tributary
