#include "runtime/cluster/local_job.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "runtime/cluster/recorded_hash.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

namespace {
std::vector<graph::VertexId> sources_of(const graph::JobGraph& graph) {
  std::vector<graph::VertexId> sources;
  for (const graph::Vertex& vertex : graph.vertices()) {
    if (vertex.kind() == graph::SOURCE) sources.push_back({vertex.id()});
  }
  return sources;
}
ExecutionOptions execution_of(const LocalJob::Options& options) {
  ExecutionOptions execution = options.execution;
  if (options.opened == nullptr) return execution;
  execution.attempt = options.opened->record.attempt() + 1;
  execution.services = &options.opened->services;
  execution.restore = &options.opened->restored.plan;
  return execution;
}

JobMaster::Settings settings_of(const LocalJob::Options& options, const graph::JobGraph& graph) {
  JobMaster::Settings settings{
      .uid = options.uid, .graph_digest = recorded_bytes(graph::digest(graph)), .term = 1};
  if (options.opened == nullptr) return settings;
  const OpenedJob& opened = *options.opened;
  settings.uid = opened.record.uid();
  settings.term = opened.record.term();
  settings.attempts_before = opened.record.attempt();
  settings.version_before = opened.record.version();
  settings.checkpoints = true;
  settings.sources = opened.restored.sources;
  settings.open_gates = opened.restored.open_gates;
  return settings;
}

// Key group ranges of a keyed stage, by task.
checkpoint::StageRouting routing_of(const graph::JobGraph& graph, const graph::Stage& stage) {
  checkpoint::StageRouting routing;
  for (const graph::VertexId vertex : stage.vertices)
    routing.add_operators(graph::vertex_of(graph, vertex).name());
  routing.add_bounds(0);
  for (std::uint32_t task = 0; task < stage.parallelism; ++task)
    routing.add_bounds(stage.routing.range_of(task).end);
  return routing;
}
}  // namespace

LocalJob::LocalJob(const JobProgram& program, const graph::ExecutionPlan& plan, Options options)
    : program_(program),
      plan_(plan),
      options_(std::move(options)),
      execution_(std::make_unique<JobExecution>(program, plan, execution_of(options_), *this)),
      master_(plan, sources_of(program.graph), settings_of(options_, program.graph)),
      listers_(program.vertices.size()),
      writer_(options_.opened ? options_.opened->folder->metadata() : *options_.metadata,
              std::string(JobFolder::kRecordKey),
              options_.opened ? options_.opened->version : kNoRecord, *options_.execution.clock) {
  if (options_.opened == nullptr) return;
  record_ = options_.opened->record;
  make_driver();
}

LocalJob::~LocalJob() = default;

void LocalJob::make_driver() {
  OpenedJob& opened = *options_.opened;
  const OwnershipRound round{.attempt = record_.attempt() + 1,
                             .routing_version = plan_.routing_version,
                             .incarnation = opened.services.incarnation};
  std::vector<SinkRound::Sink> sinks;
  for (const graph::Vertex& vertex : program_.graph.vertices()) {
    if (!program_.vertices[vertex.id()].make_connector) continue;
    sinks.push_back({.vertex = {vertex.id()},
                     .name = vertex.name(),
                     .ownership = opened.restored.plan.vertices[vertex.id()].sink});
  }
  driver_ = std::make_unique<CheckpointDriver>(CheckpointDriver::Parts{
      .coordinator = std::move(opened.coordinator),
      .left_over = std::move(opened.left_over),
      .folder = opened.folder,
      .io = opened.services.io,
      .wake = [this] { post(WakeUp{}); },
      .clock = options_.execution.clock,
      .execution = execution_.get(),
      .uid = record_.uid(),
      .sinks = SinkRound(round, {opened.restored.plan.checkpoint.value},
                         opened.services.history->current().id, sinks,
                         opened.services.simulation.publish),
      .persist =
          [this](const cluster::CheckpointRecord& part, RecordWriter::Done done) {
            *record_.mutable_checkpoints() = part;
            writer_.write(record_, std::move(done));
          },
      .frame = [this] { return frame(); },
      .stop_done =
          [this](std::optional<Error> error) {
            if (error) {
              const std::lock_guard lock(mutex_);
              outcomes_.push_back({.path = {}, .error = error});
            }
            handle(LastCheckpointDone{std::move(error)});
          },
      .job_failed = [this](const Error& error) { handle(CheckpointsFailed{error}); },
      .savepoint_done =
          [this](std::uint64_t request, std::optional<Error> error) {
            const std::lock_guard lock(mutex_);
            outcomes_.push_back(
                {.path = std::exchange(savepoints_[request], {}), .error = std::move(error)});
            savepoints_.erase(request);
          }});
}

void LocalJob::start(Executor& executor) {
  execution_->start(executor);
  waker_.store(&executor.spawn("control", *this), std::memory_order_release);
  post(JobSubmitted{});
}

void LocalJob::request_stop(bool drain, std::string savepoint) {
  post(StopWanted{drain, std::move(savepoint)});
}
void LocalJob::cancel() { post(CancelRequested{}); }
void LocalJob::request_savepoint(std::string path) { post(SavepointWanted{std::move(path)}); }
void LocalJob::request_checkpoint() { post(CheckpointWanted{}); }
void LocalJob::on_report(TaskReport report) { post(std::move(report)); }
void LocalJob::on_snapshot(SnapshotReport report) { hear(std::move(report)); }
void LocalJob::on_sink_report(SinkReport report) { hear(std::move(report)); }

void LocalJob::hear(Arrival arrival) {
  ControlWire* wire = options_.opened->services.simulation.wire;
  if (wire == nullptr) return post(std::move(arrival));
  wire->carry([this, arrival = std::move(arrival)] { post(arrival); });
}

CheckpointProgress LocalJob::checkpoints() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

std::vector<LocalJob::SavepointOutcome> LocalJob::take_outcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

void LocalJob::post(Arrival arrival) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(arrival));
    has_arrived_.store(true, std::memory_order_release);
  }
  // Before start() there is nobody to wake: the first step takes the event.
  if (Waker* waker = waker_.load(std::memory_order_acquire)) waker->wake();
}

StepResult LocalJob::step() {
  bool progressed = false;
  if (has_arrived_.load(std::memory_order_acquire)) {
    std::vector<Arrival> arrivals;
    {
      const std::lock_guard lock(mutex_);
      arrivals.swap(arrived_);
      has_arrived_.store(false, std::memory_order_relaxed);
    }
    for (Arrival& arrival : arrivals) {
      if (!over()) take(arrival);
    }
    progressed = !arrivals.empty();
  }
  std::int64_t deadline = INT64_MAX;
  const Timestamp now = options_.execution.clock->now();
  if (!over()) progressed |= writer_.step();
  if (!over()) progressed |= run_listings(now, deadline);
  if (!over() && driver_ != nullptr) {
    progressed |= driver_->step(now, deadline);
    CheckpointProgress progress = driver_->progress(now);
    progress.failed += writer_.failures();
    if (writer_.failure()) {
      progress.last_failure = writer_.failure();
      if (!progress.output_held_since) progress.output_held_since = writer_.failing_since();
    }
    const std::lock_guard lock(mutex_);
    progress_ = progress;
  }
  deadline = std::min(deadline, writer_.next_nanos());
  return {.progressed = progressed && !over(), .finished = over(), .deadline_nanos = deadline};
}

void LocalJob::take(Arrival& arrival) {
  struct Taker {
    LocalJob& job;
    void operator()(JobEvent& event) const {
      if (std::holds_alternative<CancelRequested>(event)) job.writer_.give_up();
      if (job.over()) return;
      const auto* report = std::get_if<TaskReport>(&event);
      if (report != nullptr && report->kind == TaskReportKind::kFailed && job.driver_ != nullptr)
        job.driver_->attempt_ended(job.master_.record().attempt());
      job.handle(event);
    }
    void operator()(SnapshotReport& report) const { job.driver_->on_snapshot(std::move(report)); }
    void operator()(SinkReport& report) const { job.driver_->on_sink_report(report); }
    void operator()(WakeUp&) const {}
    void operator()(CheckpointWanted&) const {
      if (job.driver_ != nullptr) job.driver_->checkpoint_now();
    }
    void operator()(SavepointWanted& wanted) const {
      if (job.driver_ == nullptr) {
        const std::lock_guard lock(job.mutex_);
        job.outcomes_.push_back(
            {.path = wanted.path,
             .error = Error(ErrorCode::S419, "the job keeps no checkpoints (--no-state)")});
        return;
      }
      const std::uint64_t request = ++job.savepoint_requests_;
      job.savepoints_[request] = wanted.path;
      job.driver_->savepoint(request, wanted.path);
    }
    void operator()(StopWanted& wanted) const {
      job.stop_savepoint_ = std::move(wanted.savepoint);
      job.handle(StopRequested{.drain = wanted.drain});
    }
  };
  std::visit(Taker{*this}, arrival);
}

// What is on record beside what the tasks say.
ManifestFrame LocalJob::frame() const {
  ManifestFrame frame;
  frame.routing_version = plan_.routing_version;
  for (const graph::Stage& stage : plan_.stages)
    frame.routing.push_back(routing_of(program_.graph, stage));
  for (const cluster::SourceSplits& source : master_.record().sources()) {
    checkpoint::SplitTable& table = frame.sources.emplace_back();
    table.set_source(graph::vertex_of(program_.graph, {source.source()}).name());
    table.set_generation(source.generation());
    table.set_complete(source.complete());
    for (const cluster::AssignedSplit& split : source.splits()) {
      checkpoint::SplitEntry& entry = *table.add_splits();
      entry.set_id(split.id());
      entry.set_position(split.position());
      entry.set_end(split.end());
      entry.set_weight(split.weight());
      entry.set_task(split.task());
    }
    std::ranges::sort(*table.mutable_splits(), {}, [](const auto& split) { return split.id(); });
  }
  for (const graph::Gate& gate : plan_.gates) {
    checkpoint::GateSnapshot& snapshot = frame.gates.emplace_back();
    snapshot.set_source(graph::vertex_of(program_.graph, gate.gated_source).name());
    snapshot.set_open(master_.gate_is_open(gate.id));
  }
  return frame;
}

// One event and all that follows from it without waiting: an action's answer (persisted, listed) is
// the next event.
// Actions stay in order although this recurses: whatever answers at once (a record written) is the
// last action of its step (rule 65).
void LocalJob::handle(const JobEvent& event) {
  std::vector<JobAction> actions = master_.step(event, options_.execution.clock->now());
  phase_.store(master_.phase(), std::memory_order_relaxed);
  for (const JobAction& action : actions) perform(action);
}

void LocalJob::perform(const JobAction& action) {
  struct Performer {
    LocalJob& job;
    void operator()(const PersistRecord& persist) const {
      const cluster::CheckpointRecord checkpoints = job.record_.checkpoints();
      job.record_ = persist.record;
      *job.record_.mutable_checkpoints() = checkpoints;
      if (job.driver_ != nullptr) job.driver_->frame_changed();
      // A job that ends badly does not wait for its record.
      if (job.record_.phase() == cluster::FAILED || job.record_.phase() == cluster::CANCELLED)
        job.writer_.give_up();
      job.writer_.write(job.record_, [&job = job](const Status& written) {
        if (!written) return job.handle(PersistFailed{written.error()});
        job.handle(RecordPersisted{});
      });
    }
    void operator()(const OpenTasks&) const { job.execution_->open_tasks(); }
    void operator()(const ListSplits& order) const { job.listings_.push_back(order); }
    void operator()(const RunTasks&) const {
      job.execution_->run_tasks();
      if (job.driver_ != nullptr)
        job.driver_->attempt_started(job.master_.record().attempt(), job.execution_->task_ids());
    }
    void operator()(const AssignSplits& order) const {
      job.execution_->set_share_of_rate(order.source, order.task, order.share_of_rate);
      job.execution_->add_splits(order.source, order.task, order.splits);
    }
    void operator()(const NoMoreSplits& order) const {
      job.execution_->no_more_splits(order.source);
    }
    void operator()(const OpenGate& order) const {
      job.execution_->open_gate(order.gate);
      if (job.driver_ != nullptr) job.driver_->frame_changed();
    }
    void operator()(const TakeLastCheckpoint& order) const {
      std::optional<checkpoint_event::SavepointRequested> savepoint;
      const std::string path = std::exchange(job.stop_savepoint_, std::nullopt).value_or("");
      if (order.mode != cluster::END_OF_INPUT && !path.empty()) {
        savepoint = {.request = ++job.savepoint_requests_, .path = path};
        job.savepoints_[savepoint->request] = path;
      }
      job.driver_->take_last(order.mode, std::move(savepoint));
    }
    void operator()(const StopSources&) const { job.execution_->stop_sources(); }
    void operator()(const CancelTasks&) const { job.execution_->cancel(); }
    void operator()(const JobEnded& ended) const {
      job.outcome_ = {ended.phase, ended.error};
      job.execution_->leave();
      job.over_.store(true, std::memory_order_release);
    }
  };
  std::visit(Performer{*this}, action);
}

bool LocalJob::run_listings(Timestamp now, std::int64_t& deadline) {
  bool listed = false;
  std::vector<ListSplits> due;
  std::erase_if(listings_, [&](const ListSplits& order) {
    if (order.not_before > now) return false;
    due.push_back(order);
    return true;
  });
  for (const ListSplits& order : due) {
    list(order.source);
    listed = true;
    if (over()) return true;
  }
  for (const ListSplits& order : listings_) {
    const std::int64_t at = options_.execution.clock->monotonic_nanos() +
                            std::max<std::int64_t>((order.not_before - now).micros, 0) * 1000;
    deadline = std::min(deadline, at);
  }
  return listed;
}

void LocalJob::list(graph::VertexId source) {
  auto& lister = listers_[source.index()];
  if (lister == nullptr) {
    lister = program_.vertices[source.index()].make_lister();
    std::vector<std::string> known;
    for (const cluster::SourceSplits& table : master_.record().sources()) {
      if (table.source() != source.value) continue;
      for (const cluster::AssignedSplit& split : table.splits()) known.push_back(split.id());
    }
    lister->recall(known);
  }
  Result<std::vector<Split>> splits = lister->list();
  const std::string& name = program_.graph.vertices(static_cast<int>(source.value)).name();
  if (!splits) {
    handle(ListingFailed{source, std::move(splits).error().in(fmt::format("source {}", name))});
    return;
  }
  handle(SplitsListed{source, std::move(*splits), lister->interval()});
}

}  // namespace tributary
