#include "runtime/exec/job_execution.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "checkpoint/manifest/blob_deletion.h"
#include "runtime/graph/job_graph.h"

namespace tributary {

using graph::Exchange;
using graph::ExchangeId;
using graph::Gate;
using graph::Stage;
using graph::StageId;

JobExecution::JobExecution(const JobProgram& program, const graph::ExecutionPlan& plan,
                           ExecutionOptions options, TaskListener& listener)
    : program_(program), plan_(plan), options_(std::move(options)), listener_(listener) {
  for (std::uint32_t i = 0; i < plan_.slot_count; ++i) {
    slots_.push_back(std::make_unique<Slot>(Slot::Options{.index = i,
                                                          .slot_count = plan_.slot_count,
                                                          .slice = options_.slice,
                                                          .clock = options_.clock}));
  }
  build_channels();
  for (const Stage& stage : plan_.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task) build_task(stage, task);
  }
}

JobExecution::~JobExecution() {
  for (const auto& slot : slots_) slot->clear_tasks();
  channels_.clear();
}

Channel* JobExecution::channel(ExchangeId exchange, std::uint32_t from, std::uint32_t to) {
  return channels_[exchange.index()]
                  [std::size_t{from} * plan_.exchanges[exchange.index()].to_parallelism + to]
                      .get();
}

// The channels, and between each two slots a ring with room for all the credit that crosses it.
void JobExecution::build_channels() {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> crossing;
  for (const Exchange& exchange : plan_.exchanges) {
    auto& channels =
        channels_.emplace_back(std::size_t{exchange.from_parallelism} * exchange.to_parallelism);
    const std::size_t senders = exchange.kind == graph::FORWARD ? 1 : exchange.from_parallelism;
    const std::size_t bytes =
        std::max(options_.credit_pool_bytes / senders, options_.credit_floor_bytes);
    // Rings have room for every batch of every channel: a channel that is owed little gets few.
    const auto batches = static_cast<std::uint32_t>(
        std::clamp<std::size_t>(bytes / 512, 8, std::max(8U, options_.credit_batches)));
    const ChannelCredit credit{.bytes = bytes,
                               .batches = std::min(batches, options_.credit_batches)};
    for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from) {
      for (std::uint32_t to = 0; to < exchange.to_parallelism; ++to) {
        if (!exchange.connects(from, to)) continue;
        const ChannelId id = ChannelId::make(options_.attempt, exchange.id.value, from, to);
        channels[std::size_t{from} * exchange.to_parallelism + to] =
            std::make_unique<Channel>(id, credit);
        credit_bytes_ += credit.bytes;
        const std::uint32_t from_slot = plan_.stages[exchange.from.index()].slots[from].value;
        const std::uint32_t to_slot = plan_.stages[exchange.to.index()].slots[to].value;
        if (from_slot != to_slot) crossing[{from_slot, to_slot}] += credit.batches;
      }
    }
  }
  for (const auto& [pair, capacity] : crossing) {
    SlotLink& link =
        *links_.emplace_back(std::make_unique<SlotLink>(pair.first, pair.second, capacity));
    slots_[link.from]->add_outgoing(link);
    slots_[link.to]->add_incoming(link);
  }
}

void JobExecution::build_task(const Stage& stage, std::uint32_t task) {
  const std::uint32_t slot_index = stage.slots[task].value;
  Slot& slot = *slots_[slot_index];
  TaskMetrics& metrics = metrics_.emplace_back();
  metrics.stage = stage.id.value;
  metrics.task = task;
  metrics.slot = slot_index;
  metrics.backlog.set(-1);
  metrics.watermark.set(Timestamp::min().micros);

  Task::Parts parts;
  parts.id = {.attempt = options_.attempt, .stage = stage.id.value, .task = task};
  parts.metrics = &metrics;
  parts.clock = options_.clock;
  parts.listener = &listener_;

  // Channels in.
  std::vector<ExchangeId> input_exchanges;  // by input
  for (const ExchangeId id : stage.inputs) {
    const Exchange& exchange = plan_.exchanges[id.index()];
    for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from) {
      if (!exchange.connects(from, task)) continue;
      parts.inputs.push_back({.channel = channel(id, from, task),
                              .operator_input = exchange.to_input,
                              .from_slot = plan_.stages[exchange.from.index()].slots[from].value});
      input_exchanges.push_back(id);
    }
  }
  parts.gates = gates_of(stage, input_exchanges);
  parts.finished = was_finished(stage.id, task);
  const auto newest = std::make_shared<CheckpointId>();
  add_services(stage, parts, slot, newest);

  // Nodes, in the order of the stage's vertices.
  std::map<std::uint32_t, std::uint32_t> node_of;
  std::vector<ChainNodeSpec> nodes;
  for (const graph::VertexId vertex : stage.vertices) {
    const graph::Vertex& about = program_.graph.vertices(static_cast<int>(vertex.value));
    node_of[vertex.value] = static_cast<std::uint32_t>(nodes.size());
    auto& counted = metrics.operators.emplace_back(std::make_unique<OperatorMetrics>());
    counted->name = about.name();
    counted->vertex = vertex.value;
    ChainNodeSpec node;
    node.name = about.name();
    node.metrics = counted.get();
    node.ports.resize(1 + static_cast<std::size_t>(about.side_outputs_size()));
    if (about.kind() != graph::SOURCE) node.op = program_.vertices[vertex.index()].make_operator();
    node.time = time_of(vertex, task);
    if (options_.restore != nullptr) {
      const RestorePlan::Vertex& restored = options_.restore->vertices[vertex.index()];
      parts.operator_states.push_back(restored.states);
    }
    for (const TaskSink& sink : parts.sinks) {
      if (sink.vertex == vertex) node.staged = sink.sink.get();
    }
    nodes.push_back(std::move(node));
  }
  nodes[0].control_inputs =
      std::max<std::uint32_t>(static_cast<std::uint32_t>(parts.inputs.size()), 1);
  if (options_.restore != nullptr && options_.restore->checkpoint.value != 0) {
    for (const ExchangeId id : stage.inputs) {
      const Exchange& exchange = plan_.exchanges[id.index()];
      for (std::uint32_t from = 0; from < exchange.from_parallelism; ++from) {
        if (exchange.connects(from, task))
          parts.input_times.push_back(time_of(exchange.from_vertex, from));
      }
    }
    nodes[0].input_times = parts.input_times;
  }
  for (const graph::EdgeId id : stage.chained_edges) {
    const graph::Edge& edge = program_.graph.edges(static_cast<int>(id.value));
    const std::uint32_t to = node_of.at(edge.to());
    if (options_.restore != nullptr && options_.restore->checkpoint.value != 0)
      nodes[to].input_times.push_back(time_of({edge.from()}, task));
    nodes[node_of.at(edge.from())].ports[edge.from_port()].push_back(
        {.node = to,
         .input = edge.to_input(),
         .status = nodes[to].control_inputs++,
         .outbox = nullptr});
  }

  // Outboxes.
  std::vector<Outbox*> outboxes;
  for (const ExchangeId id : stage.outputs) {
    const Exchange& exchange = plan_.exchanges[id.index()];
    const EdgeCode& code = program_.edges[exchange.edge.index()];
    std::vector<OutboxTarget> targets;
    for (std::uint32_t to = 0; to < exchange.to_parallelism; ++to) {
      if (!exchange.connects(task, to)) continue;
      Channel* out = channel(id, task, to);
      const std::uint32_t to_slot = plan_.stages[exchange.to.index()].slots[to].value;
      targets.push_back({.channel = out, .transport_index = slot.add_channel(*out, to_slot)});
    }
    const OutboxOptions options{.kind = exchange.kind,
                                .type = code.record_type,
                                .key_hash = code.key_hash,
                                .routing = &plan_.stages[exchange.to.index()].routing,
                                .linger = options_.linger,
                                .soft_limit_bytes = options_.outbox_soft_limit_bytes,
                                .batch_bytes = options_.batch_bytes};
    parts.outboxes.push_back(
        std::make_unique<Outbox>(options, std::move(targets), slot, slot.pool()));
    outboxes.push_back(parts.outboxes.back().get());
    nodes[node_of.at(exchange.from_vertex.value)].ports[exchange.from_port].push_back(
        {.outbox = outboxes.back()});
  }

  ChainEnvironment environment{
      .job_name = program_.graph.name(),
      .task_index = task,
      .parallelism = stage.parallelism,
      .key_group_count = plan_.key_group_count,
      .clock = options_.clock,
      .pool = &slot.pool(),
      .keyed_state =
          [state = parts.state.get()](const std::string& name) { return state->of_operator(name); },
      .event_time_passed =
          [state = parts.state.get()](Timestamp to) { state->advance_event_time(to); }};
  OperatorMetrics* head_metrics = nodes[0].metrics;
  const OperatorTime head_time = nodes[0].time;
  parts.chain = std::make_unique<OperatorChain>(std::move(environment), std::move(nodes),
                                                std::move(outboxes));

  if (stage.is_source) {
    const graph::VertexId vertex = stage.vertices[0];
    const graph::Vertex& about = program_.graph.vertices(static_cast<int>(vertex.value));
    const std::string_view topic = property(about, "topic");
    const std::string_view path = property(about, graph::kPathProperty);
    metrics.backlog_unit = property(about, graph::kBacklogUnitProperty);
    SourceDriver::Options source{.source_name = about.name(),
                                 .topic = std::string(!topic.empty()  ? topic
                                                      : !path.empty() ? path
                                                                      : about.name()),
                                 .gated = !about.gated_by().empty(),
                                 .metrics = head_metrics,
                                 .clock = options_.clock,
                                 .time = head_time};
    parts.source = std::make_unique<SourceDriver>(program_.vertices[vertex.index()],
                                                  std::move(source), *parts.chain);
  }
  if (options_.services != nullptr) {
    TaskSnapshots::Parts snapshots{.id = parts.id,
                                   .parallelism = stage.parallelism,
                                   .channels = static_cast<std::uint32_t>(parts.inputs.size()),
                                   .chain = parts.chain.get(),
                                   .source = parts.source.get(),
                                   .state = parts.state.get(),
                                   .io = parts.io.get(),
                                   .blobs = options_.services->blobs,
                                   .blob_prefix = blob_prefix_of(newest),
                                   .listener = &listener_,
                                   .newest = newest,
                                   .hazards = options_.services->simulation.aligner};
    for (std::uint32_t i = 0; i < parts.input_times.size(); ++i) {
      if (parts.input_times[i].ended) snapshots.ended_channels.push_back(i);
    }
    for (const TaskSink& sink : parts.sinks) snapshots.sinks.push_back(sink.sink.get());
    for (const auto& outbox : parts.outboxes) snapshots.outboxes.push_back(outbox.get());
    parts.snapshots = std::make_unique<TaskSnapshots>(std::move(snapshots));
  }
  slot.add_task(std::make_unique<Task>(std::move(parts)));
}

std::vector<TaskId> JobExecution::task_ids() const {
  std::vector<TaskId> ids;
  for (const Stage& stage : plan_.stages) {
    for (std::uint32_t task = 0; task < stage.parallelism; ++task)
      ids.push_back({.attempt = options_.attempt, .stage = stage.id.value, .task = task});
  }
  return ids;
}

bool JobExecution::was_finished(StageId stage, std::uint32_t task) const {
  return options_.restore != nullptr && options_.restore->stages[stage.index()].finished[task];
}

// A task that ends anew says so anew.
OperatorTime JobExecution::time_of(graph::VertexId vertex, std::uint32_t task) const {
  if (options_.restore == nullptr) return {};
  OperatorTime time = options_.restore->vertices[vertex.index()].times[task];
  if (!was_finished(plan_.stage_of_vertex[vertex.index()], task)) time.ended = time.drained = false;
  return time;
}

std::size_t JobExecution::memory_of_task(const Stage& stage) const {
  const auto has_state = [&](const Stage& one) {
    return std::ranges::any_of(one.vertices, [&](graph::VertexId vertex) {
      return program_.graph.vertices(static_cast<int>(vertex.value)).states_size() > 0;
    });
  };
  if (!has_state(stage)) return 0;
  std::size_t tasks = 0;
  for (const Stage& one : plan_.stages) tasks += has_state(one) ? one.parallelism : 0;
  return options_.services->memory_bytes / std::max<std::size_t>(tasks, 1);
}

std::function<std::string()> JobExecution::blob_prefix_of(
    std::shared_ptr<const CheckpointId> newest) const {
  return [uid = options_.services->uid_bytes,
          lineage = options_.services->history->current().id.to_hex(), attempt = options_.attempt,
          newest = std::move(newest)] { return blob_prefix(uid, lineage, attempt, newest->value); };
}

// State, and with checkpoints what stores snapshots and publishes output.
void JobExecution::add_services(const Stage& stage, Task::Parts& parts, Slot& slot,
                                const std::shared_ptr<CheckpointId>& newest) {
  const SnapshotServices* services = options_.services;
  TaskState::Parts state{.key_group_count = plan_.key_group_count,
                         .groups = stage.routing.range_of(parts.id.task),
                         .clock = options_.clock};
  if (services != nullptr) {
    newest->value = options_.restore->checkpoint.value;
    const auto wake = [&slot] { slot.wake(); };
    parts.io = std::make_unique<TaskIo>(*services->io, wake);
    parts.blobs = services->blobs;
    state.services = services;
    state.io = parts.io.get();
    state.wake = wake;
    state.folder =
        fmt::format("{}/stage-{}-task-{}", services->work_folder, stage.id.value, parts.id.task);
    state.memory_bytes = memory_of_task(stage);
    state.blob_prefix = blob_prefix_of(newest);
    state.restored = &options_.restore->stages[stage.id.index()].keyed_state;
  }
  parts.state = std::make_unique<TaskState>(std::move(state));
  if (services == nullptr) return;
  for (const graph::VertexId vertex : stage.vertices) {
    if (program_.vertices[vertex.index()].make_connector)
      parts.sinks.push_back({vertex, make_sink(vertex, parts, newest)});
  }
}

std::unique_ptr<StagedSink> JobExecution::make_sink(
    graph::VertexId vertex, const Task::Parts& parts,
    const std::shared_ptr<const CheckpointId>& newest) {
  const SnapshotServices& services = *options_.services;
  const SinkOwnership& ownership = options_.restore->vertices[vertex.index()].sink;
  const SinkIdentity identity{
      .uid = services.uid,
      .sink = program_.graph.vertices(static_cast<int>(vertex.value)).name(),
      .numbers = ownership.numbers};
  std::shared_ptr<SinkConnector>& connector = connectors_[vertex.value];
  if (connector == nullptr) connector = program_.vertices[vertex.index()].make_connector(identity);
  const OwnershipRound round{.attempt = options_.attempt,
                             .routing_version = services.routing_version};
  return std::make_unique<StagedSink>(StagedSink::Parts{
      .identity = identity,
      .round = round,
      .own = {parts.id.task},
      .restored = {options_.restore->checkpoint.value},
      .history = *services.history,
      .writers = ownership.tasks[parts.id.task],
      .connector = connector,
      .blobs = services.blobs,
      .blob_prefix = blob_prefix_of(newest),
      .clock = options_.clock,
      .io = parts.io.get(),
      .limits = services.publish_limits,
      .hazards = services.simulation.publish,
      .report = [this, task = parts.id, vertex, round](const OwnerReport& report) {
        listener_.on_sink_report({.task = task, .sink = vertex, .round = round, .report = report});
      }});
}

// Which markers this task waits for, on which of its channels, and whether it passes them on.
std::vector<TaskGate> JobExecution::gates_of(const Stage& stage,
                                             const std::vector<ExchangeId>& input_exchanges) const {
  std::vector<TaskGate> gates;
  for (const Gate& gate : plan_.gates) {
    std::vector<ExchangeId> counted;
    bool concerned = stage.id == gate.gating;
    bool passes_on = concerned;
    if (std::ranges::find(gate.passing, stage.id) != gate.passing.end()) {
      concerned = passes_on = true;
      for (const ExchangeId id : stage.inputs) {
        const StageId from = plan_.exchanges[id.index()].from;
        if (from == gate.gating || std::ranges::find(gate.passing, from) != gate.passing.end())
          counted.push_back(id);
      }
    }
    for (const Gate::Joint& joint : gate.joints) {
      if (joint.stage != stage.id) continue;
      concerned = true;
      counted = joint.exchanges;
    }
    if (!concerned) continue;
    TaskGate task_gate{.gate = gate.id.value,
                       .expected = 0,
                       .passes_on = passes_on,
                       .from_channel = {},
                       .seen = 0};
    for (const ExchangeId id : input_exchanges) {
      const bool counts = std::ranges::find(counted, id) != counted.end();
      task_gate.from_channel.push_back(counts);
      task_gate.expected += counts ? 1 : 0;
    }
    gates.push_back(std::move(task_gate));
  }
  return gates;
}

void JobExecution::start(Executor& executor) {
  // Slots step from the moment they are spawned, but look at wakers only in answer to a command,
  // and nobody posts one before this returns.
  std::vector<Waker*> wakers;
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    wakers.push_back(&executor.spawn(fmt::format("slot-{}", i), *slots_[i]));
  }
  for (const auto& slot : slots_) slot->set_wakers(wakers);
  for (Waker* waker : wakers) waker->wake();
}

void JobExecution::post_all(const std::function<void(Slot&)>& order) {
  for (const auto& slot : slots_) slot->post(order);
}

// Of words that the control plane says again, or does without.
void JobExecution::say_all(const std::function<void(Task&)>& word) {
  ControlWire* wire = options_.services->simulation.wire;
  for (const auto& slot : slots_) {
    const auto deliver = [to = slot.get(), word] {
      to->post([word](Slot& at) {
        for (const auto& task : at.tasks()) {
          if (!task->over()) word(*task);
        }
      });
    };
    if (wire != nullptr)
      wire->carry(deliver);
    else
      deliver();
  }
}

void JobExecution::for_tasks(StageId stage, const std::function<void(Task&)>& order) {
  for (std::uint32_t task = 0; task < plan_.stages[stage.index()].parallelism; ++task)
    for_task(stage, task, order);
}

void JobExecution::for_task(StageId stage, std::uint32_t task,
                            const std::function<void(Task&)>& order) {
  const TaskId id{.attempt = options_.attempt, .stage = stage.value, .task = task};
  slots_[plan_.stages[stage.index()].slots[task].index()]->post(
      [id, order](Slot& slot) { order(*slot.find(id)); });
}

void JobExecution::open_tasks() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) task->open();
  });
}

void JobExecution::run_tasks() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) task->run();
  });
}

void JobExecution::add_splits(graph::VertexId source, std::uint32_t task,
                              std::vector<Split> splits) {
  for_task(plan_.stage_of_vertex[source.index()], task,
           [splits = std::move(splits)](Task& reader) { reader.source()->add_splits(splits); });
}

void JobExecution::set_share_of_rate(graph::VertexId source, std::uint32_t task, double share) {
  for_task(plan_.stage_of_vertex[source.index()], task,
           [share](Task& reader) { reader.source()->set_share_of_rate(share); });
}

void JobExecution::no_more_splits(graph::VertexId source) {
  for_tasks(plan_.stage_of_vertex[source.index()],
            [](Task& task) { task.source()->no_more_splits(); });
}

void JobExecution::open_gate(graph::GateId gate) {
  for_tasks(plan_.gates[gate.index()].gated, [](Task& task) { task.source()->open_gate(); });
}

void JobExecution::stop_sources() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) {
      if (task->source() != nullptr) task->source()->stop();
    }
  });
}

void JobExecution::order_checkpoint(const CheckpointOrder& order) {
  say_all([order](Task& task) { task.snapshots()->on_order(order); });
}

void JobExecution::abort_checkpoint(CheckpointId id) {
  say_all([id](Task& task) { task.snapshots()->on_abort(id); });
}

void JobExecution::checkpoint_completed(CheckpointId id) {
  say_all([id](Task& task) { task.snapshots()->on_completed(id); });
}

void JobExecution::order_sink(graph::VertexId sink, std::uint32_t task, OwnershipRound round,
                              const OwnerOrder& order) {
  const auto deliver = [=, this] {
    for_task(plan_.stage_of_vertex[sink.index()], task,
             [=](Task& owner) { owner.on_sink_order(sink, round, order); });
  };
  ControlWire* wire = options_.services->simulation.wire;
  if (wire != nullptr)
    wire->carry(deliver);
  else
    deliver();
}

void JobExecution::cancel() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) task->cancel();
  });
}

void JobExecution::leave() {
  post_all([](Slot& slot) {
    for (const auto& task : slot.tasks()) task->leave();
    slot.leave();
  });
}

}  // namespace tributary
