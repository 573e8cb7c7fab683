// runtime/cluster/split_assigner.h
// Which task reads which split: a table, made from one listing, sorted, given to the least loaded
// task, sticky.
//
// Pure. Invariants (protocol rules 58, 59): a split that is assigned keeps its task; a split is new
// only if the table has never held it; tasks differ by at most one split when all weights are
// equal.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/cluster/job_record.pb.h"
#include "runtime/exec/source.h"

namespace tributary {

// Adds the splits that `table` does not know yet and returns their positions in table.splits().
std::vector<int> assign_splits(cluster::SourceSplits& table, std::vector<Split> listed,
                               std::uint32_t tasks);

}  // namespace tributary
