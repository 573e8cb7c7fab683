#include "runtime/exec/input_status.h"

#include <algorithm>

#include "base/error.h"

namespace tributary {

void InputStatus::restore(std::uint32_t input, const OperatorTime& time) {
  inputs_[input] = {
      .watermark = time.watermark, .idle = time.idle, .has_no_event_time = time.has_no_event_time};
}

void InputStatus::restore_merged(const OperatorTime& time) {
  watermark_ = time.watermark;
  idle_ = time.idle;
  has_no_event_time_ = time.has_no_event_time;
}

InputStatus::Change InputStatus::on_event(std::uint32_t input, const ControlEvent& event) {
  TRIBUTARY_CHECK(input < inputs_.size(), "input {} of {}", input, inputs_.size());
  Input& changed = inputs_[input];
  switch (event.kind) {
    case ControlKind::kWatermark:
      changed.watermark = std::max(changed.watermark, event.watermark);
      break;
    case ControlKind::kIdle:
      changed.idle = true;
      changed.has_no_event_time = event.has_no_event_time;
      break;
    case ControlKind::kActive:
      changed.idle = false;
      break;
    case ControlKind::kEnd:
      changed.ended = true;
      changed.drained = event.drained;
      break;
    case ControlKind::kMarker:
    case ControlKind::kBarrier:
      return {};  // the task's business
  }

  Change change;
  Timestamp lowest = Timestamp::max();
  bool anyone_counts = false;
  bool all_ended = true;
  bool all_drained = true;
  bool any_drained = false;
  bool all_without_event_time = true;
  for (const Input& one : inputs_) {
    all_ended = all_ended && one.ended;
    all_drained = all_drained && one.drained;
    any_drained = any_drained || (one.ended && one.drained && one.watermark > Timestamp::min());
    all_without_event_time = all_without_event_time &&
                             ((one.ended && one.drained) || (one.idle && one.has_no_event_time));
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
  if (any_drained && all_without_event_time && !event_time_ended_) {
    event_time_ended_ = true;
    change.event_time_ended = true;
  }
  const bool now_idle = !anyone_counts && !all_ended;
  change.has_no_event_time = now_idle && all_without_event_time;
  change.became_idle = now_idle && (!idle_ || (change.has_no_event_time && !has_no_event_time_));
  has_no_event_time_ = change.has_no_event_time;
  change.became_active = !now_idle && idle_;
  idle_ = now_idle;
  return change;
}

}  // namespace tributary
