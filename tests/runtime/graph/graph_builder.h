// tests/runtime/graph/graph_builder.h
// Writes job graphs for tests in few words. The graph it makes is right unless the test spoils it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/graph/job_graph.pb.h"

namespace tributary::graph {

class GraphBuilder {
 public:
  GraphBuilder() {
    graph.set_format(1);
    graph.set_name("job");
  }

  std::uint32_t source(const std::string& name, std::uint32_t parallelism = 0) {
    return add(SOURCE, name, parallelism);
  }
  std::uint32_t map(const std::string& name, std::uint32_t parallelism = 0) {
    return add(OPERATOR, name, parallelism);
  }
  std::uint32_t sink(const std::string& name, std::uint32_t parallelism = 0) {
    return add(SINK, name, parallelism);
  }

  Edge& edge(std::uint32_t from, std::uint32_t to, ExchangeKind exchange = CHAIN,
             std::uint32_t to_input = 0) {
    Edge& edge = *graph.add_edges();
    edge.set_from(from);
    edge.set_to(to);
    edge.set_to_input(to_input);
    edge.set_exchange(exchange);
    edge.set_kind(APPEND);
    return edge;
  }

  Vertex& vertex(std::uint32_t id) { return *graph.mutable_vertices(static_cast<int>(id)); }

  JobGraph graph;

 private:
  std::uint32_t add(VertexKind kind, const std::string& name, std::uint32_t parallelism) {
    const auto id = static_cast<std::uint32_t>(graph.vertices_size());
    Vertex& vertex = *graph.add_vertices();
    vertex.set_id(id);
    vertex.set_name(name);
    vertex.set_kind(kind);
    vertex.set_parallelism(parallelism);
    vertex.set_named_by_author(true);
    vertex.set_declared_at("job.cc:" + std::to_string(10 + id));
    return id;
  }
};

// The graph of the architecture: rules are broadcast to attribution, which charges reach by key
// once rules are read.
inline JobGraph spend_by_team() {
  GraphBuilder job;
  job.graph.set_name("spend-by-team");
  const auto rules = job.source("rules");
  const auto charges = job.source("charges");
  const auto attribute = job.map("attribute");
  const auto hourly = job.map("hourly");
  const auto out = job.sink("hourly-out");
  const auto unmatched = job.sink("unmatched");
  job.vertex(rules).set_operator_type("files");
  job.vertex(charges).set_operator_type("kafka");
  job.vertex(charges).set_gated_by("rules");
  job.vertex(attribute).set_operator_type("process");
  job.vertex(attribute).add_side_outputs("unmatched");
  job.vertex(hourly).set_operator_type("aggregate");
  State& totals = *job.vertex(hourly).add_states();
  totals.set_name("totals");
  totals.set_kind("value");
  Edge& by_account = job.edge(charges, attribute, KEYED);
  by_account.set_key("account");
  by_account.set_record_name("Charge");
  job.edge(rules, attribute, BROADCAST, 1);
  job.edge(attribute, hourly, KEYED).set_key("team");
  job.edge(hourly, out).set_kind(UPSERT);
  job.edge(attribute, unmatched).set_from_port(1);
  return job.graph;
}

}  // namespace tributary::graph
