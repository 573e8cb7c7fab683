// runtime/exec/operator_chain.h
// The fused operators of one stage in one task: batches pass from one to the next by a call,
// without queue or codec. What an operator did not consume (its output was full, the slice was
// over) waits in front of it, in order.
//
// Owner: the task. Thread: its slot's. Invariants: an operator sees its inputs' items in order;
// nothing newer is given to an operator that has not finished something older; a watermark goes on
// only when all it made due has fired.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/keyed_state.h"
#include "runtime/exec/input_status.h"
#include "runtime/exec/operator.h"
#include "runtime/exec/outbox.h"
#include "runtime/exec/task_metrics.h"

namespace tributary {

// What all operators of a task share.
struct ChainEnvironment {
  std::string job_name;
  std::uint32_t task_index = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t key_group_count = 1024;
  const Clock* clock = nullptr;
  BatchPool* pool = nullptr;
  // Of the operator of this name; lives as long as the chain.
  std::function<Result<KeyedState*>(const std::string& operator_name)> keyed_state;
  // Told when all operators have passed a watermark: what state expires by. May be null.
  std::function<void(Timestamp)> event_time_passed;
};

// Where a port leads: an operator of the same chain, or an outbox.
struct ChainTarget {
  static constexpr std::uint32_t kOutbox = ~std::uint32_t{0};
  std::uint32_t node = kOutbox;
  std::uint32_t input = 0;   // of the node's operator
  std::uint32_t status = 0;  // which of the node's control inputs this edge is
  Outbox* outbox = nullptr;  // when node is kOutbox
};

struct ChainNodeSpec {
  std::string name;
  std::uint32_t control_inputs = 0;  // channels or edges whose watermark and end it waits for
  std::unique_ptr<Operator> op;      // null for the source's node
  std::vector<std::vector<ChainTarget>> ports;  // by port
  OperatorMetrics* metrics = nullptr;
  StagedOutput* staged = nullptr;  // of an exactly-once sink
  // Where it stood, and what had come on its control inputs, when the snapshot was taken that the
  // task starts from; no inputs: a first start.
  OperatorTime time;
  std::vector<OperatorTime> input_times;
};

class OperatorChain {
 public:
  // Nodes in topological order: a target's node index is greater than its sender's.
  OperatorChain(ChainEnvironment environment, std::vector<ChainNodeSpec> nodes,
                std::vector<Outbox*> outboxes);
  ~OperatorChain();

  Status open();
  // After open(), when keyed state is there. `states[node]`: of Operator::restore().
  Status restore(std::span<const std::vector<std::string>> states);
  // Of the operator of node `node`; at_rest() only.
  OperatorSnapshot snapshot(std::uint32_t node, CheckpointId id);
  // What the node has told those behind it.
  const OperatorTime& time(std::uint32_t node) const;
  std::uint32_t node_count() const { return static_cast<std::uint32_t>(nodes_.size()); }
  const std::string& name(std::uint32_t node) const;
  // Closes every operator, also after a failure; the first error.
  Status close(bool clean);
  Status flush();

  // A batch into input `input` of the operator of node `node`.
  void deliver(std::uint32_t node, std::uint32_t input, BatchPtr batch);
  // A control event from the node's control input `status`.
  void deliver_control(std::uint32_t node, std::uint32_t status, const ControlEvent& event);
  // What the source's node (index 0) emits.
  Output& output(std::uint32_t node);
  OperatorContext& context(std::uint32_t node);
  // Puts a control event of the source on all its ports.
  void source_control(const ControlEvent& event);

  // A slice begins at processing time `now`: operators should yield at `deadline_nanos`
  // (monotonic).
  void begin_slice(std::int64_t deadline_nanos, Timestamp now) {
    slice_deadline_ = deadline_nanos;
    now_ = now;
  }
  // Goes on with what waits, the most downstream first. True if anything was done; false also if
  // the operator in front waits for something outside: then next_wake() says when to ask again.
  bool resume();
  // Fires processing-time requests that are due, behind whatever waits. True if anything was done.
  bool run_timers(Timestamp now);
  // One slice of background work (woken keys). True if there was any.
  bool run_background();
  bool has_background() const;

  // Nothing waits in front of any operator.
  bool drained() const { return pending_ == 0; }
  // Nor is there background work: a barrier may be taken.
  bool at_rest() const { return drained() && !has_background(); }
  // The downstream has no room: an outbox is over its soft limit.
  bool blocked() const;
  // When resume() or run_timers() have something to do again, given room: the earliest
  // processing-time request behind whatever waits; min() if what waits can go on now; max() if
  // never.
  Timestamp next_wake() const;
  // All nodes have ended.
  bool ended() const { return ended_nodes_ == nodes_.size(); }
  Timestamp watermark() const;

  // The first failure; once set, nothing runs any more.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  struct Node;
  struct Item;

  void run_item(Node& node, Item item);
  void run_batch(Node& node, Item item);
  void run_control(Node& node, Item item);
  void forward(Node& node, const ControlEvent& event);
  // Keeps an item in front of the operator, to go on with later.
  void hold(Node& node, Item item, bool in_front);
  bool slice_is_over();
  // Something waits in front of an operator after node `index`.
  bool waits_after(std::uint32_t index) const;
  // Nodes from here on have nothing waiting at or behind them.
  std::size_t first_free() const;
  void fail(Node& node, const Batch* batch, std::uint32_t record, std::exception_ptr cause);
  template <typename Call>
  auto guarded(Node& node, Call call) -> decltype(call());

  ChainEnvironment environment_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Outbox*> outboxes_;
  std::size_t pending_ = 0;  // items that wait, over all nodes
  std::size_t ended_nodes_ = 0;
  std::int64_t slice_deadline_ = 0;
  std::int64_t last_clock_reading_ = 0;  // for should_yield()
  std::int64_t questions_skipped_ = 0;   // that share that reading with the next one
  std::int64_t questions_to_skip_ = 0;   // of them, not asked yet
  Timestamp now_{};
  // The last resume() met an operator that waits for something outside; when to ask it again.
  std::optional<Timestamp> stalled_until_;
  std::size_t next_background_ = 0;  // round robin
  std::optional<Error> failure_;
};

}  // namespace tributary
