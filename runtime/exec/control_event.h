// runtime/exec/control_event.h
// What flows between tasks besides batches. Control events need no credit, keep their place among
// the batches of a channel, and are put to all outputs of a task in one step (protocol rule 47).
#pragma once

#include <cstdint>

#include "base/timestamp.h"
#include "checkpoint/checkpoint_id.h"

namespace tributary {

enum class ControlKind : std::uint8_t {
  kWatermark,  // no record at or before this event time is expected on this channel
  kIdle,       // do not wait for this channel's watermark until kActive; see has_no_event_time
  kActive,
  kMarker,   // everything a gating source had at its start has passed (source gate
             // `after(caught_up())`)
  kEnd,      // nothing follows
  kBarrier,  // of a checkpoint: what came before it is in the snapshot, what follows is not
};

struct Barrier {
  CheckpointId id;
  // After its snapshot a task reads nothing until the barrier is released or aborted: a stop, a
  // change of the routing table (rules 15, 63).
  bool hold = false;
};

struct ControlEvent {
  ControlKind kind = ControlKind::kWatermark;
  // kWatermark: the watermark. kEnd: whether the input was read to its end, so that event time goes
  // to +inf (a clean stop ends the stream without it).
  Timestamp watermark{};
  bool drained = false;
  // kIdle: for good, because what comes has no event time, or event time has ended before it.
  bool has_no_event_time = false;
  std::uint32_t marker = 0;  // kMarker: index of the gate in the plan
  Barrier barrier{};         // kBarrier

  static ControlEvent at_watermark(Timestamp t) {
    return {.kind = ControlKind::kWatermark, .watermark = t};
  }
  static ControlEvent end(bool drained) { return {.kind = ControlKind::kEnd, .drained = drained}; }
};

}  // namespace tributary
