// Windows of event time and how their results leave: tumbling(1h), allowed_lateness(days(40)),
// emit(total).
//
// A window fires when the watermark has reached its end, again when late records have changed it
// (at most once a second), and is forgotten when the watermark has passed its end and the allowed
// lateness. What comes later goes to late().
#pragma once

#include <string_view>

#include <tributary/time_span.h>

#include "base/arena.h"
#include "base/record.h"

namespace tributary {

// [start, end)
struct Window {
  Timestamp start;
  Timestamp end;
};
TRIBUTARY_RECORD(Window, start, end);

struct Tumbling {
  Duration width;
  Duration offset;
};
// Windows of `width` from the epoch on, moved by `offset`.
constexpr Tumbling tumbling(TimeSpan width, TimeSpan offset = Duration{}) {
  return {width, offset};
}

struct AllowedLateness {
  Duration value{};
};
constexpr AllowedLateness allowed_lateness(TimeSpan lateness) { return {lateness}; }

// emit(total): each firing gives the result so far, which replaces the one before (an upsert
// stream). emit(difference): each firing gives what changed since the one before (a delta stream).
// Functions, so that authors' own variables may bear these names.
struct EmitTotal {};
struct EmitDifference {};
constexpr EmitTotal total() { return {}; }
constexpr EmitDifference difference() { return {}; }
constexpr EmitTotal emit(EmitTotal (*)()) { return {}; }
constexpr EmitDifference emit(EmitDifference (*)()) { return {}; }

// For results with texts of their own: Out result(const K&, const Window&, const Accumulator&,
// ResultContext&).
class ResultContext {
 public:
  explicit ResultContext(Arena& arena) : arena_(arena) {}
  Text text(std::string_view bytes) { return Text(bytes, arena_); }
  Arena& arena() { return arena_; }

 private:
  Arena& arena_;
};

}  // namespace tributary
