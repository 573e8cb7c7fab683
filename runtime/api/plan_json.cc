#include "runtime/api/plan_json.h"

#include <map>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace tributary {
namespace {

using Json = nlohmann::ordered_json;

std::string_view kind_name(graph::VertexKind kind) {
  switch (kind) {
    case graph::SOURCE:
      return "source";
    case graph::SINK:
      return "sink";
    default:
      return "operator";
  }
}

Json vertex_json(const graph::Vertex& vertex) {
  Json json = {{"name", vertex.name()},
               {"kind", kind_name(vertex.kind())},
               {"type", vertex.operator_type()}};
  if (!vertex.declared_at().empty()) json["declared_at"] = vertex.declared_at();
  for (const graph::State& state : vertex.states()) {
    Json& one = json["states"].emplace_back(Json{{"name", state.name()}, {"kind", state.kind()}});
    if (state.ttl_micros() == 0) continue;
    one["ttl"] = format_duration({state.ttl_micros()});
    one["ttl_clock"] = state.ttl_by_processing_time() ? "processing time" : "event time";
  }
  // A protobuf map has no order of its own.
  const std::map<std::string, std::string> properties(vertex.properties().begin(),
                                                      vertex.properties().end());
  if (!properties.empty()) json["properties"] = properties;
  return json;
}

Json stage_json(const graph::JobGraph& graph, const graph::Stage& stage) {
  Json json = {{"stage", stage.id.value},
               {"name", stage.label},
               {"tasks", stage.parallelism},
               {"slots", Json::array()},
               {"operators", Json::array()}};
  for (const graph::SlotIndex slot : stage.slots) json["slots"].push_back(slot.value);
  for (const graph::VertexId id : stage.vertices)
    json["operators"].push_back(vertex_json(vertex_of(graph, id)));
  return json;
}

Json exchange_json(const graph::JobGraph& graph, const graph::Exchange& exchange) {
  const graph::Edge& edge = edge_of(graph, exchange.edge);
  Json json = {{"from", exchange.from.value},
               {"to", exchange.to.value},
               {"from_operator", vertex_of(graph, exchange.from_vertex).name()},
               {"to_operator", vertex_of(graph, exchange.to_vertex).name()},
               {"kind", graph::kind_text(exchange.kind)},
               {"channels", exchange.channel_count},
               {"record", edge.record_name()},
               {"stream", graph::kind_text(edge.kind())}};
  if (!exchange.key.empty()) json["key"] = exchange.key;
  return json;
}

}  // namespace

std::string plan_json(const graph::JobGraph& graph, const graph::ExecutionPlan& plan) {
  Json json = {{"job", graph.name()},      {"graph_digest", graph::digest(graph).to_hex()},
               {"slots", plan.slot_count}, {"key_groups", plan.key_group_count},
               {"stages", Json::array()},  {"exchanges", Json::array()},
               {"gates", Json::array()}};
  for (const graph::Stage& stage : plan.stages) json["stages"].push_back(stage_json(graph, stage));
  for (const graph::Exchange& exchange : plan.exchanges)
    json["exchanges"].push_back(exchange_json(graph, exchange));
  for (const graph::Gate& gate : plan.gates) {
    json["gates"].push_back({{"source", vertex_of(graph, gate.gated_source).name()},
                             {"waits_for", vertex_of(graph, gate.gating_source).name()}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tributary
