// checkpoint/publish/sink_owner.h
// Decides, for one task of a sink in one ownership round, what is fenced, read and published: its
// own writer number and the numbers it inherits (rules 2, 3, 6 to 11, 14). Without I/O:
// step(event, now) -> actions.
//
// Wiring, all on the thread that runs the sink's task (control turns), connector and blob calls on
// the I/O pool, their answers posted back:
//   1. Restore: plan_sink_owners() (sink_restore.h) says which numbers and units a task gets; make
//      an EpochStager for its own number and a SinkOwner, step(Started).
//   2. Records: EpochStager::add, tick; take_segments -> BlobStore -> stored. wants_checkpoint ->
//      report AskCheckpoint. input_stopped() stops the task's input, never its barriers.
//   3. Barrier n: EpochStager::close(n), step(BarrierPassed{n}). Whenever take_unit() gives a unit:
//      step(UnitStaged). SnapshotReady{n} is the task's part of checkpoint n.
//   4. Orders of the coordinator's part (sink_coordinator.h): step(Order).
//   5. Actions: Report goes to the coordinator with this round; Fence ... Publish go to the
//      connector, LoadSegment to the blob store, each answered by the event of the same call.
//      StandDown: this process is a zombie; it stops publishing for good.
//   6. step(Tick) about every PublishLimits::pause_nanos while waits_for_time().
// A new round (rollback in place, rescale, restart) is a new SinkOwner from the checkpoint it
// starts from; answers to the old one are dropped by whoever wires it, publishing goes on after a
// fence.
//
// Invariants: no fence without a lease younger than lease_nanos; nothing is published before the
// marks were read after all were fenced; nothing beyond min(completed, gate); after an unknown
// outcome the number is fenced and its mark read before anything is sent again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checkpoint/publish/publish_queue.h"
#include "checkpoint/publish/sink_messages.h"

namespace tributary {

// ---- what happened ----
struct Started {};
struct Tick {};
struct BarrierPassed {
  Epoch epoch;
};
struct UnitStaged {
  checkpoint::StagedUnit unit;  // without segments: an empty epoch
};
struct Order {
  OwnershipRound round;
  OwnerOrder order;
};
// Answers carry the call they answer.
struct CallId {
  std::uint64_t value = 0;
  friend bool operator==(CallId, CallId) = default;
};
struct FenceAnswer {
  WriterNumber number;
  CallId call;
  PublishResult<void> result;
};
struct MarkEndAnswer {
  CallId call;
  PublishResult<MarkPosition> result;
};
struct MarksAnswer {
  CallId call;
  PublishResult<MarksRead> result;
};
struct SegmentAnswer {
  WriterNumber number;
  CallId call;
  Result<std::string> result;
};
struct PublishAnswer {
  WriterNumber number;
  CallId call;
  PublishResult<MarkPosition> result;
};
using OwnerEvent = std::variant<Started, Tick, BarrierPassed, UnitStaged, Order, FenceAnswer,
                                MarkEndAnswer, MarksAnswer, SegmentAnswer, PublishAnswer>;

// ---- what to do ----
struct Report {
  OwnerReport report;
};
struct Fence {
  WriterNumber number;
  CallId call;
};
struct FindMarkEnd {
  CallId call;
};
struct ReadMarksOn {
  MarkPosition from;
  MarkPosition until;
  CallId call;
};
struct LoadSegment {
  WriterNumber number;
  checkpoint::PieceRef piece;
  CallId call;
};
struct Publish {
  Part part;
  CallId call;
};
// Stage these records in the dead-letter sink, now, before the next barrier (rule 14).
struct DeadLetters {
  Part part;
  Epoch epoch;
};
struct CloseNumber {
  WriterNumber number;
};
struct SnapshotReady {
  Epoch epoch;
  checkpoint::SinkSnapshot snapshot;
};
struct StandDown {
  std::string reason;
};
using OwnerAction = std::variant<Report, Fence, FindMarkEnd, ReadMarksOn, LoadSegment, Publish,
                                 DeadLetters, CloseNumber, SnapshotReady, StandDown>;

struct InheritedWriter {
  WriterNumber number;
  std::vector<checkpoint::StagedUnit> units;
  std::optional<Mark> confirmed;
  MarkPosition mark_position;
};

class SinkOwner {
 public:
  struct Settings {
    std::string sink;
    Hash128 uid;
    WriterNumber own;
    OwnershipRound round;
    Epoch restored;  // the checkpoint that the round starts from
    PublishLimits limits;
    PublishHazards hazards;
  };
  // `writers` has the own number and all that are inherited, also those without units.
  SinkOwner(Settings settings, LineageHistory history, std::vector<InheritedWriter> writers);
  SinkOwner(const SinkOwner&) = delete;
  SinkOwner& operator=(const SinkOwner&) = delete;

  std::vector<OwnerAction> step(const OwnerEvent& event, std::int64_t now_nanos);

  // Complete epochs that are not out are over the limit, or a number is blocked (rules 9 and 14).
  bool input_stopped() const;
  bool stood_down() const { return stood_down_; }
  // Something is tried or said again after a while. Else only an event can change anything.
  bool waits_for_time() const;
  PublishQueue::Pending pending() const;
  std::optional<Epoch> published_through() const { return published_through_; }

 private:
  enum class Phase : std::uint8_t {
    kToBeFenced,  // waits for a lease
    kFencing,
    kFenced,  // waits for its mark
    kReady,
    kLoading,
    kPublishing,
    kPausing,   // until `pause_until`, then `after_pause`
    kBlocked,   // refused: waits for a verb
    kSkipping,  // its dead letters are staged
    kClosed,
  };
  struct Number {
    WriterNumber number;
    bool inherited = false;
    PublishQueue queue;
    Phase phase = Phase::kToBeFenced;
    CallId call;
    Phase after_pause = Phase::kToBeFenced;
    std::int64_t pause_until = 0;
    std::int64_t pause = 0;  // the next one's length; doubles
    std::uint64_t part_bytes = 0;
    std::uint32_t loads_failed = 0;
    std::int64_t sent_at = 0;
    bool skipping = false;
    std::optional<SinkBlocked> blocked;
    std::optional<std::int64_t> blocked_said;  // when
  };
  // Reads marks for the coordinator, or for numbers that were fenced anew.
  struct Reading {
    bool for_all = false;
    std::vector<WriterNumber> numbers;  // fenced before it began
    CallId call;
    bool waiting = false;  // for the connector
    std::int64_t again_at = 0;
    std::int64_t give_up = 0;
    std::optional<MarkPosition> until;
    MarksRead read;
  };
  using Actions = std::vector<OwnerAction>;

  void on(const Started&, std::int64_t now, Actions& actions);
  void on(const Tick&, std::int64_t now, Actions& actions);
  void on(const BarrierPassed&, std::int64_t now, Actions& actions);
  void on(const UnitStaged&, std::int64_t now, Actions& actions);
  void on(const Order&, std::int64_t now, Actions& actions);
  void on(const FenceAnswer&, std::int64_t now, Actions& actions);
  void on(const MarkEndAnswer&, std::int64_t now, Actions& actions);
  void on(const MarksAnswer&, std::int64_t now, Actions& actions);
  void on(const SegmentAnswer&, std::int64_t now, Actions& actions);
  void on(const PublishAnswer&, std::int64_t now, Actions& actions);
  void on_order(const LeaseAnswer&, std::int64_t now, Actions& actions);
  void on_order(const ReadMarks&, std::int64_t now, Actions& actions);
  void on_order(const MarksKnown&, std::int64_t now, Actions& actions);
  void on_order(const PublishOrder&, std::int64_t now, Actions& actions);
  void on_order(const RetryBlocked&, std::int64_t now, Actions& actions);
  void on_order(const SkipEpoch&, std::int64_t now, Actions& actions);

  void drive(std::int64_t now, Actions& actions);
  void drive_number(Number& number, std::int64_t now, Actions& actions);
  void compose(Number& number, std::int64_t now, Actions& actions);
  void drive_reading(std::int64_t now, Actions& actions);
  void start_reading(bool for_all, Actions& actions);
  void read_on(Actions& actions);
  void read_failed(const PublishError& error, std::int64_t now, Actions& actions);
  void finish_reading(Actions& actions);
  void take_mark(Number& number, const MarksRead& read, Actions& actions);
  void failed(Number& number, const PublishError& error, bool publishing, std::int64_t now);
  void pause(Number& number, Phase then, std::int64_t now);
  void report_progress(bool again, Actions& actions);
  void stand_down(std::string reason, Actions& actions);
  void fail_job(Error error, Actions& actions);
  bool all_fenced() const;
  // True if there is one that is young enough; else it is asked for.
  bool has_lease(std::int64_t now, Actions& actions);
  // What may get lost is said at once and then every resend_nanos; sets `last` if it is due.
  bool is_due(std::optional<std::int64_t>& last, std::int64_t now) const;
  Epoch limit() const;
  Number* find(WriterNumber number);
  // Null unless `call` is what the number waits for.
  Number* answered(WriterNumber number, CallId call, Phase phase);
  CallId new_call() { return {++last_call_}; }

  const Settings settings_;
  const LineageHistory history_;
  std::vector<Number> numbers_;  // ascending
  Epoch completed_;
  std::optional<Epoch> gate_;  // none: no order yet
  std::optional<Epoch> published_through_;
  bool marks_known_ = false;
  bool failed_ = false;
  bool stood_down_ = false;
  std::optional<std::int64_t> lease_asked_;  // when the lease that we hold was asked for
  std::optional<std::int64_t> asked_at_;
  std::int64_t lease_not_before_ = 0;
  std::optional<std::int64_t> said_fenced_;  // when
  std::optional<Reading> reading_;
  bool read_for_all_ = false;  // asked by the coordinator
  MarkPosition marks_from_;
  std::uint64_t last_call_ = 0;
};

}  // namespace tributary
