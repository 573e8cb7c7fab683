// operators/testing/history.h
// What a test did to its job, so that it can be done again to another run of it.
//
// Owner: the JobTest. The records lie in its arena.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "operators/testing/job_test_options.h"
#include "operators/testing/sink_fold.h"
#include "operators/testing/test_run.h"

namespace tributary::testing {

struct HistoryEvent {
  enum class Kind : std::uint8_t {
    kPush,
    kBadRecord,
    kRun,
    kWatermark,
    kIdle,
    kEndSource,
    kAdvance,
    kEndAll,
    kStop,
    kCheckpoint,
    kCrash,
    kRestore,
    kRescale
  };
  Kind kind = Kind::kRun;
  std::uint32_t source = 0;
  const void* record = nullptr;           // kPush
  std::optional<Timestamp> event_time{};  // kPush
  Timestamp watermark{};
  Duration time{};          // kAdvance
  std::uint32_t slots = 0;  // kRescale
  std::string reason{};
  std::string raw{};

  bool is_push() const { return kind == Kind::kPush || kind == Kind::kBadRecord; }
};

void apply(const HistoryEvent& event, TestRun& run);

// Runs the history once as it was, and once for each seed 1 … `seeds` permuted and interrupted; in
// each run all inputs end at last. The first difference as a sentence with its seed, or nothing.
// JobTestFailure if a run fails, or a sink's fold is not declared.
std::optional<std::string> find_difference(const JobProgram& program,
                                           const std::vector<HistoryEvent>& history,
                                           const TestRun::Options& original,
                                           const PermuteOptions& options, std::uint64_t seeds,
                                           const std::map<std::string, SinkFold>& folds);

}  // namespace tributary::testing
