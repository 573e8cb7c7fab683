#include "runtime/graph/explain.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/timestamp.h"
#include "runtime/graph/job_graph.h"

namespace tributary::graph {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string_view kind_name(const Vertex& vertex) {
  switch (vertex.kind()) {
    case SOURCE:
      return "source";
    case SINK:
      return "sink";
    default:
      return "operator";
  }
}

const std::string& head_name(const JobGraph& graph, const Stage& stage) {
  return vertex_of(graph, stage.vertices.front()).name();
}

std::string slots_text(const Stage& stage, std::uint32_t slot_count) {
  if (stage.parallelism == slot_count) return slot_count == 1 ? "on the slot" : "one on each slot";
  std::vector<std::uint32_t> slots;
  for (const SlotIndex slot : stage.slots) slots.push_back(slot.value);
  return fmt::format("on slot{} {}", slots.size() == 1 ? "" : "s", fmt::join(slots, ", "));
}

// ", forgotten after 7d".
std::string ttl_text(const State& state) {
  if (state.ttl_micros() == 0) return {};
  return fmt::format(", forgotten after {}{}", format_duration({state.ttl_micros()}),
                     state.ttl_by_processing_time() ? " of processing time" : "");
}

std::string states_text(const Vertex& vertex) {
  std::string text;
  for (const State& state : vertex.states())
    text += fmt::format("{}{} ({}{})", text.empty() ? "; state " : ", ", state.name(), state.kind(),
                        ttl_text(state));
  return text;
}

// How records get to the receiving tasks, in words.
std::string exchange_text(const Exchange& exchange) {
  switch (exchange.kind) {
    case KEYED:
      return exchange.key.empty() ? "by key" : fmt::format("by key {}", exchange.key);
    case BROADCAST:
      return "to every task";
    case REBALANCE:
      return "in turn";
    default:
      return exchange.from_parallelism == exchange.to_parallelism
                 ? "task to task"
                 : "task i to task i mod " + std::to_string(exchange.to_parallelism);
  }
}

std::string_view arrow(ExchangeKind kind) {
  switch (kind) {
    case KEYED:
      return " =key=> ";
    case BROADCAST:
      return " =broadcast=> ";
    case REBALANCE:
      return " =rebalance=> ";
    default:
      return " => ";
  }
}

void append_stage(const JobGraph& graph, const ExecutionPlan& plan, const Stage& stage,
                  std::string& text) {
  text += fmt::format("\nstage {}: {}, {}\n", stage.id.value, counted(stage.parallelism, "task"),
                      slots_text(stage, plan.slot_count));
  std::size_t width = 0;
  for (const VertexId id : stage.vertices)
    width = std::max(width, vertex_of(graph, id).name().size());
  for (const VertexId id : stage.vertices) {
    const Vertex& vertex = vertex_of(graph, id);
    text += fmt::format("  {:<{}}  {}", vertex.name(), width, kind_name(vertex));
    if (!vertex.operator_type().empty()) text += fmt::format(" {}", vertex.operator_type());
    if (!vertex.declared_at().empty()) text += fmt::format(", {}", vertex.declared_at());
    text += states_text(vertex) + "\n";
  }
  for (const ExchangeId id : stage.outputs) {
    const Exchange& exchange = plan.exchanges[id.index()];
    const Edge& edge = edge_of(graph, exchange.edge);
    const Vertex& from = vertex_of(graph, exchange.from_vertex);
    text += fmt::format("  {}{} => stage {} ({}): {}, {}\n", from.name(),
                        exchange.from_port == 0
                            ? ""
                            : "." + from.side_outputs(static_cast<int>(exchange.from_port) - 1),
                        exchange.to.value, vertex_of(graph, exchange.to_vertex).name(),
                        exchange_text(exchange), counted(exchange.channel_count, "channel"));
    if (!edge.record_name().empty())
      text.replace(text.size() - 1, 1,
                   fmt::format("; {} ({})\n", edge.record_name(), kind_text(edge.kind())));
  }
}

std::string stage_names(const JobGraph& graph, const ExecutionPlan& plan,
                        const std::vector<StageId>& stages) {
  std::vector<std::string> names;
  for (const StageId id : stages)
    names.push_back(
        fmt::format("stage {} ({})", id.value, head_name(graph, plan.stages[id.index()])));
  return fmt::format("{}", fmt::join(names, ", "));
}

void append_gate(const JobGraph& graph, const ExecutionPlan& plan, const Gate& gate,
                 std::string& text) {
  std::string until;
  if (!gate.joints.empty()) {
    std::vector<StageId> joints;
    for (const Gate::Joint& joint : gate.joints) joints.push_back(joint.stage);
    until = fmt::format(" and has arrived in {}", stage_names(graph, plan, joints));
  } else if (!gate.passing.empty()) {
    until = fmt::format(" and has gone through {}", stage_names(graph, plan, gate.passing));
  }
  text += fmt::format("  {} waits until all that {} had at the start is read{}\n",
                      vertex_of(graph, gate.gated_source).name(),
                      vertex_of(graph, gate.gating_source).name(), until);
}

// Where the streams of a vertex go.
struct Hops {
  struct Hop {
    VertexId to;
    std::string_view arrow;
  };
  std::vector<Hop> next;
  std::size_t inputs = 0;
};

// A vertex and what follows it; a vertex with several inputs ends the run and begins one of its
// own.
void append_run(const JobGraph& graph, const std::vector<Hops>& hops, VertexId first,
                std::size_t depth, std::string& text) {
  VertexId at = first;
  text += vertex_of(graph, at).name();
  const Hops* from = &hops[at.index()];
  while (from->next.size() == 1) {
    at = from->next.front().to;
    text += fmt::format("{}{}", from->next.front().arrow, vertex_of(graph, at).name());
    if (hops[at.index()].inputs != 1) break;
    from = &hops[at.index()];
  }
  text += "\n";
  if (from->next.size() < 2) return;
  for (const Hops::Hop& hop : from->next) {
    text += fmt::format("{:{}}{}", "", 2 * depth, hop.arrow.substr(1));
    if (hops[hop.to.index()].inputs == 1)
      append_run(graph, hops, hop.to, depth + 1, text);
    else
      text += vertex_of(graph, hop.to).name() + "\n";
  }
}

// What Mermaid would take for its own, by number.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view("\"#<>").contains(c))
      text += fmt::format("#{};", static_cast<int>(c));
    else
      text += c;
  }
  return text;
}

}  // namespace

std::string explain_text(const JobGraph& graph, const ExecutionPlan& plan) {
  std::string text =
      fmt::format("{}: {}, {}, {}, {}\n", graph.name(), counted(plan.slot_count, "slot"),
                  counted(plan.stages.size(), "stage"), counted(plan.exchanges.size(), "exchange"),
                  counted(plan.key_group_count, "key group"));
  text +=
      "A slot is a thread. A stage is a chain of operators that hand each other records by a call; "
      "each of its\n"
      "tasks is one copy of the chain. \"=>\" is an exchange: a queue between the tasks of two "
      "stages.\n";
  for (const Stage& stage : plan.stages) append_stage(graph, plan, stage, text);
  if (!plan.gates.empty()) {
    text += "\nsources that wait\n";
    for (const Gate& gate : plan.gates) append_gate(graph, plan, gate, text);
  }
  return text;
}

std::string explain_lines(const JobGraph& graph, const ExecutionPlan& plan) {
  std::vector<Hops> hops(plan.stage_of_vertex.size());
  const auto add = [&](EdgeId id, std::string_view arrow) {
    const Edge& edge = edge_of(graph, id);
    hops[edge.from()].next.push_back({VertexId{edge.to()}, arrow});
    ++hops[edge.to()].inputs;
  };
  for (const EdgeId id : plan.chained_edges) add(id, " -> ");
  for (const Exchange& exchange : plan.exchanges) add(exchange.edge, arrow(exchange.kind));
  std::string text;
  for (const Vertex& vertex : graph.vertices())
    if (hops[vertex.id()].inputs != 1) append_run(graph, hops, {vertex.id()}, 1, text);
  return text;
}

std::string explain_mermaid(const JobGraph& graph, const ExecutionPlan& plan) {
  std::string text = "flowchart LR\n";
  for (const Stage& stage : plan.stages) {
    text += fmt::format("  subgraph stage{} [\"stage {}: {}\"]\n", stage.id.value, stage.id.value,
                        counted(stage.parallelism, "task"));
    for (const VertexId id : stage.vertices) {
      const Vertex& vertex = vertex_of(graph, id);
      const auto [open, close] = vertex.kind() == SOURCE ? std::pair{"([", "])"}
                                 : vertex.kind() == SINK ? std::pair{"[[", "]]"}
                                                         : std::pair{"[", "]"};
      text += fmt::format("    v{}{}\"{}\"{}\n", id.value, open, escaped(vertex.name()), close);
    }
    text += "  end\n";
  }
  for (const EdgeId id : plan.chained_edges)
    text += fmt::format("  v{} --> v{}\n", edge_of(graph, id).from(), edge_of(graph, id).to());
  for (const Exchange& exchange : plan.exchanges)
    text += fmt::format("  v{} ==\"{}\"==> v{}\n", exchange.from_vertex.value,
                        escaped(exchange_text(exchange)), exchange.to_vertex.value);
  for (const Gate& gate : plan.gates)
    text += fmt::format("  v{} -. \"holds\" .-> v{}\n", gate.gating_source.value,
                        gate.gated_source.value);
  return text;
}

}  // namespace tributary::graph
