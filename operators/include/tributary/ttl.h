// How long state stays that is not written any more.
//
//   Value<Tally> total = value<Tally>("total", ttl(days(7)));
//   MapOf<Text, Session> open = map<Text, Session>("open", ttl(1h).on_processing_time());
//
// Decides: by default time is the event time that the operator has reached, so that a replay
// forgets what the first run forgot; processing time is the choice where nothing else moves.
#pragma once

#include <tributary/time_span.h>

#include "checkpoint/keyed_state.h"

namespace tributary {

struct Ttl {
  Duration after;  // the last write
  TimeDomain clock = TimeDomain::kEvent;

  constexpr Ttl on_processing_time() const { return {after, TimeDomain::kProcessing}; }
};

// A value, or each element of a map or list by itself, is absent once it has not been written for
// so long. Longer than nothing.
constexpr Ttl ttl(TimeSpan after) { return {.after = after.value}; }

}  // namespace tributary
