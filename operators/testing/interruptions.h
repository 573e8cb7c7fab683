// operators/testing/interruptions.h
// What happens to a job, besides what its test did, when its history is run again: crashes,
// restores, other slots. Nothing of it may be seen in what the sinks' streams amount to.
//
// Decides where, by the seed, so that the order of the test's steps is kept: a job is only
// interrupted at rest right after a checkpoint, or while what was pushed since is in flight.
// Values; no thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "operators/testing/history.h"
#include "operators/testing/test_run.h"

namespace tributary::testing {

struct Interruption {
  enum class Kind : std::uint8_t {
    kCrash,     // at rest, behind a checkpoint
    kInFlight,  // the process is lost while it works on what is pushed next
    kRescale,
  };
  Kind kind = Kind::kCrash;
  std::size_t step = 0;     // before history[step], which follows no push
  std::uint32_t slots = 0;  // kRescale
  TestRun::InFlight in_flight;
};

// At most `most`, at different steps, in their order.
std::vector<Interruption> choose_interruptions(const std::vector<HistoryEvent>& history,
                                               std::uint32_t most, std::uint32_t slots_max,
                                               Random& random);

// ", crashed before step 3, on 2 slots from step 7".
std::string text_of(const std::vector<Interruption>& interruptions);

// Does all of the history to the run.
void apply(const std::vector<HistoryEvent>& history, const std::vector<Interruption>& interruptions,
           TestRun& run);

}  // namespace tributary::testing
