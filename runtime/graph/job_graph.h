// runtime/graph/job_graph.h
// The JobGraph as bytes, and its digest: what a task process compares before it runs a job.
//
// Values, any thread. Invariant: the same graph gives the same bytes in every process of one engine
// version.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "runtime/graph/ids.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary::graph {

inline constexpr std::uint32_t kJobGraphFormat = 1;
inline constexpr std::size_t kJobGraphBytesMax = 16 * 1024 * 1024;
inline constexpr int kVerticesMax = 4096;
inline constexpr int kEdgesMax = 16384;
// Inputs of one vertex, outputs of one vertex.
inline constexpr std::uint32_t kPortsMax = 64;

// Properties that the engine reads; the others are for people.
inline constexpr const char* kOutputProperty = "output";  // sink: the folder that it fills
inline constexpr const char* kPathProperty = "path";  // source: the folder or file that it reads
// sink: the fields whose values make folders below, "tenant, day"
inline constexpr const char* kPartitionProperty = "partition_by";
inline constexpr const char* kBacklogUnitProperty = "backlog_unit";  // source: "bytes", "records"
// Empty if the vertex has none.
std::string_view property(const Vertex& vertex, const char* name);

std::string serialize(const JobGraph& graph);
// Error G313 for bytes that are no JobGraph, too many, or of a format that this engine does not
// know. Whether the graph makes sense is for plan() to say.
Result<JobGraph> parse_job_graph(std::string_view bytes);

// XXH3-128 of the serialised graph without the places where its vertices were declared, so that
// moving code about in a file does not make another job of it.
Hash128 digest(const JobGraph& graph);

inline const Vertex& vertex_of(const JobGraph& graph, VertexId id) {
  return graph.vertices(static_cast<int>(id.value));
}
inline const Edge& edge_of(const JobGraph& graph, EdgeId id) {
  return graph.edges(static_cast<int>(id.value));
}

// "append", "delta", "upsert".
std::string_view kind_text(StreamKind kind);
// How people call an exchange: "chain", "forward", "key", "rebalance", "broadcast".
std::string_view kind_text(ExchangeKind kind);

}  // namespace tributary::graph
