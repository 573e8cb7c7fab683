// runtime/cluster/job_master.h
// Decides everything about one job: when its tasks are made, what they read, when gates open, how
// it ends. A state machine without I/O: step(event, now) -> actions.
//
// The driver (local_job.h; later the coordinator) carries the actions out in order and feeds
// back what happened. Invariants: it sees the JobGraph's plan, never user code; it reads no clock,
// file or random number; what depends on a persisted fact is asked for only in answer to Persisted,
// and Persist is the last action of its step (rule 65).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/timestamp.h"
#include "runtime/cluster/job_record.pb.h"
#include "runtime/cluster/restore_match.h"
#include "runtime/exec/source.h"
#include "runtime/exec/task_report.h"
#include "runtime/graph/plan.h"

namespace tributary {

// ---- what happened ----
struct JobSubmitted {};
struct RecordPersisted {};
struct PersistFailed {
  Error error;
};
struct SplitsListed {
  graph::VertexId source;
  std::vector<Split> splits;
  Duration list_again{};  // zero: the listing is complete
};
struct ListingFailed {
  graph::VertexId source;
  Error error;
};
// Read no more. Without checkpoints: finish what is in flight; with them: a last checkpoint, after
// which nothing is processed.
struct StopRequested {
  bool drain = false;  // event time goes to its end first; with checkpoints
};
struct CancelRequested {};  // end at once
// What the job ends with is complete and out; or it is not, and the job goes on.
struct LastCheckpointDone {
  std::optional<Error> error;
};
// Neither checkpoints nor output can go on.
struct CheckpointsFailed {
  Error error;
};
using JobEvent =
    std::variant<JobSubmitted, RecordPersisted, PersistFailed, SplitsListed, ListingFailed,
                 TaskReport, StopRequested, CancelRequested, LastCheckpointDone, CheckpointsFailed>;

// ---- what to do ----
struct PersistRecord {
  cluster::JobRecord record;
};
struct OpenTasks {
  std::uint32_t attempt = 1;
};
struct ListSplits {
  graph::VertexId source;
  Timestamp not_before{};
};
struct RunTasks {};
struct AssignSplits {
  graph::VertexId source;
  std::uint32_t task = 0;
  std::vector<Split> splits;
  // Of the source's rate limit: the task's splits of all that were assigned.
  double share_of_rate = 1;
};
struct NoMoreSplits {
  graph::VertexId source;
};
struct OpenGate {
  graph::GateId gate;
};
struct StopSources {};
// With checkpoints: the last one, please; answered by LastCheckpointDone.
struct TakeLastCheckpoint {
  cluster::StopMode mode = cluster::STOP;  // STOP, DRAIN; END_OF_INPUT: all tasks have finished
};
struct CancelTasks {};
struct JobEnded {
  cluster::JobPhase phase = cluster::FINISHED;
  std::optional<Error> error;
};
using JobAction =
    std::variant<PersistRecord, OpenTasks, ListSplits, RunTasks, AssignSplits, NoMoreSplits,
                 OpenGate, StopSources, TakeLastCheckpoint, CancelTasks, JobEnded>;

class JobMaster {
 public:
  struct Settings {
    std::string uid;           // 16 bytes
    std::string graph_digest;  // 16 bytes
    std::uint64_t term = 1;
    // Of the record that this leader found.
    std::uint32_t attempts_before = 0;
    std::uint64_t version_before = 0;
    bool checkpoints = false;
    // What is restored; none: a first start.
    std::vector<ResumedSource> sources;
    std::vector<graph::GateId> open_gates;
  };
  // `plan` must outlive it.
  JobMaster(const graph::ExecutionPlan& plan, std::vector<graph::VertexId> sources,
            Settings settings);

  std::vector<JobAction> step(const JobEvent& event, Timestamp now);

  const cluster::JobRecord& record() const { return record_; }
  bool gate_is_open(graph::GateId gate) const { return gates_[gate.index()].open; }
  cluster::JobPhase phase() const { return record_.phase(); }
  bool over() const { return over_; }

 private:
  struct GateState {
    std::set<std::pair<std::uint32_t, std::uint32_t>> awaited;  // (stage, task)
    bool open = false;
  };
  using Actions = std::vector<JobAction>;

  void on(const JobSubmitted&, Timestamp now, Actions& actions);
  void on(const RecordPersisted&, Timestamp now, Actions& actions);
  void on(const PersistFailed&, Timestamp now, Actions& actions);
  void on(const SplitsListed&, Timestamp now, Actions& actions);
  void on(const ListingFailed&, Timestamp now, Actions& actions);
  void on(const TaskReport&, Timestamp now, Actions& actions);
  void on(const StopRequested&, Timestamp now, Actions& actions);
  void on(const CancelRequested&, Timestamp now, Actions& actions);
  void on(const LastCheckpointDone&, Timestamp now, Actions& actions);
  void on(const CheckpointsFailed&, Timestamp now, Actions& actions);
  void resume(const ResumedSource& source, Actions& then) const;
  // To each task its share of the splits at `positions` of the table.
  void assign(const cluster::SourceSplits& table, const std::vector<int>& positions,
              const std::vector<Split>* restored, bool tell_all, Actions& then) const;
  Actions& after_the_write();
  void persist(Actions& actions);
  void end(cluster::JobPhase phase, std::optional<Error> error, Actions& actions);
  std::uint32_t parallelism_of(graph::VertexId vertex) const;

  const graph::ExecutionPlan& plan_;
  const std::vector<graph::VertexId> sources_;
  const bool checkpoints_;
  const std::vector<ResumedSource> resumed_;
  cluster::JobRecord record_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> not_ready_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> not_finished_;
  std::vector<GateState> gates_;
  // What to do when the record that is being written is safe; and whether another write is wanted
  // after it.
  Actions after_persist_;
  bool persisting_ = false;
  bool persist_again_ = false;
  Actions after_next_persist_;
  bool ending_ = false;  // the last record is being written
  JobEnded end_;
  bool over_ = false;
};

}  // namespace tributary
