#include "runtime/exec/input_status.h"

#include <algorithm>

#include "base/error.h"

namespace tributary {

InputStatus::Change InputStatus::on_event(std::uint32_t input, const ControlEvent& event) {
  TRIBUTARY_CHECK(input < inputs_.size(), "input {} of {}", input, inputs_.size());
  Input& changed = inputs_[input];
  switch (event.kind) {
    case ControlKind::kWatermark:
      changed.watermark = std::max(changed.watermark, event.watermark);
      break;
    case ControlKind::kIdle:
      changed.idle = true;
      break;
    case ControlKind::kActive:
      changed.idle = false;
      break;
    case ControlKind::kEnd:
      changed.ended = true;
      changed.drained = event.drained;
      break;
    case ControlKind::kMarker:
      return {};  // markers are the task's business
  }

  Change change;
  Timestamp lowest = Timestamp::max();
  bool anyone_counts = false;
  bool all_ended = true;
  bool all_drained = true;
  for (const Input& one : inputs_) {
    all_ended = all_ended && one.ended;
    all_drained = all_drained && one.drained;
    // One that was stopped holds its watermark: what it has not read may still come, after a
    // restart.
    if ((one.ended && one.drained) || one.idle) continue;
    anyone_counts = true;
    lowest = std::min(lowest, one.watermark);
  }
  if (all_ended && !ended_) {
    ended_ = true;
    change.ended = true;
    change.drained = all_drained;
    return change;
  }
  if (anyone_counts && lowest > watermark_) {
    watermark_ = lowest;
    change.watermark = lowest;
  }
  const bool now_idle = !anyone_counts && !all_ended;
  change.became_idle = now_idle && !idle_;
  change.became_active = !now_idle && idle_;
  idle_ = now_idle;
  return change;
}

}  // namespace tributary
