// runtime/exec/input_status.h
// Merges what the inputs of one operator say about event time: watermark by minimum over the inputs
// that are neither idle nor ended, idleness when all are, the end when all have ended.
//
// Pure and single-threaded. Invariant: the merged watermark never goes back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/exec/control_event.h"

namespace tributary {

class InputStatus {
 public:
  // An operator without inputs (a task without splits) is idle from the first moment; see
  // `all_idle`.
  explicit InputStatus(std::uint32_t inputs) : inputs_(inputs) {}

  struct Change {
    std::optional<Timestamp> watermark;  // it rose to this
    bool became_idle = false;
    bool became_active = false;
    bool ended = false;    // all inputs have ended now
    bool drained = false;  // with `ended`: every one of them was read to its end
  };
  // kWatermark, kIdle, kActive and kEnd of one input.
  Change on_event(std::uint32_t input, const ControlEvent& event);

  Timestamp watermark() const { return watermark_; }
  bool idle() const { return idle_; }
  bool ended() const { return ended_; }

 private:
  struct Input {
    Timestamp watermark = Timestamp::min();
    bool idle = false;
    bool ended = false;
    bool drained = false;
  };
  std::vector<Input> inputs_;
  Timestamp watermark_ = Timestamp::min();
  bool idle_ = false;
  bool ended_ = false;
};

}  // namespace tributary
