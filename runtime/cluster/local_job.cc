#include "runtime/cluster/local_job.h"

#include <algorithm>
#include <deque>
#include <utility>

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
std::string digest_of(const graph::JobGraph& graph) {
  const Hash128 digest = graph::digest(graph);
  return {reinterpret_cast<const char*>(&digest), sizeof digest};
}
}  // namespace

LocalJob::LocalJob(const JobProgram& program, const graph::ExecutionPlan& plan, Options options)
    : program_(program),
      plan_(plan),
      options_(std::move(options)),
      execution_(std::make_unique<JobExecution>(program, plan, options_.execution, *this)),
      master_(plan, sources_of(program.graph),
              {.uid = options_.uid, .graph_digest = digest_of(program.graph), .term = 1}),
      listers_(program.vertices.size()) {}

LocalJob::~LocalJob() = default;

void LocalJob::start(Executor& executor) {
  execution_->start(executor);
  waker_.store(&executor.spawn("control", *this), std::memory_order_release);
  post(JobSubmitted{});
}

void LocalJob::request_stop() { post(StopRequested{}); }
void LocalJob::cancel() { post(CancelRequested{}); }
void LocalJob::on_report(TaskReport report) { post(std::move(report)); }

void LocalJob::post(JobEvent event) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(event));
    has_arrived_.store(true, std::memory_order_release);
  }
  // Before start() there is nobody to wake: the first step takes the event.
  if (Waker* waker = waker_.load(std::memory_order_acquire)) waker->wake();
}

StepResult LocalJob::step() {
  bool progressed = false;
  if (has_arrived_.load(std::memory_order_acquire)) {
    std::vector<JobEvent> events;
    {
      const std::lock_guard lock(mutex_);
      events.swap(arrived_);
      has_arrived_.store(false, std::memory_order_relaxed);
    }
    for (const JobEvent& event : events) handle(event);
    progressed = !events.empty();
  }
  std::int64_t deadline = INT64_MAX;
  if (!over()) progressed |= run_listings(options_.execution.clock->now(), deadline);
  return {.progressed = progressed && !over(), .finished = over(), .deadline_nanos = deadline};
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
      Result<SetOutcome> written = job.options_.metadata->compare_and_set(
          job.options_.metadata_key, job.metadata_version_, persist.record.SerializeAsString());
      if (!written) return job.handle(PersistFailed{std::move(written).error()});
      if (!written->stored) {
        return job.handle(PersistFailed{Error(
            ErrorCode::J601, fmt::format("record {} is at version {}, this coordinator wrote {}",
                                         job.options_.metadata_key, written->version.value,
                                         job.metadata_version_.value))});
      }
      job.metadata_version_ = written->version;
      job.handle(RecordPersisted{});
    }
    void operator()(const OpenTasks&) const { job.execution_->open_tasks(); }
    void operator()(const ListSplits& order) const { job.listings_.push_back(order); }
    void operator()(const RunTasks&) const { job.execution_->run_tasks(); }
    void operator()(const AssignSplits& order) const {
      job.execution_->set_share_of_rate(order.source, order.task, order.share_of_rate);
      job.execution_->add_splits(order.source, order.task, order.splits);
    }
    void operator()(const NoMoreSplits& order) const {
      job.execution_->no_more_splits(order.source);
    }
    void operator()(const OpenGate& order) const { job.execution_->open_gate(order.gate); }
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
  if (lister == nullptr) lister = program_.vertices[source.index()].make_lister();
  Result<std::vector<Split>> splits = lister->list();
  const std::string& name = program_.graph.vertices(static_cast<int>(source.value)).name();
  if (!splits) {
    handle(ListingFailed{source, std::move(splits).error().in(fmt::format("source {}", name))});
    return;
  }
  handle(SplitsListed{source, std::move(*splits), lister->interval()});
}

}  // namespace tributary
