// The program of a job under test: queues in place of its readers, collectors in place of its
// sinks.
#include <algorithm>
#include <memory>

#include "operators/testing/job_test_failure.h"
#include "operators/testing/test_run.h"
#include "runtime/graph/planner.h"

namespace tributary::testing {
namespace {

constexpr std::uint32_t kDeadLetterPort = 1;

StreamKind stream_kind(graph::StreamKind kind) {
  switch (kind) {
    case graph::DELTA:
      return StreamKind::kDelta;
    case graph::UPSERT:
      return StreamKind::kUpsert;
    default:
      return StreamKind::kAppend;
  }
}

}  // namespace

void TestRun::replace_source(std::uint32_t vertex) {
  VertexCode& code = program_.vertices[vertex];
  Source& source = sources_.emplace_back();
  source.vertex = vertex;
  source.name = program_.graph.vertices(static_cast<int>(vertex)).name();
  source.event_time = code.event_time;
  source.lateness = code.bounded_lateness;
  source.idle_after = code.idle_after;
  source.queue = std::make_unique<SourceQueue>(
      *code.output_type, SourceQueue::Options{.splits = options_.splits,
                                              .batch_records = options_.batch_records,
                                              .vary_batches = options_.vary_batches,
                                              .idle_after = code.idle_after,
                                              .seed = options_.seed + vertex});
  code.make_lister = [queue = source.queue.get()] { return queue->make_lister(); };
  code.make_reader = [queue = source.queue.get()] { return queue->make_reader(); };
  if (!source.event_time) return;
  source.one = Batch::make(*code.output_type);
  code.bounded_lateness = {};
  code.event_time = [queue = source.queue.get()](Batch& batch) { queue->stamp_for_driver(batch); };
  insert_stamp(source);
}

// All that read the source's records now read the stamp behind it.
void TestRun::insert_stamp(Source& source) {
  const TypeInfo& type = source.queue->type();
  const auto id = static_cast<std::uint32_t>(program_.vertices.size());
  const graph::Edge* first = nullptr;
  for (graph::Edge& edge : *program_.graph.mutable_edges()) {
    if (edge.from() != source.vertex || edge.from_port() != 0) continue;
    edge.set_from(id);
    first = &edge;
  }
  if (first == nullptr) return;
  graph::Edge to_stamp = *first;
  to_stamp.set_from(source.vertex);
  to_stamp.set_to(id);
  to_stamp.set_to_input(0);
  to_stamp.set_exchange(graph::CHAIN);
  to_stamp.clear_key();
  *program_.graph.add_edges() = to_stamp;
  program_.edges.push_back({.record_type = &type, .key_hash = {}});

  const std::uint32_t parallelism =
      program_.graph.vertices(static_cast<int>(source.vertex)).parallelism();
  graph::Vertex& stamp = *program_.graph.add_vertices();
  stamp.set_id(id);
  stamp.set_name(source.name + " (pushed)");
  stamp.set_kind(graph::OPERATOR);
  stamp.set_operator_type("stamp");
  stamp.set_parallelism(parallelism);
  VertexCode& code = program_.vertices.emplace_back();
  code.make_operator = [queue = source.queue.get()] { return queue->make_stamp(); };
  code.output_type = &type;
}

void TestRun::replace_sink(std::uint32_t vertex) {
  for (int i = 0; i < program_.graph.edges_size(); ++i) {
    const graph::Edge& edge = program_.graph.edges(i);
    if (edge.to() != vertex) continue;
    sinks_.push_back(std::make_unique<SinkCollector>(
        program_.graph.vertices(static_cast<int>(vertex)).name(),
        *program_.edges[static_cast<std::size_t>(i)].record_type, stream_kind(edge.kind())));
    VertexCode& code = program_.vertices[vertex];
    code.make_operator = [collector = sinks_.back().get()] { return collector->make_operator(); };
    code.make_connector = {};
    return;
  }
}

// A test with few slots may run a job that asks for more.
void TestRun::plan(std::uint32_t slots) {
  for (std::size_t id = 0; id < asked_parallelism_.size(); ++id) {
    program_.graph.mutable_vertices(static_cast<int>(id))
        ->set_parallelism(std::min(asked_parallelism_[id], slots));
  }
  auto planned = graph::plan(program_.graph, {.slots = slots});
  if (planned) {
    plan_ = *std::move(planned);
    return;
  }
  std::string reasons;
  for (const Error& error : planned.error()) reasons += "\n" + error.to_string();
  fail_test("job {} has no plan:{}", program_.graph.name(), reasons);
}

std::vector<std::string> TestRun::source_names() const {
  std::vector<std::string> names;
  for (const Source& source : sources_) names.push_back(source.name);
  return names;
}

std::vector<std::string> TestRun::sink_names() const {
  std::vector<std::string> names;
  for (const auto& sink : sinks_) names.push_back(sink->name());
  return names;
}

std::optional<std::uint32_t> TestRun::find_source(std::string_view name) const {
  for (std::uint32_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> TestRun::find_sink(std::string_view name) const {
  for (std::uint32_t i = 0; i < sinks_.size(); ++i) {
    if (sinks_[i]->name() == name) return i;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> TestRun::dead_letter_sink(std::uint32_t source) const {
  for (const graph::Edge& edge : program_.graph.edges()) {
    if (edge.from() != sources_[source].vertex || edge.from_port() != kDeadLetterPort) continue;
    return find_sink(program_.graph.vertices(static_cast<int>(edge.to())).name());
  }
  return std::nullopt;
}

}  // namespace tributary::testing
