// runtime/cluster/restored_progress.h
// How far the tasks of a new plan have come with event time, and which of them have nothing left to
// do, by what a checkpoint says of the old ones (rule 32).
//
// An operator that the checkpoint knows, as many tasks as then: each task has the time of the one
// of its number. Another number of tasks: all have the times of the old ones merged. A new
// operator: what the inputs of each task merge to, but it has not ended; a new source: the least
// time.
// Times merge as InputStatus merges inputs: the least watermark of those that are neither idle nor
// read to their end; idle or ended if nobody else is there. Then the watermark is the least of the
// idle ones, and of all if all have ended: it may stand before what those behind were told, never
// after it, and key groups keep their own clocks.
// A task stays finished if the old task was (another number of tasks: all were), for each operator
// of its stage, and every task that it reads from stays so. If it does not, it has not ended
// either: it will say so again.
//
// Pure.
#pragma once

#include <span>
#include <vector>

#include "runtime/cluster/checkpoint_contents.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/graph/plan.h"

namespace tributary {

OperatorTime merge_times(std::span<const OperatorTime> times);

// Fills `times` of all vertices and `finished` of all stages. `known` is by VertexId; null: the
// checkpoint does not know the operator.
void restore_progress(std::span<const OldOperator* const> known, const graph::JobGraph& graph,
                      const graph::ExecutionPlan& plan, RestorePlan& restored);

}  // namespace tributary
