// runtime/exec/staged_output.h
// What the operator of an exactly-once sink sees of the machinery that stages and publishes its
// output (checkpoint/publish/): it adds records in their final form, and closes epochs.
//
// Thread: the task's slot. Implemented by StagedSink (staged_sink.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/publish/lineage.h"
#include "checkpoint/publish/staged_segment.h"
#include "runtime/exec/task_io.h"

namespace tributary {

// Whose output it is. The connector of a sink is made for it, anew in every attempt.
struct SinkIdentity {
  Hash128 uid;  // of the job
  std::string sink;
  std::uint32_t numbers = 1;  // W: the writer numbers that the sink ever had (rule 7)
};

class StagedOutput {
 public:
  virtual ~StagedOutput() = default;

  virtual const SinkIdentity& identity() const = 0;
  virtual WriterNumber number() const = 0;
  virtual OwnershipRound round() const = 0;

  // Belongs to the epoch that close_epoch() closes next. D102 if the record is over a limit: not
  // staged.
  virtual Status add(const StagedRecord& record) = 0;
  // Once for each barrier that Operator::snapshot() tells of, in order; then or later: the
  // checkpoint waits for it.
  virtual void close_epoch(Epoch epoch) = 0;
  // It cannot be closed: the checkpoint of `epoch` fails, and the task with it.
  virtual void fail_epoch(Epoch epoch, Error error) = 0;
  // Why the operator takes no records at present, for people; none: it does. An operator that waits
  // asks for wake_at() and consumes nothing (Operator::process).
  virtual void held(std::optional<Error> why) = 0;
  // What earlier rounds left of temporary things may go: whatever they staged is out or will never
  // be, and no checkpoint or savepoint names what is not out.
  virtual bool earlier_rounds_are_over() const = 0;
  // For blocking work of the sink.
  virtual TaskIo& io() = 0;
};

}  // namespace tributary
