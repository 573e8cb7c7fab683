// runtime/exec/execution_options.h
// How an attempt of a job is run in this process.
//
// Plain data; what it points to outlives the JobExecution.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/exec/snapshot_services.h"
#include "runtime/graph/plan.h"

namespace tributary {

struct ExecutionOptions {
  std::uint32_t attempt = 1;
  Duration slice = milliseconds(1);
  Duration linger = milliseconds(5);
  // Credit: each input edge of a task has a pool, shared equally by its channels, none below the
  // floor.
  std::size_t credit_pool_bytes = 1024 * 1024;
  std::size_t credit_floor_bytes = graph::kChannelFloorBytes;
  std::uint32_t credit_batches = 64;
  std::size_t outbox_soft_limit_bytes = 64 * 1024;
  std::size_t batch_bytes = 32 * 1024;
  const Clock* clock = nullptr;
  // Null: a job without checkpoints; its state is in memory alone.
  const SnapshotServices* services = nullptr;
  // With services: where the tasks start.
  const RestorePlan* restore = nullptr;
};

}  // namespace tributary
