// runtime/exec/dead_letter_counts.h
// Counts, by their reason, the dead letters that arrive where they end, in the counters of that
// operator ("dead_letters.MALFORMED_JSON"), so that a run's summary can say what was wrong.
//
// Owner: a node of the chain. Thread: its slot's. Invariant: one operator has at most
// kReasonsMax such counters; further reasons are counted as OTHER.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "runtime/exec/batch.h"
#include "runtime/exec/task_metrics.h"

namespace tributary {

inline constexpr std::string_view kDeadLetterCounter = "dead_letters.";

class DeadLetterCounts {
 public:
  static constexpr std::size_t kReasonsMax = 64;
  static constexpr std::size_t kReasonBytesMax = 64;

  // Batches of other types are passed over.
  void add(const Batch& batch, OperatorMetrics& metrics);

 private:
  const TypeInfo* type_ = nullptr;  // of the last batch
  bool is_dead_letter_ = false;
  std::set<std::string, std::less<>> counters_;
};

}  // namespace tributary
