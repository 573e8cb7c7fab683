// checkpoint/publish/sink_restore.h
// What a start from a checkpoint means for output: who owns which writer number, what is still to
// be published, what is refused (rules 1, 4, 7, 8, 22). Pure functions, for the control plane.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/publish/sink_coordinator.h"
#include "checkpoint/publish/sink_owner.h"

namespace tributary {

struct SinkOwnership {
  // W from now on: on record, by compare-and-set, before any owner is told (rule 7).
  std::uint32_t numbers = 1;
  std::vector<std::vector<InheritedWriter>> tasks;  // by task; its own number and what it inherits
  std::vector<Epoch> drain_points;
  MarkPosition marks_from;
  std::string marks_id;  // of the place where marks lie; "": not known yet
};

// Of `tasks` owners of a sink; no record and no snapshots: a sink that is new. S474 if the
// snapshots contradict each other.
Result<SinkOwnership> plan_sink_owners(const checkpoint::SinkRecord* record,
                                       std::span<const checkpoint::SinkSnapshot> snapshots,
                                       std::uint32_t tasks, Epoch restored,
                                       const PublishHazards& hazards = {});

// Does what a checkpoint or savepoint holds of its sinks include output that is not out (rule 4)?
bool carries_staged(std::span<const checkpoint::SinkSnapshot> snapshots);

// S474 if a sink with staged output is not among `sinks`: removed or renamed (rule 22).
Status check_sinks_kept(std::span<const checkpoint::SinkSnapshot> snapshots,
                        std::span<const std::string> sinks);

}  // namespace tributary
