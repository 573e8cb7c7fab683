// checkpoint/publish/sink_connector.h
// What a connector implements to be exactly-once: fence, published, publish. Everything else (when,
// in which order, what after a failure) is decided by the state machines of this folder.
//
// Calls block: they run on the I/O pool. One call at a time per writer number, and one of
// mark_end/published at a time. A connector may live as long as the process; it is given anew for
// every ownership round.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/publish/mark.h"
#include "checkpoint/publish/staged_segment.h"

namespace tributary {

// What a failed call means for what was to be published (rules 11 and 14).
enum class PublishFailure : std::uint8_t {
  kRetriable,       // Certainly not out; the same again after a pause.
  kAbortAndResend,  // Certainly not out, and too large or too slow: aborted, send less at once.
  kFatal,           // Unknown, or the producer is of no use: throw away, fence, read the marks.
  kFenced,          // Somebody fenced this number: a zombie until the coordinator says otherwise.
  kRefused,         // The destination will not take it, however often it is tried.
};
struct PublishError {
  PublishFailure failure;
  Error error;
};
template <typename T>
using PublishResult = std::expected<T, PublishError>;

// A place in the connector's log of marks; a connector without a log has only place 0.
struct MarkPosition {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(MarkPosition, MarkPosition) = default;
};

struct FoundMark {
  Mark mark;
  MarkPosition position;
};
using Marks = std::map<WriterNumber, FoundMark>;

struct MarksRead {
  Marks marks;           // the newest of each number, of what was read
  MarkPosition reached;  // everything before it has been read
  // Which log it is (a topic's id): another one than before has lost the marks (rule 16).
  std::string log;
};

// One external transaction: at most PublishLimits::part_bytes, or one record.
struct Part {
  WriterNumber number;
  OwnershipRound round;
  Mark mark;                          // its last record
  std::vector<StagedRecord> records;  // views into `segments`; may be none
  std::uint64_t bytes = 0;
  std::vector<std::shared_ptr<const std::string>> segments;
};

class SinkConnector {
 public:
  virtual ~SinkConnector() = default;

  // When it has returned, nobody who fenced this number before can commit anything, and what he
  // left open is aborted. kFenced only if the number belongs to a later round, or to another
  // run of this one, for good: the caller stands down.
  virtual PublishResult<void> fence(WriterNumber number, OwnershipRound round) = 0;
  // The end of the log of marks, including what is not committed yet (Kafka: the high watermark by
  // a read_uncommitted client; the end of a read_committed one is not an end: rule 2).
  virtual PublishResult<MarkPosition> mark_end() = 0;
  // Reads committed marks from `from` towards `until`. May stop short of it, where a transaction
  // is open: it will be called again.
  virtual PublishResult<MarksRead> published(MarkPosition from, MarkPosition until) = 0;
  // Records and mark become visible together, or neither. Gives the place of the mark. Gives up
  // after PublishLimits::part_nanos with kAbortAndResend.
  virtual PublishResult<MarkPosition> publish(const Part& part) = 0;
  // The number is not needed in this round any more; producers of it may go.
  virtual void close(WriterNumber number) = 0;
};

}  // namespace tributary
