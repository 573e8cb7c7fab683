// runtime/exec/input_status.h
// Merges what the inputs of one operator say about event time: watermark by minimum over the inputs
// that are neither idle nor read to their end, idleness when all are, the end when all have ended.
//
// Pure and single-threaded. Invariant: the merged watermark never goes back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/exec/control_event.h"

namespace tributary {

// What one task of an operator has told those behind it about event time (rule 32). A channel that
// leads from it starts with this after a restore.
struct OperatorTime {
  Timestamp watermark = Timestamp::min();
  bool idle = false;
  bool has_no_event_time = false;  // while idle
  bool ended = false;
  bool drained = false;  // with `ended`
  friend bool operator==(const OperatorTime&, const OperatorTime&) = default;
};

class InputStatus {
 public:
  explicit InputStatus(std::uint32_t inputs) : inputs_(inputs) {}

  // Before any event: what had come on the inputs when the snapshot was taken, and what had come of
  // it. Ends are not among it: they come again.
  void restore(std::uint32_t input, const OperatorTime& time);
  void restore_merged(const OperatorTime& time);

  struct Change {
    std::optional<Timestamp> watermark;  // it rose to this
    bool became_idle = false;            // or idle for good, having been idle before
    bool has_no_event_time = false;      // with `became_idle`: for good
    bool became_active = false;
    // Those with event time have been read to their end, the others are idle for good: event time
    // goes to +inf although more records may come.
    bool event_time_ended = false;
    bool ended = false;    // all inputs have ended now
    bool drained = false;  // with `ended`: every one of them was read to its end
  };
  // kWatermark, kIdle, kActive and kEnd of one input.
  Change on_event(std::uint32_t input, const ControlEvent& event);

  Timestamp watermark() const { return watermark_; }
  bool ended() const { return ended_; }

 private:
  struct Input {
    Timestamp watermark = Timestamp::min();
    bool idle = false;
    bool has_no_event_time = false;  // while idle
    bool ended = false;
    bool drained = false;
  };
  std::vector<Input> inputs_;
  Timestamp watermark_ = Timestamp::min();
  bool idle_ = false;
  bool has_no_event_time_ = false;  // while idle_
  bool event_time_ended_ = false;
  bool ended_ = false;
};

}  // namespace tributary
