// operators/testing/test_source.h
// A source of a job under test: what the test pushes takes the place of what the connector would
// read. The job's event time, gate, rate limit, idleness and treatment of bad records stay.
//
// A value that refers to its JobTest.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "operators/testing/job_test_core.h"

namespace tributary::testing {

template <typename T>
class TestSource {
 public:
  TestSource(JobTestCore& core, std::uint32_t source) : core_(&core), source_(source) {}

  // Copied with all that it refers to; read at the next step. What is pushed before the first step
  // is "there when the job started" for .after(source.caught_up()).
  void push(const T& record) { core_->push(source_, &record, std::nullopt); }
  void push_all(std::span<const T> records) {
    for (const T& record : records) push(record);
  }
  void push_all(std::initializer_list<T> records) {
    push_all(std::span<const T>(records.begin(), records.size()));
  }
  // With this event time instead of the one that the job reads from the record.
  void push_at(Timestamp event_time, const T& record) { core_->push(source_, &record, event_time); }
  // What could not be decoded: `reason` as in a dead letter ("MALFORMED_JSON"), `raw` the bytes.
  void bad_record(std::string_view reason, std::string_view raw) {
    core_->push_bad(source_, reason, raw);
  }

  // A step. This source's event time has reached `watermark`. Until the first call the job's
  // bounded_lateness decides, at the end of each step; from then on the test alone.
  void watermark(Timestamp watermark) { core_->watermark(source_, watermark); }
  // A step. Nothing has come for so long that the source no longer holds back the watermark, until
  // the next push.
  void idle() { core_->idle(source_); }
  // A step. The source ends when all that was pushed has been read.
  void end() { core_->end_source(source_); }

 private:
  JobTestCore* core_;
  std::uint32_t source_;
};

}  // namespace tributary::testing
