// checkpoint/inspect/checkpoint_diff.h
// What lies between two checkpoints of a job: keys added, removed and changed in every state, and
// how far sources moved.
//
// Calls block; it reads the keyed state of both, in step. Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/inspect/entry_text.h"
#include "checkpoint/inspect/stage_states.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

struct DiffSide {
  const checkpoint::Manifest* manifest = nullptr;
  InspectPlaces places;
};

struct DiffOptions {
  std::string operator_name;      // only this one's states; empty: all
  std::size_t examples_max = 10;  // of one state
};

// An entry that differs. A value is JSON, empty where there is none: before is empty for what was
// added. Of a timer neither has one.
struct EntryDiff {
  EntryText entry;
  std::string before;
  std::string after;
  bool was_there = false;
  bool is_there = false;
};

struct StateDiff {
  std::string operator_name;
  std::string state;  // empty: timers
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  std::vector<EntryDiff> examples;  // the first in the order of keys
};

struct SplitDiff {
  std::string source;
  std::string split;
  std::optional<std::int64_t> before;  // position
  std::optional<std::int64_t> after;
};

struct CheckpointDiff {
  std::vector<StateDiff> states;  // of every state that either has, by operator and name
  std::vector<SplitDiff> splits;  // that differ
};

// S405 if the number of key groups differs: their keys lie in another order. C113 if neither has
// the operator.
Result<CheckpointDiff> diff_checkpoints(const DiffSide& before, const DiffSide& after,
                                        const DiffOptions& options);

}  // namespace tributary
