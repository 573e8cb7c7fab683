// What job.source() returns: a stream with what only sources have. These calls come first, before
// map and the others.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include <tributary/stream.h>
#include <tributary/time_span.h>

#include "runtime/exec/dead_letter.h"

namespace tributary {

// How far behind the newest event time of a split older records may still come.
struct BoundedLateness {
  Duration value{};
};
constexpr BoundedLateness bounded_lateness(TimeSpan lateness) { return {lateness}; }

// What happens to a record that cannot be decoded: .on_bad_record(skip()).
struct FailOnBadRecord {};
struct SkipBadRecord {};
template <typename S>
struct DeadLetterBadRecord {
  Name name;
  S sink;
};
// The job stops and names the record.
constexpr FailOnBadRecord fail() { return {}; }
// Counted (bad_records) and left out.
constexpr SkipBadRecord skip() { return {}; }
// To a sink of DeadLetter records, with reason, position and raw bytes. The sink's name is
// "dead-letters" unless said.
template <SinkLike S>
DeadLetterBadRecord<S> dead_letter(Name name, S sink) {
  return {std::move(name), std::move(sink)};
}
template <SinkLike S>
DeadLetterBadRecord<S> dead_letter(S sink,
                                   std::source_location place = std::source_location::current()) {
  return {Name("dead-letters", place), std::move(sink)};
}

template <typename T, StreamKind kKind = StreamKind::kAppend>
class SourceStream : public Stream<T, kKind> {
 public:
  using Stream<T, kKind>::Stream;

  // A field (&T::start) or Timestamp f(const T&). Without it records have no event time and no
  // watermark.
  template <typename F>
  SourceStream& event_time(F f, BoundedLateness lateness) {
    static_assert(std::is_invocable_v<const F&, const T&>,
                  "event_time: give a field of the source's record (&T::field) or a function "
                  "Timestamp f(const T&)");
    if constexpr (std::is_invocable_v<const F&, const T&>) {
      static_assert(
          std::is_same_v<std::remove_cvref_t<std::invoke_result_t<const F&, const T&>>, Timestamp>,
          "event_time: the field or the function's result must be a Timestamp");
      if constexpr (std::is_convertible_v<std::invoke_result_t<const F&, const T&>, Timestamp>) {
        graph().set_event_time(
            vertex(),
            [f = std::move(f)](Batch& batch) {
              Timestamp* times = batch.event_times().data();
              for (const T& record : batch.records<T>()) *times++ = std::invoke(f, record);
            },
            lateness.value);
      }
    }
    return *this;
  }

  // Holds this source until the other one has read what was there when it started.
  SourceStream& after(const CaughtUp& gate) {
    graph().set_gate(vertex(), gate.source);
    return *this;
  }
  // Of the whole source, over all its tasks.
  SourceStream& rate_limit(std::int64_t records_per_second) {
    graph().set_rate_limit(vertex(), records_per_second);
    return *this;
  }
  // A split without new records for so long no longer holds back the watermark; 5 s if not said.
  SourceStream& idle_after(TimeSpan duration) {
    graph().set_idle_after(vertex(), duration);
    return *this;
  }
  SourceStream& on_bad_record(FailOnBadRecord) {
    graph().set_bad_records(vertex(), BadRecordPolicy::kFail);
    return *this;
  }
  SourceStream& on_bad_record(SkipBadRecord) {
    graph().set_bad_records(vertex(), BadRecordPolicy::kSkip);
    return *this;
  }
  template <typename S>
  SourceStream& on_bad_record(const DeadLetterBadRecord<S>& choice) {
    graph().set_bad_records(vertex(), BadRecordPolicy::kDeadLetter);
    this->template side<DeadLetter>("dead-letters").sink(choice.name, choice.sink);
    return *this;
  }
  SourceStream& named(Name name) {
    Stream<T, kKind>::named(std::move(name));
    return *this;
  }
  SourceStream& parallelism(std::uint32_t tasks) {
    Stream<T, kKind>::parallelism(tasks);
    return *this;
  }

 private:
  internal::GraphBuilder& graph() { return *this->ref_.graph; }
  std::uint32_t vertex() const { return this->ref_.origins.front().vertex; }
};

}  // namespace tributary
