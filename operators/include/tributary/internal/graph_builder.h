// The graph under construction, behind an opaque face: authors' files see neither Protobuf nor the
// engine's program.
//
// Owner: the Job. Thread: the one that runs the author's function. Mistakes are collected and all
// told by finish().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include <tributary/internal/call_core.h>
#include <tributary/internal/key_spec.h>
#include <tributary/name.h>
#include <tributary/sink_spec.h>
#include <tributary/source_spec.h>
#include <tributary/ttl.h>

#include "base/error.h"
#include "base/type_info.h"
#include "runtime/exec/operator.h"

namespace tributary {
struct JobProgram;
namespace graph {
class Vertex;
}
}  // namespace tributary

namespace tributary::internal {

class GraphBuilder;

using OperatorFactory =
    std::function<std::unique_ptr<Operator>(std::shared_ptr<const SideNames> sides)>;

enum class Exchange : std::uint8_t { kChain, kForward, kKeyed, kRebalance, kBroadcast };

// Where a stream comes from: an output of an operator, or several of them after union_with.
struct Origin {
  std::uint32_t vertex = 0;
  std::uint32_t port = 0;
};

struct StreamRef {
  GraphBuilder* graph = nullptr;
  std::vector<Origin> origins;
  Exchange exchange = Exchange::kChain;  // to whoever reads it next
};

struct StateDeclaration {
  std::string name;
  std::string kind;               // value, list, map, timer, broadcast
  const TypeInfo* key = nullptr;  // of the stream, or of the map
  const TypeInfo* value = nullptr;
  std::optional<Ttl> expires = {};
};

struct NodeSpec {
  std::string name;  // empty: an automatic one, such as map#3
  std::source_location place;
  std::string operator_type;
  const TypeInfo* output_type = nullptr;
  std::vector<StateDeclaration> states;
  std::map<std::string, std::string> properties;
  OperatorFactory make;
};

struct InputSpec {
  const TypeInfo* type = nullptr;
  StreamKind kind = StreamKind::kAppend;
  const KeySpec* key = nullptr;  // keyed
};

class GraphBuilder {
 public:
  explicit GraphBuilder(std::string job_name);
  ~GraphBuilder();

  std::uint32_t add_source(Name name, UntypedSource source);
  std::uint32_t add_operator(NodeSpec node);
  std::uint32_t add_sink(Name name, UntypedSink sink, std::string accepts);
  // Input `input` of vertex `to` reads the stream.
  void connect(const StreamRef& from, std::uint32_t to, std::uint32_t input, const InputSpec& spec);

  void rename(const StreamRef& stream, Name name);
  void set_parallelism(const StreamRef& stream, std::uint32_t tasks);
  void set_vertex_parallelism(std::uint32_t vertex, std::uint32_t tasks);
  // The port of a side output of the stream's operator; declares it if it is new.
  std::uint32_t side_port(const StreamRef& stream, const std::string& name);

  void set_event_time(std::uint32_t source, std::function<void(Batch&)> kernel,
                      Duration bounded_lateness);
  void set_idle_after(std::uint32_t source, Duration idle_after);
  void set_rate_limit(std::uint32_t source, std::int64_t records_per_second);
  void set_gate(std::uint32_t source, std::string gate);
  void set_bad_records(std::uint32_t source, BadRecordPolicy policy);
  std::string vertex_name(std::uint32_t vertex) const;
  // The one source that a stream comes from; empty, and a mistake noted, if it comes from several.
  std::string source_of(const StreamRef& stream);

  void set_key_groups(std::uint32_t count);
  void refuse(Error error);
  // The author's own refusal. He may have left his function there, so that nothing is said of a
  // graph that is not whole.
  void refuse_settings(Error error);
  // Keeps something alive as long as the program.
  void keep(std::shared_ptr<void> what);

  // Every mistake; if there is one, with what else is wrong with the graph. Empty: `program` is
  // whole, and its graph is still to be planned.
  std::vector<Error> finish(JobProgram& program);

 private:
  struct Vertex;
  struct State;
  Vertex& one_vertex(const StreamRef& stream, std::string_view what);
  void refuse_option(const graph::Vertex& vertex, Error error);

  std::unique_ptr<State> state_;
};

std::string_view stream_kind_name(StreamKind kind);

}  // namespace tributary::internal
