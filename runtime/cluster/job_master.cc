#include "runtime/cluster/job_master.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "runtime/cluster/split_assigner.h"

namespace tributary {

using cluster::JobPhase;

namespace {
void append(std::vector<JobAction>& to, std::vector<JobAction>&& more) {
  std::ranges::move(more, std::back_inserter(to));
  more.clear();
}
}  // namespace

JobMaster::JobMaster(const graph::ExecutionPlan& plan, std::vector<graph::VertexId> sources,
                     Settings settings)
    : plan_(plan),
      sources_(std::move(sources)),
      checkpoints_(settings.checkpoints),
      resumed_(std::move(settings.sources)) {
  record_.set_format(1);
  record_.set_uid(std::move(settings.uid));
  record_.set_graph_digest(std::move(settings.graph_digest));
  record_.set_term(settings.term);
  record_.set_routing_version(plan_.routing_version);
  record_.set_attempt(settings.attempts_before);
  record_.set_version(settings.version_before);
  for (const graph::VertexId source : sources_) {
    const auto known = std::ranges::find_if(
        resumed_, [&](const ResumedSource& one) { return one.table.source() == source.value; });
    if (known != resumed_.end()) {
      *record_.add_sources() = known->table;
    } else {
      record_.add_sources()->set_source(source.value);
    }
  }
  for (const graph::Stage& stage : plan_.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task)
      not_ready_.emplace(stage.id.value, task);
  }
  not_finished_ = not_ready_;
  // Who must see a gate's marker: see plan.h.
  for (const graph::Gate& gate : plan_.gates) {
    std::vector<graph::StageId> awaited;
    awaited.reserve(gate.joints.size());
    for (const graph::Gate::Joint& joint : gate.joints) awaited.push_back(joint.stage);
    if (awaited.empty()) awaited = gate.passing;
    if (awaited.empty()) awaited = {gate.gating};
    GateState& state = gates_.emplace_back();
    for (const graph::StageId stage : awaited) {
      for (std::uint32_t task = 0; task < plan_.stages[stage.index()].parallelism; ++task) {
        state.awaited.emplace(stage.value, task);
      }
    }
  }
  for (const graph::GateId gate : settings.open_gates) gates_[gate.index()].open = true;
}

std::uint32_t JobMaster::parallelism_of(graph::VertexId vertex) const {
  return plan_.stage_of(vertex).parallelism;
}

std::vector<JobAction> JobMaster::step(const JobEvent& event, Timestamp now) {
  Actions actions;
  if (over_) return actions;
  const bool of_the_store = std::holds_alternative<RecordPersisted>(event) ||
                            std::holds_alternative<PersistFailed>(event);
  if (ending_ && !of_the_store) return actions;
  std::visit([&](const auto& one) { on(one, now, actions); }, event);
  return actions;
}

// Where to put what must wait until the record as it is now has been written.
JobMaster::Actions& JobMaster::after_the_write() {
  return persisting_ ? after_next_persist_ : after_persist_;
}

// Writes the record. What waits for it is in after_persist_; a change while a write is under way
// makes another one.
void JobMaster::persist(Actions& actions) {
  if (persisting_) {
    persist_again_ = true;
    return;
  }
  persisting_ = true;
  record_.set_version(record_.version() + 1);
  actions.emplace_back(PersistRecord{record_});
}

void JobMaster::on(const JobSubmitted&, Timestamp, Actions& actions) {
  record_.set_attempt(record_.attempt() + 1);
  record_.set_phase(cluster::DEPLOY);
  // The attempt is on record before any task of it opens: a new leader must find it.
  after_persist_.emplace_back(OpenTasks{record_.attempt()});
  for (std::size_t gate = 0; gate < gates_.size(); ++gate) {
    if (gates_[gate].open) after_persist_.emplace_back(OpenGate{plan_.gates[gate].id});
  }
  for (const graph::VertexId source : sources_) {
    const auto known = std::ranges::find_if(
        resumed_, [&](const ResumedSource& one) { return one.table.source() == source.value; });
    if (known != resumed_.end()) resume(*known, after_persist_);
    if (known == resumed_.end() || !known->table.complete())
      after_persist_.emplace_back(ListSplits{source, {}});
  }
  persist(actions);
}

// Where it was; what is listed from now on comes behind it.
void JobMaster::resume(const ResumedSource& source, Actions& then) const {
  std::vector<int> all(static_cast<std::size_t>(source.table.splits_size()));
  std::iota(all.begin(), all.end(), 0);
  assign(source.table, all, &source.splits, !source.table.complete(), then);
  if (source.table.complete())
    then.emplace_back(NoMoreSplits{graph::VertexId{source.table.source()}});
}

void JobMaster::assign(const cluster::SourceSplits& table, const std::vector<int>& positions,
                       const std::vector<Split>* restored, bool tell_all, Actions& then) const {
  const graph::VertexId source{table.source()};
  std::map<std::uint32_t, std::vector<Split>> by_task;
  if (tell_all) {
    for (std::uint32_t task = 0; task < parallelism_of(source); ++task) by_task[task];
  }
  for (const int i : positions) {
    const cluster::AssignedSplit& split = table.splits(i);
    by_task[split.task()].push_back(restored != nullptr ? (*restored)[static_cast<std::size_t>(i)]
                                                        : Split{.id = split.id(),
                                                                .position = split.position(),
                                                                .end = split.end(),
                                                                .weight = split.weight()});
  }
  std::map<std::uint32_t, int> splits_of;  // by task
  for (const cluster::AssignedSplit& split : table.splits()) ++splits_of[split.task()];
  // New splits change every reader's share of the rate limit.
  if (!positions.empty()) {
    for (const auto& [task, count] : splits_of) by_task[task];
  }
  for (auto& [task, splits] : by_task) {
    std::ranges::sort(splits, {}, &Split::id);
    const double share = table.splits_size() == 0 ? 0
                                                  : static_cast<double>(splits_of[task]) /
                                                        static_cast<double>(table.splits_size());
    then.emplace_back(AssignSplits{source, task, std::move(splits), share});
  }
}

void JobMaster::on(const RecordPersisted&, Timestamp, Actions& actions) {
  persisting_ = false;
  over_ = std::ranges::any_of(
      after_persist_, [](const JobAction& a) { return std::holds_alternative<JobEnded>(a); });
  append(actions, std::move(after_persist_));
  if (over_) return;
  after_persist_ = std::exchange(after_next_persist_, {});
  if (std::exchange(persist_again_, false)) persist(actions);
}

// The store is gone: nothing can be committed any more, not even this.
void JobMaster::on(const PersistFailed& failed, Timestamp, Actions& actions) {
  over_ = true;
  record_.set_phase(cluster::FAILED);
  actions.emplace_back(CancelTasks{});
  actions.emplace_back(JobEnded{cluster::FAILED, end_.error ? end_.error : failed.error});
}

void JobMaster::on(const SplitsListed& listed, Timestamp now, Actions& actions) {
  const auto found = std::ranges::find_if(
      *record_.mutable_sources(),
      [&](const cluster::SourceSplits& s) { return s.source() == listed.source.value; });
  TRIBUTARY_CHECK(found != record_.mutable_sources()->end(), "vertex {} is no source",
                  listed.source.value);
  cluster::SourceSplits& table = *found;
  const bool complete = listed.list_again == Duration{};
  const std::vector<int> added = assign_splits(table, listed.splits, parallelism_of(listed.source));
  // Positions are on record before the first record is read (rule 60).
  Actions then;
  // A task that gets none hears of the first listing too: it has caught up.
  assign(table, added, nullptr, table.generation() == 0 && !complete, then);
  if (complete) {
    table.set_complete(true);
    then.emplace_back(NoMoreSplits{listed.source});
  } else if (phase() != cluster::STOPPING) {
    actions.emplace_back(ListSplits{listed.source, now + listed.list_again});
  }
  if (then.empty()) return;
  table.set_generation(table.generation() + 1);
  append(after_the_write(), std::move(then));
  persist(actions);
}

void JobMaster::on(const ListingFailed& failed, Timestamp, Actions& actions) {
  actions.emplace_back(CancelTasks{});
  end(cluster::FAILED, failed.error, actions);
}

void JobMaster::on(const TaskReport& report, Timestamp, Actions& actions) {
  if (report.task.attempt != record_.attempt()) return;  // of an attempt that is gone
  const std::pair<std::uint32_t, std::uint32_t> task{report.task.stage, report.task.task};
  switch (report.kind) {
    case TaskReportKind::kReady:
      not_ready_.erase(task);
      if (!not_ready_.empty() || phase() != cluster::DEPLOY) return;
      record_.set_phase(cluster::RUN);
      after_the_write().emplace_back(RunTasks{});
      persist(actions);
      return;
    case TaskReportKind::kMarker: {
      GateState& gate = gates_[report.gate];
      gate.awaited.erase(task);
      if (gate.open || !gate.awaited.empty()) return;
      gate.open = true;
      actions.emplace_back(OpenGate{plan_.gates[report.gate].id});
      return;
    }
    case TaskReportKind::kFinished:
      not_finished_.erase(task);
      if (!not_finished_.empty()) return;
      if (checkpoints_) {
        actions.emplace_back(TakeLastCheckpoint{cluster::END_OF_INPUT});
        return;
      }
      end(phase() == cluster::STOPPING ? cluster::STOPPED : cluster::FINISHED, {}, actions);
      return;
    case TaskReportKind::kFailed:
      actions.emplace_back(CancelTasks{});
      end(cluster::FAILED, report.error, actions);
      return;
  }
}

void JobMaster::on(const StopRequested& request, Timestamp, Actions& actions) {
  if (phase() == cluster::STOPPING || (checkpoints_ && not_finished_.empty())) return;
  if (phase() != cluster::RUN) {
    // Nothing has been read yet.
    actions.emplace_back(CancelTasks{});
    end(cluster::STOPPED, {}, actions);
    return;
  }
  record_.set_phase(cluster::STOPPING);
  if (checkpoints_) {
    actions.emplace_back(TakeLastCheckpoint{request.drain ? cluster::DRAIN : cluster::STOP});
  } else {
    actions.emplace_back(StopSources{});
  }
  persist(actions);
}

void JobMaster::on(const LastCheckpointDone& done, Timestamp, Actions& actions) {
  if (!done.error)
    return end(not_finished_.empty() ? cluster::FINISHED : cluster::STOPPED, {}, actions);
  if (phase() != cluster::STOPPING) return;
  record_.set_phase(cluster::RUN);
  persist(actions);
}

void JobMaster::on(const CancelRequested&, Timestamp, Actions& actions) {
  actions.emplace_back(CancelTasks{});
  end(cluster::CANCELLED, {}, actions);
}

void JobMaster::on(const CheckpointsFailed& failed, Timestamp, Actions& actions) {
  actions.emplace_back(CancelTasks{});
  end(cluster::FAILED, failed.error, actions);
}

// The last word is on record before anybody hears it.
void JobMaster::end(JobPhase phase, std::optional<Error> error, Actions& actions) {
  ending_ = true;
  record_.set_phase(phase);
  if (error) record_.set_failure(error->to_string());
  end_ = {phase, std::move(error)};
  after_the_write().emplace_back(end_);
  persist(actions);
}

}  // namespace tributary
