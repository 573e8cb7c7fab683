// runtime/exec/task.h
// One instance of a stage: its channels, its chain of operators, its outboxes, and the source
// driver if it has one. One turn of it is one slice of about a millisecond.
//
// Owner: the slot. Thread: the slot's. Invariants (protocol rule 47): each turn begins and ends by
// flushing the outboxes, whatever waits in the chain; once nothing waits there, control events are
// taken even while outboxes are full; a task never chooses among its inputs but by round robin.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/exec/channel.h"
#include "runtime/exec/operator_chain.h"
#include "runtime/exec/outbox.h"
#include "runtime/exec/source_driver.h"
#include "runtime/exec/task_metrics.h"
#include "runtime/exec/task_report.h"
#include "runtime/exec/task_snapshots.h"

namespace tributary {

struct TaskInput {
  Channel* channel = nullptr;
  std::uint32_t operator_input = 0;  // of the head
  std::uint32_t from_slot = 0;       // who waits for the credit
};

// What a task does with the marker of a gate.
struct TaskGate {
  std::uint32_t gate = 0;
  std::uint32_t expected = 0;  // channels that must deliver it; 0: this task's source makes it
  bool passes_on = false;
  std::vector<bool> from_channel;  // by input: whether it counts
  std::uint32_t seen = 0;
};

struct TaskSink {
  graph::VertexId vertex;
  std::unique_ptr<StagedSink> sink;
};

class Task {
 public:
  struct Parts {
    TaskId id;
    std::vector<TaskInput> inputs;
    // What had come on each input when the snapshot was taken that the task starts from; none: a
    // first start.
    std::vector<OperatorTime> input_times;
    // It had nothing more to read or to say then, and stays so.
    bool finished = false;
    // By node: what Operator::restore() gets; blobs of it are read while the task is opened.
    std::vector<std::vector<checkpoint::OperatorState>> operator_states;
    std::vector<std::unique_ptr<Outbox>> outboxes;
    std::unique_ptr<OperatorChain> chain;
    std::unique_ptr<SourceDriver> source;  // null: fed by channels
    std::vector<TaskGate> gates;
    std::unique_ptr<TaskIo> io;  // null: a job without checkpoints
    std::unique_ptr<TaskState> state;
    std::vector<TaskSink> sinks;
    std::unique_ptr<TaskSnapshots> snapshots;  // null: without checkpoints
    BlobStore* blobs = nullptr;
    TaskMetrics* metrics = nullptr;
    const Clock* clock = nullptr;
    TaskListener* listener = nullptr;
  };
  explicit Task(Parts parts);

  ~Task();

  const TaskId& id() const { return parts_.id; }
  SourceDriver* source() { return parts_.source.get(); }
  // Null without checkpoints.
  TaskSnapshots* snapshots() { return parts_.snapshots.get(); }
  void on_sink_order(graph::VertexId sink, OwnershipRound round, const OwnerOrder& order);

  // Opens the operators; reports ready or failed.
  void open();
  // Records may flow from now on.
  void run();
  // One slice. Adds to `credited` the slots whose channels got credit back. True if anything was
  // done.
  bool turn(Timestamp now, std::int64_t slice_nanos, std::vector<bool>& credited);
  // Ends the task at once, without output. Idempotent.
  void cancel();
  // The job has ended well: nobody wants anything of the task any more.
  void leave();

  bool over() const { return over_; }
  // When it wants a turn although nothing arrives; max() if never.
  Timestamp next_turn() const;

 private:
  Status restore_operators();
  // What came of blocking work, of checkpoints and sinks. True if anything was done.
  bool run_services(Timestamp now);
  // Nothing is to be taken in, though there may be room.
  bool input_stopped() const;
  bool take_inputs(std::int64_t deadline, std::vector<bool>& credited);
  void on_control(std::uint32_t index, const ControlEvent& event);
  void on_marker(std::uint32_t channel, std::uint32_t marker);
  void marker_has_passed(const TaskGate& gate);
  bool run_source(Timestamp now);
  // Something could be done at once.
  bool has_more(Timestamp now) const;
  void finish_if_done();
  void fail(Error error);
  void account(Timestamp now, std::int64_t started, std::int64_t finished, bool progressed);
  bool blocked() const { return parts_.chain->blocked() || parts_.state->must_wait(); }

  Parts parts_;
  std::uint32_t next_input_ = 0;
  bool running_ = false;
  bool finished_ = false;  // nothing more to read or to say; its snapshots and sinks go on
  bool over_ = false;
  Timestamp next_service_ = Timestamp::max();
  bool started_without_inputs_ = false;
  std::int64_t last_seen_nanos_ = 0;
  enum class Waits : std::uint8_t { kForData, kForRoom, kForTurn, kInside };
  Waits waits_ = Waits::kForData;  // what it waited for when last seen
  bool flushed_since_progress_ = true;
};

}  // namespace tributary
