#include "runtime/graph/job_graph.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/error.h"

namespace tributary::graph {

std::string_view property(const Vertex& vertex, const char* name) {
  const auto found = vertex.properties().find(name);
  return found == vertex.properties().end() ? std::string_view() : std::string_view(found->second);
}

std::string serialize(const JobGraph& graph) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // map fields sorted by key
    graph.SerializeToCodedStream(&coded);
  }
  return bytes;
}

Result<JobGraph> parse_job_graph(std::string_view bytes) {
  if (bytes.size() > kJobGraphBytesMax)
    return fail(ErrorCode::G313, "a job graph of {} bytes; at most {} are allowed", bytes.size(),
                kJobGraphBytesMax);
  JobGraph graph;
  if (!graph.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(ErrorCode::G313, "{} bytes are no job graph", bytes.size());
  if (graph.format() != kJobGraphFormat)
    return fail(ErrorCode::G313, "job graph of format {}; this engine knows format {}",
                graph.format(), kJobGraphFormat);
  return graph;
}

Hash128 digest(const JobGraph& graph) {
  JobGraph content = graph;
  for (Vertex& vertex : *content.mutable_vertices()) vertex.clear_declared_at();
  return xxh3_128(serialize(content));
}

std::string_view kind_text(StreamKind kind) {
  switch (kind) {
    case APPEND:
      return "append";
    case DELTA:
      return "delta";
    case UPSERT:
      return "upsert";
    default:
      return "unknown";
  }
}

std::string_view kind_text(ExchangeKind kind) {
  switch (kind) {
    case CHAIN:
      return "chain";
    case FORWARD:
      return "forward";
    case KEYED:
      return "key";
    case REBALANCE:
      return "rebalance";
    case BROADCAST:
      return "broadcast";
    default:
      return "unknown";
  }
}

}  // namespace tributary::graph
