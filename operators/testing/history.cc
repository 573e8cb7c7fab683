#include "operators/testing/history.h"

#include <algorithm>
#include <utility>

#include "operators/testing/interruptions.h"
#include "operators/testing/job_test_failure.h"

namespace tributary::testing {
namespace {

using Results = std::map<std::string, std::map<std::string, std::string>>;  // by sink

// Pushes between two steps in any order, across sources.
std::vector<HistoryEvent> shuffled(std::vector<HistoryEvent> history, Random& random) {
  for (std::size_t begin = 0; begin < history.size();) {
    std::size_t end = begin;
    while (end < history.size() && history[end].is_push()) ++end;
    for (std::size_t left = end - begin; left > 1; --left) {
      std::swap(history[begin + left - 1], history[begin + random.below(left)]);
    }
    begin = std::max(end, begin + 1);
  }
  return history;
}

TestRun::Options varied(const TestRun::Options& original, const PermuteOptions& permute,
                        std::uint64_t seed, Random& random) {
  TestRun::Options options = original;
  options.seed = seed;
  options.slots = static_cast<std::uint32_t>(random.below(permute.slots_max)) + 1;
  options.splits = permute.keep_order ? 1 : static_cast<std::uint32_t>(random.below(4)) + 1;
  options.batch_records = static_cast<std::uint32_t>(random.below(Batch::kMaxRecords)) + 1;
  options.vary_batches = true;
  options.little_room = random.chance(1, 2);
  return options;
}

Results results_of(const JobProgram& program, const std::vector<HistoryEvent>& history,
                   const std::vector<Interruption>& interruptions, const TestRun::Options& options,
                   const PermuteOptions& permute, const std::map<std::string, SinkFold>& folds,
                   std::string_view which) {
  TestRun run(program, options);
  apply(history, interruptions, run);
  if (!run.over()) run.end_all();
  if (const std::optional<Error> failure = run.failure()) {
    fail_test("job {} failed when its history was run again ({}): {}", program.graph.name(), which,
              failure->to_string());
  }
  Results results;
  for (std::uint32_t i = 0; i < run.sink_count(); ++i) {
    const SinkCollector& sink = run.sink(i);
    if (std::ranges::find(permute.ignored_sinks, sink.name()) != permute.ignored_sinks.end())
      continue;
    const auto fold = folds.find(sink.name());
    results[sink.name()] = fold_sink(sink, fold == folds.end() ? SinkFold{} : fold->second);
  }
  return results;
}

}  // namespace

void apply(const HistoryEvent& event, TestRun& run) {
  using enum HistoryEvent::Kind;
  switch (event.kind) {
    case kPush:
      return run.push(event.source, event.record, event.event_time);
    case kBadRecord:
      return run.push_bad(event.source, event.reason, event.raw);
    case kRun:
      return run.run();
    case kWatermark:
      return run.watermark(event.source, event.watermark);
    case kIdle:
      return run.idle(event.source);
    case kEndSource:
      return run.end(event.source);
    case kAdvance:
      return run.advance(event.time);
    case kEndAll:
      return run.end_all();
    case kStop:
      return run.stop();
    case kCheckpoint:
      return run.checkpoint();
    case kCrash:
      return run.crash();
    case kRestore:
      return run.restore();
    case kRescale:
      return run.rescale(event.slots);
  }
}

std::optional<std::string> find_difference(const JobProgram& program,
                                           const std::vector<HistoryEvent>& history,
                                           const TestRun::Options& original,
                                           const PermuteOptions& options, std::uint64_t seeds,
                                           const std::map<std::string, SinkFold>& folds) {
  const Results expected = results_of(program, history, {}, original, options, folds, "as it was");
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Random random(seed);
    const std::vector<HistoryEvent> events =
        options.keep_order ? history : shuffled(history, random);
    const TestRun::Options varied_options = varied(original, options, seed, random);
    const std::vector<Interruption> interruptions =
        choose_interruptions(events, options.crashes, options.slots_max, random);
    const std::string which = fmt::format("seed {}: {} slots, {} splits, batches of up to {}{}",
                                          seed, varied_options.slots, varied_options.splits,
                                          varied_options.batch_records, text_of(interruptions));
    const Results found =
        results_of(program, events, interruptions, varied_options, options, folds, which);
    for (const auto& [sink, records] : expected) {
      if (const auto difference = first_difference(records, found.at(sink))) {
        return fmt::format("job {}, sink {}, {}: {}", program.graph.name(), sink, which,
                           *difference);
      }
    }
  }
  return std::nullopt;
}

}  // namespace tributary::testing
