// runtime/exec/simulation_switches.h
// What a simulation changes in the tasks of an attempt: the order of tables, how words about
// checkpoints travel, and planted bugs. As it is made, nothing is changed.
//
// Plain data, a part of SnapshotServices; what it points to outlives the attempt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "checkpoint/publish/publish_limits.h"
#include "checkpoint/state_hazards.h"
#include "runtime/exec/barrier_aligner.h"

namespace tributary {

// How orders and reports about checkpoints and sinks travel between the control plane and tasks.
// In one process they arrive at once and in order. Both sides are made for worse (rules 10, 37):
// words may be late, lost, repeated or overtaken by others.
class ControlWire {
 public:
  virtual ~ControlWire() = default;
  // `deliver` may be called at any time while the attempt lives, never, or several times.
  virtual void carry(std::function<void()> deliver) = 0;
};

struct SimulationSwitches {
  ControlWire* wire = nullptr;       // null: at once
  std::uint64_t table_order = 0;     // seed of the order of tables (rule 77); 0: as it comes
  std::size_t sweep_entries = 2000;  // encoded of what is frozen, at once
  AlignerHazards aligner;
  StateHazards state;
  PublishHazards publish;
};

}  // namespace tributary
