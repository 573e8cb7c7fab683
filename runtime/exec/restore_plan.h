// runtime/exec/restore_plan.h
// What the tasks of a new attempt find of the checkpoint that they start from: made from a manifest
// and the plan by runtime/cluster/restore_match.h, obeyed by JobExecution.
//
// Plain data.
#pragma once

#include <vector>

#include "checkpoint/checkpoint_id.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "checkpoint/publish/sink_restore.h"
#include "runtime/exec/input_status.h"

namespace tributary {

struct RestorePlan {
  struct Vertex {
    std::vector<OperatorTime> times;                // by task of the new plan; never empty
    std::vector<checkpoint::OperatorState> states;  // of the old tasks, by their number
    SinkOwnership sink;                             // of a sink that stages
  };
  struct Stage {
    // Of all old tasks whose operators are in the stage; each task takes its key groups of it.
    std::vector<checkpoint::StateSnapshot> keyed_state;
    std::vector<bool> finished;  // by task: it had nothing more to read or to say, and stays so
  };

  CheckpointId checkpoint;       // 0: from nothing; then stages and times are as at a first start
  std::vector<Vertex> vertices;  // by VertexId
  std::vector<Stage> stages;     // by StageId
  // The job had ended with this checkpoint: what it holds is published, nothing is read, all tasks
  // are as finished.
  bool only_publish = false;
};

}  // namespace tributary
