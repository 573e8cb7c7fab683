#include "runtime/exec/task_building.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/manifest/blob_deletion.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

using graph::Exchange;
using graph::ExchangeId;
using graph::Gate;
using graph::StageId;

TaskBuilding::TaskBuilding(Attempt& attempt, const graph::Stage& stage, std::uint32_t task,
                           Slot& slot, TaskMetrics& metrics)
    : attempt_(attempt), stage_(stage), task_(task), slot_(slot), metrics_(metrics) {
  parts_.id = {.attempt = attempt_.options.attempt, .stage = stage_.id.value, .task = task_};
  parts_.metrics = &metrics_;
  parts_.clock = attempt_.options.clock;
  parts_.listener = &attempt_.listener;
  parts_.finished = was_finished(stage_.id, task_);
}

std::unique_ptr<Task> TaskBuilding::build() {
  add_inputs();
  add_gates();
  add_services();
  add_nodes();
  add_chained_edges();
  add_outboxes();
  add_chain();
  if (stage_.is_source) add_source();
  if (attempt_.options.services != nullptr) add_snapshots();
  return std::make_unique<Task>(std::move(parts_));
}

// Channels in, and what had come on them.
void TaskBuilding::add_inputs() {
  for (const ExchangeId id : stage_.inputs) {
    const Exchange& exchange = attempt_.plan.exchanges[id.index()];
    for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from) {
      if (!exchange.connects(from, task_)) continue;
      parts_.inputs.push_back(
          {.channel = attempt_.channel(id, from, task_),
           .operator_input = exchange.to_input,
           .from_slot = attempt_.plan.stages[exchange.from.index()].slots[from].value});
      input_exchanges_.push_back(id);
      if (restored() != nullptr) parts_.input_times.push_back(time_of(exchange.from_vertex, from));
    }
  }
}

// Which markers this task waits for, on which of its channels, and whether it passes them on.
void TaskBuilding::add_gates() {
  for (const Gate& gate : attempt_.plan.gates) {
    std::vector<ExchangeId> counted;
    bool concerned = stage_.id == gate.gating;
    bool passes_on = concerned;
    if (std::ranges::find(gate.passing, stage_.id) != gate.passing.end()) {
      concerned = passes_on = true;
      for (const ExchangeId id : stage_.inputs) {
        const StageId from = attempt_.plan.exchanges[id.index()].from;
        if (from == gate.gating || std::ranges::find(gate.passing, from) != gate.passing.end())
          counted.push_back(id);
      }
    }
    for (const Gate::Joint& joint : gate.joints) {
      if (joint.stage != stage_.id) continue;
      concerned = true;
      counted = joint.exchanges;
    }
    if (!concerned) continue;
    TaskGate task_gate{.gate = gate.id.value,
                       .expected = 0,
                       .passes_on = passes_on,
                       .from_channel = {},
                       .seen = 0};
    for (const ExchangeId id : input_exchanges_) {
      const bool counts = std::ranges::find(counted, id) != counted.end();
      task_gate.from_channel.push_back(counts);
      task_gate.expected += counts ? 1 : 0;
    }
    parts_.gates.push_back(std::move(task_gate));
  }
}

// State, and with checkpoints what stores snapshots and publishes output.
void TaskBuilding::add_services() {
  const SnapshotServices* services = attempt_.options.services;
  TaskState::Parts state{.key_group_count = attempt_.plan.key_group_count,
                         .groups = stage_.routing.range_of(task_),
                         .clock = attempt_.options.clock};
  if (services != nullptr) {
    newest_->value = attempt_.options.restore->checkpoint.value;
    const auto wake = [&slot = slot_] { slot.wake(); };
    parts_.io = std::make_unique<TaskIo>(*services->io, wake);
    parts_.blobs = services->blobs;
    state.services = services;
    state.io = parts_.io.get();
    state.wake = wake;
    state.folder =
        fmt::format("{}/stage-{}-task-{}", services->work_folder, stage_.id.value, task_);
    state.memory_bytes = memory();
    state.blob_prefix = blob_prefix();
    state.restored = &attempt_.options.restore->stages[stage_.id.index()].keyed_state;
  }
  parts_.state = std::make_unique<TaskState>(std::move(state));
  if (services == nullptr) return;
  for (const graph::VertexId vertex : stage_.vertices) {
    if (attempt_.program.vertices[vertex.index()].make_connector)
      parts_.sinks.push_back({vertex, make_sink(vertex)});
  }
}

void TaskBuilding::add_nodes() {
  for (const graph::VertexId vertex : stage_.vertices) {
    node_of_[vertex.value] = static_cast<std::uint32_t>(nodes_.size());
    auto& counted = metrics_.operators.emplace_back(std::make_unique<OperatorMetrics>());
    counted->name = about(vertex).name();
    counted->vertex = vertex.value;
    ChainNodeSpec node;
    node.name = about(vertex).name();
    node.metrics = counted.get();
    node.ports.resize(1 + static_cast<std::size_t>(about(vertex).side_outputs_size()));
    if (about(vertex).kind() != graph::SOURCE)
      node.op = attempt_.program.vertices[vertex.index()].make_operator();
    node.time = time_of(vertex, task_);
    if (restored() != nullptr)
      parts_.operator_states.push_back(restored()->vertices[vertex.index()].states);
    for (const TaskSink& sink : parts_.sinks) {
      if (sink.vertex == vertex) node.staged = sink.sink.get();
    }
    nodes_.push_back(std::move(node));
  }
  nodes_[0].control_inputs =
      std::max<std::uint32_t>(static_cast<std::uint32_t>(parts_.inputs.size()), 1);
  nodes_[0].input_times = parts_.input_times;
}

void TaskBuilding::add_chained_edges() {
  for (const graph::EdgeId id : stage_.chained_edges) {
    const graph::Edge& edge = attempt_.program.graph.edges(static_cast<int>(id.value));
    const std::uint32_t to = node_of_.at(edge.to());
    if (restored() != nullptr) nodes_[to].input_times.push_back(time_of({edge.from()}, task_));
    nodes_[node_of_.at(edge.from())].ports[edge.from_port()].push_back(
        {.node = to,
         .input = edge.to_input(),
         .status = nodes_[to].control_inputs++,
         .outbox = nullptr});
  }
}

void TaskBuilding::add_outboxes() {
  const ExecutionOptions& options = attempt_.options;
  for (const ExchangeId id : stage_.outputs) {
    const Exchange& exchange = attempt_.plan.exchanges[id.index()];
    const EdgeCode& code = attempt_.program.edges[exchange.edge.index()];
    const graph::Stage& receiver = attempt_.plan.stages[exchange.to.index()];
    std::vector<OutboxTarget> targets;
    for (std::uint32_t to = 0; to < exchange.to_parallelism; ++to) {
      if (!exchange.connects(task_, to)) continue;
      Channel* out = attempt_.channel(id, task_, to);
      targets.push_back(
          {.channel = out, .transport_index = slot_.add_channel(*out, receiver.slots[to].value)});
    }
    parts_.outboxes.push_back(
        std::make_unique<Outbox>(OutboxOptions{.kind = exchange.kind,
                                               .type = code.record_type,
                                               .key_hash = code.key_hash,
                                               .routing = &receiver.routing,
                                               .linger = options.linger,
                                               .soft_limit_bytes = options.outbox_soft_limit_bytes,
                                               .batch_bytes = options.batch_bytes},
                                 std::move(targets), slot_, slot_.pool()));
    outboxes_.push_back(parts_.outboxes.back().get());
    nodes_[node_of_.at(exchange.from_vertex.value)].ports[exchange.from_port].push_back(
        {.outbox = outboxes_.back()});
  }
}

void TaskBuilding::add_chain() {
  ChainEnvironment environment{
      .job_name = attempt_.program.graph.name(),
      .task_index = task_,
      .parallelism = stage_.parallelism,
      .key_group_count = attempt_.plan.key_group_count,
      .clock = attempt_.options.clock,
      .pool = &slot_.pool(),
      .keyed_state = [state = parts_.state.get()](
                         const std::string& name) { return state->of_operator(name); },
      .event_time_passed =
          [state = parts_.state.get()](Timestamp to) { state->advance_event_time(to); }};
  parts_.chain =
      std::make_unique<OperatorChain>(std::move(environment), std::move(nodes_), outboxes_);
}

void TaskBuilding::add_source() {
  const graph::VertexId vertex = stage_.vertices[0];
  const std::string& name = about(vertex).name();
  const std::string_view topic = property(about(vertex), "topic");
  const std::string_view path = property(about(vertex), graph::kPathProperty);
  metrics_.backlog_unit = property(about(vertex), graph::kBacklogUnitProperty);
  parts_.source = std::make_unique<SourceDriver>(
      attempt_.program.vertices[vertex.index()],
      SourceDriver::Options{.source_name = name,
                            .topic = std::string(!topic.empty()  ? topic
                                                 : !path.empty() ? path
                                                                 : name),
                            .gated = !about(vertex).gated_by().empty(),
                            .metrics = metrics_.operators[0].get(),
                            .clock = attempt_.options.clock,
                            .time = time_of(vertex, task_)},
      *parts_.chain);
}

void TaskBuilding::add_snapshots() {
  TaskSnapshots::Parts snapshots{.id = parts_.id,
                                 .parallelism = stage_.parallelism,
                                 .channels = static_cast<std::uint32_t>(parts_.inputs.size()),
                                 .chain = parts_.chain.get(),
                                 .source = parts_.source.get(),
                                 .state = parts_.state.get(),
                                 .io = parts_.io.get(),
                                 .blobs = attempt_.options.services->blobs,
                                 .blob_prefix = blob_prefix(),
                                 .listener = &attempt_.listener,
                                 .newest = newest_,
                                 .hazards = attempt_.options.services->simulation.aligner};
  for (std::uint32_t i = 0; i < parts_.input_times.size(); ++i) {
    if (parts_.input_times[i].ended) snapshots.ended_channels.push_back(i);
  }
  for (const TaskSink& sink : parts_.sinks) snapshots.sinks.push_back(sink.sink.get());
  snapshots.outboxes = outboxes_;
  parts_.snapshots = std::make_unique<TaskSnapshots>(std::move(snapshots));
}

std::unique_ptr<StagedSink> TaskBuilding::make_sink(graph::VertexId vertex) const {
  const SnapshotServices& services = *attempt_.options.services;
  const RestorePlan& restore = *attempt_.options.restore;
  const SinkOwnership& ownership = restore.vertices[vertex.index()].sink;
  const SinkIdentity identity{
      .uid = services.uid, .sink = about(vertex).name(), .numbers = ownership.numbers};
  std::shared_ptr<SinkConnector>& connector = attempt_.connectors[vertex.value];
  if (connector == nullptr)
    connector = attempt_.program.vertices[vertex.index()].make_connector(identity);
  const OwnershipRound round{.attempt = attempt_.options.attempt,
                             .routing_version = services.routing_version,
                             .incarnation = services.incarnation};
  return std::make_unique<StagedSink>(StagedSink::Parts{
      .identity = identity,
      .round = round,
      .own = {task_},
      .restored = {restore.checkpoint.value},
      .history = *services.history,
      .writers = ownership.tasks[task_],
      .connector = connector,
      .blobs = services.blobs,
      .blob_prefix = blob_prefix(),
      .clock = attempt_.options.clock,
      .io = parts_.io.get(),
      .limits = services.publish_limits,
      .hazards = services.simulation.publish,
      .report = [&listener = attempt_.listener, task = parts_.id, vertex,
                 round](const OwnerReport& report) {
        listener.on_sink_report({.task = task, .sink = vertex, .round = round, .report = report});
      }});
}

std::function<std::string()> TaskBuilding::blob_prefix() const {
  const SnapshotServices& services = *attempt_.options.services;
  return
      [uid = services.uid_bytes, lineage = services.history->current().id.to_hex(),
       attempt = attempt_.options.attempt, newest = std::shared_ptr<const CheckpointId>(newest_)] {
        return tributary::blob_prefix(uid, lineage, attempt, newest->value);
      };
}

const RestorePlan* TaskBuilding::restored() const {
  const RestorePlan* plan = attempt_.options.restore;
  return plan != nullptr && plan->checkpoint.value != 0 ? plan : nullptr;
}

bool TaskBuilding::was_finished(StageId stage, std::uint32_t task) const {
  return restored() != nullptr &&
         (restored()->only_publish || restored()->stages[stage.index()].finished[task]);
}

// A task that ends anew says so anew.
OperatorTime TaskBuilding::time_of(graph::VertexId vertex, std::uint32_t task) const {
  if (restored() == nullptr) return {};
  OperatorTime time = restored()->vertices[vertex.index()].times[task];
  if (!was_finished(attempt_.plan.stage_of_vertex[vertex.index()], task))
    time.ended = time.drained = false;
  return time;
}

// Of the job's memory for keyed state an equal part for each task that has any.
std::size_t TaskBuilding::memory() const {
  const auto has_state = [this](const graph::Stage& one) {
    return std::ranges::any_of(
        one.vertices, [this](graph::VertexId vertex) { return about(vertex).states_size() > 0; });
  };
  if (!has_state(stage_)) return 0;
  std::size_t tasks = 0;
  for (const graph::Stage& one : attempt_.plan.stages)
    tasks += has_state(one) ? one.parallelism : 0;
  return attempt_.options.services->memory_bytes / std::max<std::size_t>(tasks, 1);
}

}  // namespace tributary
