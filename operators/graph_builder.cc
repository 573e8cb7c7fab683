#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include <tributary/internal/graph_builder.h>

#include "base/schema.h"
#include "checkpoint/key_groups.h"
#include "runtime/exec/job_program.h"
#include "runtime/graph/graph_check.h"
#include "runtime/graph/job_graph.h"

namespace tributary::internal {
namespace {

// "job.cc:18": the same on every machine.
std::string place_text(const std::source_location& place) {
  std::string_view file = place.file_name();
  if (const std::size_t slash = file.rfind('/'); slash != std::string_view::npos)
    file.remove_prefix(slash + 1);
  return fmt::format("{}:{}", file, place.line());
}

graph::StreamKind graph_kind(StreamKind kind) {
  switch (kind) {
    case StreamKind::kAppend:
      return graph::APPEND;
    case StreamKind::kDelta:
      return graph::DELTA;
    case StreamKind::kUpsert:
      return graph::UPSERT;
  }
  return graph::STREAM_KIND_UNSPECIFIED;
}

graph::ExchangeKind graph_exchange(Exchange exchange) {
  switch (exchange) {
    case Exchange::kChain:
      return graph::CHAIN;
    case Exchange::kForward:
      return graph::FORWARD;
    case Exchange::kKeyed:
      return graph::KEYED;
    case Exchange::kRebalance:
      return graph::REBALANCE;
    case Exchange::kBroadcast:
      return graph::BROADCAST;
  }
  return graph::EXCHANGE_KIND_UNSPECIFIED;
}

std::string encoded_schema(const TypeInfo* type) {
  std::string bytes;
  if (type != nullptr) schema_of(*type).encode(bytes);
  return bytes;
}

}  // namespace

std::string_view stream_kind_name(StreamKind kind) { return graph::kind_text(graph_kind(kind)); }

struct GraphBuilder::Vertex {
  graph::Vertex graph;
  VertexCode code;
  OperatorFactory make;
};

struct GraphBuilder::State {
  graph::JobGraph graph;  // edges, name
  std::deque<Vertex> vertices;
  std::vector<EdgeCode> edges;
  std::vector<Error> mistakes;
  bool refused_by_author = false;
  std::vector<std::shared_ptr<void>> kept;
};

GraphBuilder::GraphBuilder(std::string job_name) : state_(std::make_unique<State>()) {
  state_->graph.set_format(graph::kJobGraphFormat);
  state_->graph.set_name(std::move(job_name));
  state_->graph.set_key_groups(kKeyGroupCountDefault);
}

GraphBuilder::~GraphBuilder() = default;

std::uint32_t GraphBuilder::add_operator(NodeSpec node) {
  const auto id = static_cast<std::uint32_t>(state_->vertices.size());
  Vertex& vertex = state_->vertices.emplace_back();
  vertex.graph.set_id(id);
  vertex.graph.set_kind(graph::OPERATOR);
  vertex.graph.set_operator_type(node.operator_type);
  vertex.graph.set_named_by_author(!node.name.empty());
  vertex.graph.set_name(node.name.empty() ? fmt::format("{}#{}", node.operator_type, id)
                                          : node.name);
  vertex.graph.set_declared_at(place_text(node.place));
  for (const auto& [key, value] : node.properties)
    (*vertex.graph.mutable_properties())[key] = value;
  for (const StateDeclaration& declared : node.states) {
    graph::State& one = *vertex.graph.add_states();
    one.set_name(declared.name);
    one.set_kind(declared.kind);
    one.set_key_schema(encoded_schema(declared.key));
    one.set_value_schema(encoded_schema(declared.value));
    if (!declared.expires) continue;
    one.set_ttl_micros(declared.expires->after.micros);
    one.set_ttl_by_processing_time(declared.expires->clock == TimeDomain::kProcessing);
  }
  vertex.code.output_type = node.output_type;
  vertex.make = std::move(node.make);
  return id;
}

std::uint32_t GraphBuilder::add_source(Name name, UntypedSource source) {
  NodeSpec node{.name = std::move(name.text),
                .place = name.place,
                .operator_type = std::move(source.operator_type),
                .output_type = source.record_type,
                .states = {},
                .properties = std::move(source.properties),
                .make = {}};
  const std::uint32_t id = add_operator(std::move(node));
  Vertex& vertex = state_->vertices[id];
  for (Error& mistake : source.mistakes) refuse_option(vertex.graph, std::move(mistake));
  vertex.graph.set_kind(graph::SOURCE);
  vertex.graph.set_bounded(source.bounded);
  vertex.code.make_reader = std::move(source.make_reader);
  vertex.code.make_lister = std::move(source.make_lister);
  return id;
}

std::uint32_t GraphBuilder::add_sink(Name name, UntypedSink sink, std::string accepts) {
  NodeSpec node{.name = std::move(name.text),
                .place = name.place,
                .operator_type = std::move(sink.operator_type),
                .output_type = nullptr,
                .states = {},
                .properties = std::move(sink.properties),
                .make = {}};
  node.properties["accepts"] = std::move(accepts);
  node.make = [make = std::move(sink.make_operator)](const std::shared_ptr<const SideNames>&) {
    return make();
  };
  const std::uint32_t id = add_operator(std::move(node));
  for (Error& mistake : sink.mistakes)
    refuse_option(state_->vertices[id].graph, std::move(mistake));
  state_->vertices[id].code.make_connector = std::move(sink.make_connector);
  state_->vertices[id].graph.set_kind(graph::SINK);
  state_->vertices[id].graph.set_parallelism(sink.parallelism);
  return id;
}

void GraphBuilder::connect(const StreamRef& from, std::uint32_t to, std::uint32_t input,
                           const InputSpec& spec) {
  for (const Origin& origin : from.origins) {
    graph::Edge& edge = *state_->graph.add_edges();
    edge.set_from(origin.vertex);
    edge.set_from_port(origin.port);
    edge.set_to(to);
    edge.set_to_input(input);
    edge.set_exchange(graph_exchange(spec.key != nullptr ? Exchange::kKeyed : from.exchange));
    edge.set_kind(graph_kind(spec.kind));
    edge.set_record_name(std::string(spec.type->name));
    edge.set_record_schema(encoded_schema(spec.type));
    EdgeCode& code = state_->edges.emplace_back();
    code.record_type = spec.type;
    if (spec.key != nullptr) {
      edge.set_key(spec.key->name);
      code.key_hash = key_hash_kernel(*spec.key);
    }
  }
}

GraphBuilder::Vertex& GraphBuilder::one_vertex(const StreamRef& stream, std::string_view what) {
  if (stream.origins.size() != 1) {
    refuse(Error(ErrorCode::G314, fmt::format("{} is said of a union of streams", what),
                 "say it before union_with"));
  }
  return state_->vertices[stream.origins.front().vertex];
}

void GraphBuilder::rename(const StreamRef& stream, Name name) {
  Vertex& vertex = one_vertex(stream, "named(...)");
  vertex.graph.set_name(std::move(name.text));
  vertex.graph.set_named_by_author(true);
}

void GraphBuilder::set_parallelism(const StreamRef& stream, std::uint32_t tasks) {
  one_vertex(stream, "parallelism(...)").graph.set_parallelism(tasks);
}

void GraphBuilder::set_vertex_parallelism(std::uint32_t vertex, std::uint32_t tasks) {
  state_->vertices[vertex].graph.set_parallelism(tasks);
}

std::uint32_t GraphBuilder::side_port(const StreamRef& stream, const std::string& name) {
  graph::Vertex& vertex = one_vertex(stream, "side_output(...)").graph;
  for (int i = 0; i < vertex.side_outputs_size(); ++i) {
    if (vertex.side_outputs(i) == name) return static_cast<std::uint32_t>(i) + 1;
  }
  vertex.add_side_outputs(name);
  return static_cast<std::uint32_t>(vertex.side_outputs_size());
}

void GraphBuilder::set_event_time(std::uint32_t source, std::function<void(Batch&)> kernel,
                                  Duration bounded_lateness) {
  Vertex& vertex = state_->vertices[source];
  if (bounded_lateness < Duration{}) {
    refuse_option(vertex.graph,
                  Error(ErrorCode::G317, fmt::format("bounded_lateness({}): expected zero or more",
                                                     format_duration(bounded_lateness))));
  }
  vertex.code.event_time = std::move(kernel);
  vertex.code.bounded_lateness = bounded_lateness;
  (*vertex.graph.mutable_properties())["bounded_lateness"] = format_duration(bounded_lateness);
}

void GraphBuilder::set_idle_after(std::uint32_t source, Duration idle_after) {
  Vertex& vertex = state_->vertices[source];
  if (idle_after < Duration{}) {
    refuse_option(vertex.graph,
                  Error(ErrorCode::G317, fmt::format("idle_after({}): expected zero or more",
                                                     format_duration(idle_after))));
  }
  vertex.code.idle_after = idle_after;
  (*vertex.graph.mutable_properties())["idle_after"] = format_duration(idle_after);
}

void GraphBuilder::set_rate_limit(std::uint32_t source, std::int64_t records_per_second) {
  Vertex& vertex = state_->vertices[source];
  if (records_per_second <= 0) {
    refuse_option(vertex.graph, Error(ErrorCode::G317,
                                      fmt::format("rate_limit({}): expected at least 1 record a "
                                                  "second",
                                                  records_per_second),
                                      "leave it out for no limit"));
  }
  vertex.code.records_per_second = records_per_second;
  (*vertex.graph.mutable_properties())["records_per_second"] = std::to_string(records_per_second);
}

void GraphBuilder::set_gate(std::uint32_t source, std::string gate) {
  state_->vertices[source].graph.set_gated_by(std::move(gate));
}

void GraphBuilder::set_bad_records(std::uint32_t source, BadRecordPolicy policy) {
  Vertex& vertex = state_->vertices[source];
  vertex.code.bad_records = policy;
  (*vertex.graph.mutable_properties())["bad_records"] = policy == BadRecordPolicy::kFail ? "fail"
                                                        : policy == BadRecordPolicy::kSkip
                                                            ? "skip"
                                                            : "dead letter";
}

std::string GraphBuilder::vertex_name(std::uint32_t vertex) const {
  return state_->vertices[vertex].graph.name();
}

std::string GraphBuilder::source_of(const StreamRef& stream) {
  std::set<std::uint32_t> sources;
  std::set<std::uint32_t> seen;
  std::vector<std::uint32_t> todo;
  for (const Origin& origin : stream.origins) todo.push_back(origin.vertex);
  while (!todo.empty()) {
    const std::uint32_t id = todo.back();
    todo.pop_back();
    if (!seen.insert(id).second) continue;
    if (state_->vertices[id].graph.kind() == graph::SOURCE) sources.insert(id);
    for (const graph::Edge& edge : state_->graph.edges()) {
      if (edge.to() == id) todo.push_back(edge.from());
    }
  }
  if (sources.size() == 1) return state_->vertices[*sources.begin()].graph.name();
  refuse(Error(ErrorCode::G308,
               fmt::format("caught_up() of a stream that comes from {} sources", sources.size()),
               "say caught_up() of one source"));
  return {};
}

void GraphBuilder::set_key_groups(std::uint32_t count) { state_->graph.set_key_groups(count); }
void GraphBuilder::refuse(Error error) { state_->mistakes.push_back(std::move(error)); }
void GraphBuilder::refuse_settings(Error error) {
  state_->refused_by_author = true;
  refuse(std::move(error));
}
void GraphBuilder::refuse_option(const graph::Vertex& vertex, Error error) {
  refuse(std::move(error).in(graph::named(vertex)));
}
void GraphBuilder::keep(std::shared_ptr<void> what) { state_->kept.push_back(std::move(what)); }

std::vector<Error> GraphBuilder::finish(JobProgram& program) {
  program.graph = state_->graph;
  program.edges = std::move(state_->edges);
  const auto kept = std::make_shared<std::vector<std::shared_ptr<void>>>(std::move(state_->kept));
  for (Vertex& vertex : state_->vertices) {
    if (vertex.make) {
      auto sides = std::make_shared<SideNames>(vertex.graph.side_outputs().begin(),
                                               vertex.graph.side_outputs().end());
      vertex.code.make_operator = [make = std::move(vertex.make), sides = std::move(sides), kept] {
        return make(sides);
      };
    }
    *program.graph.add_vertices() = std::move(vertex.graph);
    program.vertices.push_back(std::move(vertex.code));
  }
  // What is wrong with the graph itself is the planner's to say, if it gets to see it.
  if (!state_->mistakes.empty() && !state_->refused_by_author)
    std::ranges::move(graph::check_graph(program.graph), std::back_inserter(state_->mistakes));
  return std::move(state_->mistakes);
}

}  // namespace tributary::internal
