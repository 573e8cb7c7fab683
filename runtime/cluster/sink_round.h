// runtime/cluster/sink_round.h
// All exactly-once sinks of a job in one ownership round, as the control plane sees them: who has
// fenced, read and published what, and what the tasks' StagedSinks are told (rules 2, 8, 10, 15).
//
// Pure: reports, completions and ticks in, actions out. Made anew for every round, from the plan
// that the tasks start from. tick() about every second says orders again; completed() only after
// the compare-and-set that completes the checkpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checkpoint/publish/sink_coordinator.h"
#include "checkpoint/publish/sink_restore.h"
#include "runtime/cluster/checkpoint_events.h"
#include "runtime/graph/ids.h"

namespace tributary {

class SinkRound {
 public:
  struct Sink {
    graph::VertexId vertex;
    std::string name;
    SinkOwnership ownership;  // RestorePlan::Vertex::sink
  };
  // What to do; besides these, FailSink: the job cannot go on (S475, S476, S473).
  struct ToTask {
    graph::VertexId vertex;
    std::uint32_t task = 0;
    OwnershipRound round;  // for StagedSink::on_order()
    OwnerOrder order;
  };
  using Action = std::variant<ToTask, TriggerCheckpoint, FailSink>;
  using Actions = std::vector<Action>;
  struct Blocked {
    std::string sink;
    SinkBlocked what;
  };

  // `lineage` is the job's current one.
  SinkRound(OwnershipRound round, Epoch restored, Hash128 lineage, const std::vector<Sink>& sinks,
            const PublishHazards& hazards = {});

  // Of another round too: who asks there for a lease hears that he has none.
  Actions on_report(graph::VertexId vertex, std::uint32_t task, OwnershipRound round,
                    const OwnerReport& report);
  Actions completed(Epoch epoch);
  Actions tick();
  // The verb `sink retry`, for every sink that is blocked.
  Actions retry_blocked();

  bool empty() const { return sinks_.empty(); }
  // Every writer number of every sink has published all epochs up to this one, what it inherited
  // too. None: somebody has not spoken yet, or there is no sink.
  std::optional<Epoch> published() const;
  // For the manifest.
  std::vector<checkpoint::SinkRecord> records() const;
  // BLOCKED_ON_SINK: what people must mend.
  std::vector<Blocked> blocked() const;
  // Of the current lineage, once all writers of all sinks are fenced and all marks are read.
  std::optional<std::vector<PublishedMark>> marks() const;

 private:
  struct Member {
    graph::VertexId vertex;
    std::string name;
    SinkCoordinator coordinator;
  };
  Actions step_all(const SinkEvent& event);
  static void step(Member& member, const SinkEvent& event, Actions& actions);

  const Hash128 lineage_;
  std::vector<Member> sinks_;
};

}  // namespace tributary
