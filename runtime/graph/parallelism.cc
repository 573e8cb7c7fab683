#include "runtime/graph/parallelism.h"

#include <algorithm>

#include "runtime/graph/graph_check.h"

namespace tributary::graph {
namespace {

// Vertices that exist only to feed broadcast edges: a source whose streams all end in a broadcast,
// with only chained vertices between. They get one task without being told.
std::vector<bool> find_broadcast_feeders(const JobGraph& graph) {
  const auto count = static_cast<std::size_t>(graph.vertices_size());
  std::vector<bool> feeds(count);
  std::vector<bool> has_output(count);
  for (const Edge& edge : graph.edges()) has_output[edge.from()] = true;
  for (const Vertex& vertex : graph.vertices())
    feeds[vertex.id()] = vertex.parallelism() <= 1 && has_output[vertex.id()];
  for (bool changed = true; changed;) {
    changed = false;
    const auto exclude = [&](std::uint32_t vertex) {
      changed |= feeds[vertex];
      feeds[vertex] = false;
    };
    for (const Edge& edge : graph.edges()) {
      const bool chained = edge.exchange() == CHAIN;
      if (edge.exchange() != BROADCAST && !(chained && feeds[edge.to()])) exclude(edge.from());
      if (!(chained && feeds[edge.from()])) exclude(edge.to());
    }
  }
  return feeds;
}

}  // namespace

std::vector<std::uint32_t> resolve_parallelism(const JobGraph& graph, std::uint32_t job_parallelism,
                                               std::uint32_t key_group_count,
                                               std::vector<Error>& errors) {
  const std::vector<bool> feeders = find_broadcast_feeders(graph);
  std::vector<std::uint32_t> parallelism;
  for (const Vertex& vertex : graph.vertices()) {
    const std::uint32_t wanted = vertex.parallelism();
    parallelism.push_back(wanted != 0 ? wanted : feeders[vertex.id()] ? 1 : job_parallelism);
    if (wanted > job_parallelism)
      errors.emplace_back(
          ErrorCode::G309,
          fmt::format("{} wants parallelism {}, but the job has {} slot{}", named(vertex), wanted,
                      job_parallelism, job_parallelism == 1 ? "" : "s"),
          fmt::format("raise the job's parallelism to {}, or lower .parallelism({})", wanted,
                      wanted));
    else if (wanted > key_group_count)
      errors.emplace_back(ErrorCode::G309,
                          fmt::format("{} wants parallelism {}, but the job has {} key groups",
                                      named(vertex), wanted, key_group_count));
  }
  std::vector<bool> reported(parallelism.size());
  for (const Edge& edge : graph.edges()) {
    if (edge.exchange() != BROADCAST || reported[edge.from()]) continue;
    const Vertex& from = graph.vertices(static_cast<int>(edge.from()));
    // Not p == 1 by chance: the job must not break when it is given more slots.
    if (from.parallelism() == 1 || feeders[edge.from()]) continue;
    reported[edge.from()] = true;
    errors.emplace_back(
        ErrorCode::G307,
        fmt::format(
            "{} is broadcast, but has {}; a broadcast has one sender, so that all receivers see "
            "the same order",
            named(from),
            from.parallelism() == 0 ? "the job's parallelism"
                                    : fmt::format("parallelism {}", from.parallelism())),
        fmt::format("say .parallelism(1) at \"{}\"", from.name()));
  }
  return parallelism;
}

}  // namespace tributary::graph
