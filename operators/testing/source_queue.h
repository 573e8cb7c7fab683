// operators/testing/source_queue.h
// What a test pushes to one source, and the reader that hands it to the engine in place of the
// job's own reader.
//
// Decides: which split a record goes to, how large batches are, and the watermark: not the driver's
// rule batch by batch, but what the test (or the end of a step) declares, sent in the queue behind
// the records that it is about. A declared watermark travels as a record of its own, which the
// stamp (one operator behind the source) takes out again. Owner: the TestRun. Thread: the test's
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/timestamp.h"
#include "base/type_info.h"
#include "runtime/exec/operator.h"
#include "runtime/exec/source.h"

namespace tributary::testing {

struct QueueItem {
  enum class Kind : std::uint8_t { kRecord, kWatermark, kBadRecord };
  Kind kind = Kind::kRecord;
  const void* record = nullptr;  // lives as long as the JobTest
  Timestamp time{};              // event time of the record, or the watermark
  std::int64_t number = 0;       // which push to this source it was: the offset of its dead letter
  std::string reason{};          // bad record
  std::string raw{};
};

class SourceQueue {
 public:
  struct Options {
    std::uint32_t splits = 1;
    std::uint32_t batch_records = 64;  // at most, in one batch
    bool vary_batches = false;         // each batch draws its size by the seed
    Duration idle_after{};             // the source's
    std::uint64_t seed = 0;
  };
  SourceQueue(const TypeInfo& type, Options options);

  const TypeInfo& type() const { return type_; }

  void push(QueueItem item);
  // Into every split, behind all that was pushed.
  void declare_watermark(Timestamp watermark);
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

  // ---- for the program that runs ----
  std::unique_ptr<SplitLister> make_lister();
  std::unique_ptr<SourceReader> make_reader();
  // Sets the event times of records as they were pushed and drops the watermarks' records.
  std::unique_ptr<Operator> make_stamp();
  // What the source driver takes for event times, so that its watermark is the declared one.
  void stamp_for_driver(Batch& batch) const;

 private:
  friend class QueueLister;
  friend class QueueReader;
  friend class StampOperator;

  std::uint32_t draw_batch_size();

  const TypeInfo& type_;
  const Options options_;
  Random random_;
  bool ended_ = false;
  std::vector<QueueItem> items_;
  std::vector<std::vector<std::uint32_t>> splits_;  // indices of items
};

}  // namespace tributary::testing
