// runtime/exec/operator.h
// The operator contract: what the engine calls, what each call may do, and what each answer means.
// One page for people: docs/operator-contract.md.
//
// Thread: all calls of one operator come from its slot's thread, one at a time. An operator never
// blocks, never chooses among its inputs, and never touches another operator. A call that returns
// "not done" is made again, when the output has room, before the operator sees anything newer;
// meanwhile the operator keeps its own cursor.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/timestamp.h"
#include "checkpoint/checkpoint_id.h"
#include "runtime/exec/batch.h"

namespace tributary {

class KeyedState;    // checkpoint/keyed_state.h
class StagedOutput;  // runtime/exec/staged_output.h

// Whether a resumable call has finished.
enum class Progress : std::uint8_t {
  kDone,
  kAgain,  // the output is full, the slice is over, or (without output) something outside is
           // awaited: call again
};

// Where an operator puts its results. Port 0 is the main output, port i + 1 the side output i.
// A batch given to emit() is handed to the next operator of the stage at once, by a call.
class Output {
 public:
  virtual ~Output() = default;

  // An empty batch to fill and emit.
  virtual BatchPtr take(const TypeInfo& type) = 0;
  // Hands the batch on; an empty one is dropped. May be called when full (a soft limit), but a call
  // that goes on emitting after should_yield() makes the stage overshoot, which is counted.
  virtual void emit(std::uint32_t port, BatchPtr batch) = 0;
  // True when the downstream has no room or the slice (1 ms) is over: return kAgain, or what was
  // consumed so far. Costs a clock reading: ask once in 64 records, and after each emit.
  virtual bool should_yield() = 0;
  // False if nobody listens at this port: the result need not be made.
  virtual bool connected(std::uint32_t port) const = 0;
};

// What an operator gets when it opens. Lives as long as the operator.
class OperatorContext {
 public:
  virtual ~OperatorContext() = default;

  virtual std::string_view job_name() const = 0;
  virtual std::string_view operator_name() const = 0;
  virtual std::uint32_t task_index() const = 0;
  virtual std::uint32_t parallelism() const = 0;
  virtual std::uint32_t key_group_count() const = 0;
  virtual const Clock& clock() const = 0;
  // The keyed state of this operator in this task; made at the first call.
  virtual KeyedState& keyed_state() = 0;
  // Of an exactly-once sink, in a job with checkpoints; else null: what is written is out at once.
  virtual StagedOutput* staged_output() { return nullptr; }
  // The event-time clock: the watermark that was passed last, Timestamp::min() before the first.
  virtual Timestamp watermark() const = 0;
  // Asks for on_processing_time() at or after `at` (processing time). One pending request; the
  // earliest wins.
  virtual void wake_at(Timestamp at) = 0;
  // Asks for run_background() slices until it says kDone.
  virtual void request_background() = 0;
  // Counts for metrics, e.g. count("late_records", 1). Names are declared label values, never user
  // text.
  virtual void count(std::string_view counter, std::int64_t n) = 0;
  virtual BatchPool& pool() = 0;
};

// Thrown by kernels that run user code: which record of the batch failed, and how. The engine turns
// it into the job's failure, which names job, operator and record.
struct RecordFailure {
  std::uint32_t record = 0;
  std::exception_ptr cause;
};

// Thrown by operators of the engine that meet an expected failure where they cannot return one: a
// sink in process().
struct OperatorFailure {
  Error error;
};

// What an operator is at a barrier, besides its keyed state.
struct OperatorSnapshot {
  std::string bytes;  // its own business; empty: nothing
  // By name, the hash of each broadcast state, which must be the same in every task (rule 43).
  std::vector<std::pair<std::string, Hash128>> broadcast;
};

class Operator {
 public:
  virtual ~Operator() = default;

  // Called once, before anything else. State handles are made here.
  virtual Status open(OperatorContext& context) {
    (void)context;
    return {};
  }
  // Called once, after open() of all operators of the task, when keyed state is what it was at the
  // barrier. `states` are the bytes of snapshot() of all tasks that this operator had then, by
  // their number; none at a first start, or if the operator is new.
  virtual Status restore(std::span<const std::string> states) {
    (void)states;
    return {};
  }
  // A barrier: what it must find again, besides keyed state. Nothing waits in front of the operator
  // or in it, nor is there background work. What was emitted or written so far belongs to epoch
  // `id`. Also after close(): of a finished task.
  virtual OperatorSnapshot snapshot(CheckpointId id) {
    (void)id;
    return {};
  }

  // Consumes records [from, batch->size()) of input `input`, in order, and returns the index of the
  // first record it did not consume: batch->size() when all are done. An operator that consumes
  // nothing although there is room waits for something outside: it must have asked for wake_at().
  // It may take `batch` (leave it null) and emit it changed in place instead of copying; then all
  // of it is consumed.
  virtual std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                                Output& out) = 0;

  // Event time has reached `watermark` on all inputs. Fire what is due, in order. The watermark
  // goes downstream only after kDone.
  virtual Progress on_watermark(Timestamp watermark, Output& out) {
    (void)watermark, (void)out;
    return Progress::kDone;
  }
  // Processing time has reached the instant asked for with wake_at().
  virtual Progress on_processing_time(Timestamp now, Output& out) {
    (void)now, (void)out;
    return Progress::kDone;
  }
  // All inputs have ended. If they were read to their end, the watermark +inf has been handled;
  // after a stop event time stays where it is. Last results go out here: pending processing-time
  // timers fire once, in order.
  virtual Progress on_end(Output& out) {
    (void)out;
    return Progress::kDone;
  }
  // One slice of work that yields to live input (wake-ups of keys). Called between batches after
  // request_background(), until kDone.
  virtual Progress run_background(Output& out) {
    (void)out;
    return Progress::kDone;
  }
  // Sinks: make what was written visible to readers, at least as far as the operating system.
  // Called when the task is idle, at the end of input, and at a clean stop.
  virtual Status flush() { return {}; }
  // Called once, last, also after a failure (then `clean` is false). No output.
  virtual Status close(bool clean) {
    (void)clean;
    return {};
  }
};

}  // namespace tributary
