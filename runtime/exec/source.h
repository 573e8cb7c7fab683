// runtime/exec/source.h
// The source contract: a lister says which splits exist, a reader reads the splits that its task
// was given.
//
// The control plane decides who reads what (runtime/cluster/split_assigner.h); listing runs at
// its order on its own thread, once per source and generation. Reader calls come from the slot's
// thread and never block for long: a slice aims at 1 ms.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/timestamp.h"
#include "runtime/exec/operator.h"

namespace tributary {

// One independent, ordered part of a source: a partition, a file, a range of numbers.
struct Split {
  std::string id;  // unique in its source, stable over restarts ("cost.charges/part-0.jsonl")
  std::int64_t position = 0;  // where to start: an offset that the reader understands
  std::int64_t end = -1;      // the end offset at listing time, -1 unknown
  std::int64_t weight = 0;    // bytes if known, for the assignment
  // After a restore: the highest event time that was read of it; the least instant if none was.
  Timestamp highest = Timestamp::min();
  // What the connector wants to find again, besides the position.
  std::string detail;
};

class SplitLister {
 public:
  virtual ~SplitLister() = default;
  // Before the first list(): ids of the splits that earlier attempts of the job were given.
  virtual void recall(const std::vector<std::string>& /*known*/) {}
  // All splits that exist now, sorted by id.
  virtual Result<std::vector<Split>> list() = 0;
  // How often to list again; zero = once (the source is bounded).
  virtual Duration interval() const { return {}; }
};

enum class ReadState : std::uint8_t {
  kMore,  // there is more to read now
  kIdle,  // nothing now; ask again after a while
  kEnd,   // all splits given so far are at their end and will not grow
};

struct ReadResult {
  ReadState state = ReadState::kIdle;
  // kIdle: when to ask again (processing time).
  Timestamp retry_at{};
};

// What a reader does with a record it cannot decode.
enum class BadRecordPolicy : std::uint8_t { kUnset, kFail, kSkip, kDeadLetter };

// A record that cannot be decoded.
struct BadRecord {
  std::int64_t offset = 0;
  std::int64_t line = 0;    // from 1; 0 unknown
  std::string_view reason;  // an upper-case name
  std::string field;        // path of the field that is wrong; empty: the record as a whole
  std::string value;        // what stands there, as far as it is known
  std::string message;
  std::string_view raw;  // its bytes; valid during the call
};

// What a reader gives its records to. One batch holds records of one split.
class SourceOutput : public Output {
 public:
  // Hands on a batch whose records all come from split `split` (index in the order of add_split).
  // Event times, if the author named a field, are set by the engine afterwards.
  virtual void emit_from(std::uint32_t split, BatchPtr batch) = 0;
  // A record that cannot be decoded: dealt with by the source's policy. kFail makes this an error
  // to return from read(); kSkip counts it; kDeadLetter emits a DeadLetter
  // (runtime/exec/dead_letter.h) at port 1 of the source.
  virtual Status bad_record(std::uint32_t split, const BadRecord& record) = 0;
};

class SourceReader {
 public:
  virtual ~SourceReader() = default;

  virtual Status open(OperatorContext& context) {
    (void)context;
    return {};
  }
  virtual Status add_split(const Split& split) = 0;
  // No split will be added any more (a bounded source whose listing is done).
  virtual void no_more_splits() = 0;
  // Reads at most about one batch and emits it.
  virtual Result<ReadResult> read(SourceOutput& out) = 0;
  // True when every split given has been read to the end it had when it was listed (the gate
  // after(caught_up())).
  virtual bool caught_up() const = 0;
  // The position after the last record that was emitted, by split in the order of add_split.
  virtual std::vector<Split> positions() const = 0;
  // Records or bytes between position and end as far as known; -1 unknown. For lag.
  virtual std::int64_t backlog() const { return -1; }
  virtual void close() {}
};

}  // namespace tributary
