#include "runtime/graph/planner.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "runtime/graph/gate_planning.h"
#include "runtime/graph/graph_check.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/parallelism.h"

namespace tributary::graph {
namespace {

// Tasks of a stage as wide as the job sit on the slot of their number, so that forwarding stays on
// the slot. Narrower stages begin at a slot of their own choice, so that single tasks do not pile
// up on slot 0 (protocol rule 55).
std::vector<SlotIndex> place(const std::string& head_name, std::uint32_t parallelism,
                             std::uint32_t slots) {
  const std::uint64_t first = parallelism == slots ? 0 : xxh3_64(head_name) % slots;
  std::vector<SlotIndex> placed;
  for (std::uint32_t task = 0; task < parallelism; ++task)
    placed.push_back({static_cast<std::uint32_t>((first + task) % slots)});
  return placed;
}

// The stage that a vertex joins: all its inputs are chained from one stage as wide as itself.
// Joining in any other case could close a cycle of stages.
std::optional<StageId> stage_to_join(const JobGraph& graph,
                                     const std::vector<std::vector<EdgeId>>& inputs,
                                     VertexId vertex, std::uint32_t parallelism,
                                     const ExecutionPlan& plan) {
  std::optional<StageId> common;
  for (const EdgeId input : inputs[vertex.index()]) {
    const Edge& edge = edge_of(graph, input);
    const StageId from = plan.stage_of_vertex[edge.from()];
    if (edge.exchange() != CHAIN || (common && *common != from)) return std::nullopt;
    common = from;
  }
  if (common && plan.stages[common->index()].parallelism != parallelism) return std::nullopt;
  return common;
}

void fuse(const JobGraph& graph, const std::vector<VertexId>& order,
          const std::vector<std::uint32_t>& parallelism, ExecutionPlan& plan) {
  std::vector<std::vector<EdgeId>> inputs(order.size());
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(graph.edges_size()); ++i)
    inputs[edge_of(graph, {i}).to()].push_back({i});
  plan.stage_of_vertex.resize(order.size());
  for (const VertexId id : order) {
    const Vertex& vertex = vertex_of(graph, id);
    if (const auto joined = stage_to_join(graph, inputs, id, parallelism[id.index()], plan)) {
      Stage& stage = plan.stages[joined->index()];
      stage.vertices.push_back(id);
      stage.label += " -> " + vertex.name();
      plan.stage_of_vertex[id.index()] = *joined;
      continue;
    }
    Stage stage;
    stage.id = {static_cast<std::uint32_t>(plan.stages.size())};
    stage.vertices = {id};
    stage.parallelism = parallelism[id.index()];
    stage.slots = place(vertex.name(), stage.parallelism, plan.slot_count);
    stage.is_source = vertex.kind() == SOURCE;
    stage.label = vertex.name();
    stage.routing =
        RoutingTable::contiguous(plan.key_group_count, stage.parallelism, plan.routing_version);
    plan.stage_of_vertex[id.index()] = stage.id;
    plan.stages.push_back(std::move(stage));
  }
}

void connect(const JobGraph& graph, ExecutionPlan& plan) {
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(graph.edges_size()); ++i) {
    const Edge& edge = edge_of(graph, {i});
    Stage& from = plan.stages[plan.stage_of_vertex[edge.from()].index()];
    Stage& to = plan.stages[plan.stage_of_vertex[edge.to()].index()];
    if (from.id == to.id) {
      from.chained_edges.push_back({i});
      plan.chained_edges.push_back({i});
      continue;
    }
    Exchange exchange;
    exchange.id = {static_cast<std::uint32_t>(plan.exchanges.size())};
    exchange.edge = {i};
    exchange.from = from.id;
    exchange.to = to.id;
    exchange.from_vertex = {edge.from()};
    exchange.from_port = edge.from_port();
    exchange.to_vertex = {edge.to()};
    exchange.to_input = edge.to_input();
    exchange.kind = edge.exchange() == CHAIN ? FORWARD : edge.exchange();
    exchange.key = edge.key();
    exchange.from_parallelism = from.parallelism;
    exchange.to_parallelism = to.parallelism;
    exchange.channel_count =
        exchange.kind == FORWARD ? from.parallelism : from.parallelism * to.parallelism;
    from.outputs.push_back(exchange.id);
    to.inputs.push_back(exchange.id);
    plan.exchanges.push_back(std::move(exchange));
  }
}

// Before anything is laid out: channels of an exchange are tasks times tasks. Chained edges that
// will be a call within a stage have none.
void check_channels(const JobGraph& graph, const std::vector<std::uint32_t>& parallelism,
                    std::size_t budget_bytes, std::vector<Error>& errors) {
  const auto channels_of = [&](const Edge& edge) -> std::uint64_t {
    if (edge.exchange() == CHAIN || edge.exchange() == FORWARD) return 0;
    return std::uint64_t{parallelism[edge.from()]} * parallelism[edge.to()];
  };
  std::uint64_t channels = 0;
  const Edge* widest = nullptr;
  for (const Edge& edge : graph.edges()) {
    channels += channels_of(edge);
    if (widest == nullptr || channels_of(edge) > channels_of(*widest)) widest = &edge;
  }
  if (channels * kChannelFloorBytes <= budget_bytes) return;
  const Vertex& from = graph.vertices(static_cast<int>(widest->from()));
  const Vertex& to = graph.vertices(static_cast<int>(widest->to()));
  errors.emplace_back(
      ErrorCode::G319,
      fmt::format(
          "{} channels between tasks want at least {} MiB in flight, and the job may have {} "
          "MiB; the most are from {} to {}: {} times {} tasks",
          channels, (channels * kChannelFloorBytes) >> 20, budget_bytes >> 20, named(from),
          named(to), parallelism[widest->from()], parallelism[widest->to()]),
      fmt::format("use fewer slots, or say .parallelism(n) at \"{}\" or \"{}\"", from.name(),
                  to.name()));
}

}  // namespace

std::expected<ExecutionPlan, std::vector<Error>> plan(const JobGraph& graph,
                                                      const PlanOptions& options) {
  std::vector<Error> errors = check_graph(graph);
  const bool malformed = std::ranges::any_of(
      errors, [](const Error& error) { return error.code() == ErrorCode::G313; });
  if (malformed) return std::unexpected(std::move(errors));

  ExecutionPlan made;
  made.slot_count = options.parallelism != 0 ? options.parallelism : options.slots;
  made.key_group_count = graph.key_groups() != 0 ? graph.key_groups() : kKeyGroupCountDefault;
  made.routing_version = options.routing_version;
  if (made.slot_count == 0)
    errors.emplace_back(ErrorCode::G309, "the job has no slot", "give it at least one");
  if (made.slot_count > options.slots)
    errors.emplace_back(ErrorCode::G309,
                        fmt::format("the job wants parallelism {}, but may use {} slot{}",
                                    made.slot_count, options.slots, options.slots == 1 ? "" : "s"));
  if (made.slot_count > made.key_group_count)
    errors.emplace_back(
        ErrorCode::G309,
        fmt::format(
            "the job wants parallelism {}, but has {} key groups: a task without a group has no "
            "work",
            made.slot_count, made.key_group_count));
  const std::vector<std::uint32_t> parallelism =
      resolve_parallelism(graph, made.slot_count, made.key_group_count, errors);
  if (!errors.empty()) return std::unexpected(std::move(errors));

  check_channels(graph, parallelism, options.network_budget_bytes, errors);
  if (!errors.empty()) return std::unexpected(std::move(errors));

  const std::vector<VertexId> order = *topological_order(graph);
  fuse(graph, order, parallelism, made);
  connect(graph, made);
  made.gates = plan_gates(graph, made);
  return made;
}

}  // namespace tributary::graph
