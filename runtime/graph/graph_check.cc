#include "runtime/graph/graph_check.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <string_view>
#include <utility>

#include "base/excerpt.h"
#include "checkpoint/key_groups.h"
#include "runtime/graph/folder_check.h"
#include "runtime/graph/job_graph.h"

namespace tributary::graph {
namespace {

using Errors = std::vector<Error>;

// What dead_letter(sink) calls its sink when nobody says otherwise
// (operators/include/tributary/source_stream.h).
constexpr std::string_view kDeadLetterSink = "dead-letters";

template <typename... Args>
void report(Errors& errors, ErrorCode code, std::string fix, fmt::format_string<Args...> text,
            Args&&... args) {
  errors.emplace_back(code, fmt::format(text, std::forward<Args>(args)...), std::move(fix));
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

// What the rest relies on: ids, ports and enumerators in range.
void check_form(const JobGraph& graph, Errors& errors) {
  const auto malformed = [&](std::string what) {
    errors.emplace_back(ErrorCode::G313, std::move(what));
  };
  if (graph.format() != kJobGraphFormat)
    malformed(fmt::format("job graph of format {}", graph.format()));
  if (graph.vertices_size() > kVerticesMax)
    malformed(
        fmt::format("{} operators; at most {} are allowed", graph.vertices_size(), kVerticesMax));
  if (graph.edges_size() > kEdgesMax)
    malformed(fmt::format("{} streams; at most {} are allowed", graph.edges_size(), kEdgesMax));
  for (int i = 0; i < graph.vertices_size(); ++i) {
    const Vertex& vertex = graph.vertices(i);
    if (vertex.id() != static_cast<std::uint32_t>(i))
      malformed(fmt::format("vertex {} at position {}", vertex.id(), i));
    if (vertex.name().empty()) malformed(fmt::format("vertex {} has no name", i));
    if (!VertexKind_IsValid(vertex.kind()) || vertex.kind() == VERTEX_KIND_UNSPECIFIED)
      malformed(fmt::format("vertex {} is of unknown kind {}", named(vertex),
                            static_cast<int>(vertex.kind())));
    if (vertex.side_outputs_size() >= static_cast<int>(kPortsMax))
      malformed(fmt::format("{} has {} side outputs", named(vertex), vertex.side_outputs_size()));
  }
  const auto vertices = static_cast<std::uint32_t>(graph.vertices_size());
  for (int i = 0; i < graph.edges_size(); ++i) {
    const Edge& edge = graph.edges(i);
    if (edge.from() >= vertices || edge.to() >= vertices) {
      malformed(fmt::format("edge {} goes from vertex {} to vertex {} of {}", i, edge.from(),
                            edge.to(), vertices));
      continue;
    }
    const Vertex& from = graph.vertices(static_cast<int>(edge.from()));
    if (edge.from_port() > static_cast<std::uint32_t>(from.side_outputs_size()))
      malformed(fmt::format("edge {} leaves {} at port {}, which it does not have", i, named(from),
                            edge.from_port()));
    if (edge.to_input() >= kPortsMax)
      malformed(fmt::format("edge {} goes to input {}", i, edge.to_input()));
    if (!ExchangeKind_IsValid(edge.exchange()) || edge.exchange() == EXCHANGE_KIND_UNSPECIFIED)
      malformed(
          fmt::format("edge {} has unknown exchange {}", i, static_cast<int>(edge.exchange())));
    if (!StreamKind_IsValid(edge.kind()) || edge.kind() == STREAM_KIND_UNSPECIFIED)
      malformed(
          fmt::format("edge {} has unknown stream kind {}", i, static_cast<int>(edge.kind())));
  }
}

// Names stand in terminals, logs and drawings.
void check_characters(const JobGraph& graph, Errors& errors) {
  const auto check = [&](std::string_view what, const std::string& name) {
    if (has_control_characters(name))
      report(errors, ErrorCode::G317, "", "{} {} has control characters in its name", what,
             excerpt(name));
  };
  check("job", graph.name());
  for (const Vertex& vertex : graph.vertices()) {
    check(kind_name(vertex), vertex.name());
    for (const std::string& side : vertex.side_outputs()) check("side output", side);
    for (const State& state : vertex.states()) check("state", state.name());
  }
}

void check_names(const JobGraph& graph, Errors& errors) {
  std::map<std::string_view, std::vector<const Vertex*>> by_name;
  for (const Vertex& vertex : graph.vertices()) by_name[vertex.name()].push_back(&vertex);
  for (const Vertex& vertex : graph.vertices()) {
    const auto& same = by_name[vertex.name()];
    if (same.size() < 2 || same.front() != &vertex) continue;
    std::string places;
    for (const Vertex* other : same)
      if (!other->declared_at().empty())
        places += (places.empty() ? "" : ", ") + other->declared_at();
    report(errors, ErrorCode::G301,
           vertex.name() == kDeadLetterSink
               ? "name the sinks: .on_bad_record(dead_letter(\"bad-charges\", sink))"
               : "give each a name of its own",
           "{} operators are named \"{}\"{}; names find state again and must be unique",
           same.size() == 2 ? "two" : std::to_string(same.size()), vertex.name(),
           places.empty() ? "" : fmt::format(" ({})", places));
  }
  for (const Vertex& vertex : graph.vertices()) {
    if (vertex.named_by_author() || (vertex.kind() == OPERATOR && vertex.states().empty()))
      continue;
    report(errors, ErrorCode::G312, "give it a name as the first argument",
           "{} {} {} but has no name of its own; it is found again by its name", kind_name(vertex),
           named(vertex),
           vertex.kind() == OPERATOR ? "keeps state" : "reads or writes the outside world");
  }
}

void check_shape(const JobGraph& graph, Errors& errors) {
  struct Connections {
    bool input = false;
    bool main_output = false;
    bool any_output = false;
  };
  std::vector<Connections> connections(static_cast<std::size_t>(graph.vertices_size()));
  for (const Edge& edge : graph.edges()) {
    connections[edge.to()].input = true;
    connections[edge.from()].any_output = true;
    if (edge.from_port() == 0) connections[edge.from()].main_output = true;
  }
  if (graph.vertices().empty())
    report(errors, ErrorCode::G302, "begin with job.source(name, ...)", "job \"{}\" is empty",
           graph.name());
  else if (std::ranges::none_of(graph.vertices(),
                                [](const Vertex& vertex) { return vertex.kind() == SOURCE; }))
    report(errors, ErrorCode::G302, "begin with job.source(name, ...)", "job \"{}\" has no source",
           graph.name());
  for (const Vertex& vertex : graph.vertices()) {
    const Connections& has = connections[vertex.id()];
    if (vertex.kind() != SOURCE && !has.input)
      report(errors, ErrorCode::G303, "", "{} {} has no input", kind_name(vertex), named(vertex));
    if (vertex.kind() == SOURCE && has.input)
      report(errors, ErrorCode::G306, "", "source {} has an input; a source begins a stream",
             named(vertex));
    if (vertex.kind() == SINK && has.any_output)
      report(errors, ErrorCode::G306, "read the stream before its sink",
             "sink {} has an output; a sink ends a stream", named(vertex));
    const bool used = vertex.kind() == SOURCE ? has.main_output : has.any_output;
    if (vertex.kind() != SINK && !used)
      report(errors, ErrorCode::G304, "end it with .sink(...), or remove it",
             "the stream of {} {} is not used; end it with .sink(...)", kind_name(vertex),
             named(vertex));
  }
}

// Names one cycle among the vertices that no topological order reaches.
void check_cycles(const JobGraph& graph, Errors& errors) {
  const auto count = static_cast<std::size_t>(graph.vertices_size());
  std::vector<std::vector<std::uint32_t>> targets(count);
  for (const Edge& edge : graph.edges()) targets[edge.from()].push_back(edge.to());
  enum class Mark : std::uint8_t { kNew, kOnPath, kDone };
  std::vector<Mark> marks(count, Mark::kNew);
  for (std::uint32_t start = 0; start < count; ++start) {
    if (marks[start] != Mark::kNew) continue;
    std::vector<std::pair<std::uint32_t, std::size_t>> path{{start, 0}};  // vertex, next target
    marks[start] = Mark::kOnPath;
    while (!path.empty()) {
      auto& [vertex, next] = path.back();
      if (next == targets[vertex].size()) {
        marks[vertex] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const std::uint32_t target = targets[vertex][next++];
      if (marks[target] == Mark::kNew) {
        marks[target] = Mark::kOnPath;
        path.emplace_back(target, 0);
      } else if (marks[target] == Mark::kOnPath) {
        std::string text;
        auto at = std::ranges::find(path, target, [](const auto& step) { return step.first; });
        for (; at != path.end(); ++at)
          text += fmt::format("\"{}\" -> ", graph.vertices(static_cast<int>(at->first)).name());
        report(errors, ErrorCode::G305, "", "the streams form a cycle: {}\"{}\"", text,
               graph.vertices(static_cast<int>(target)).name());
      }
    }
  }
}

void check_kinds(const JobGraph& graph, Errors& errors) {
  for (const Edge& edge : graph.edges()) {
    const Vertex& to = graph.vertices(static_cast<int>(edge.to()));
    const auto accepts = to.properties().find("accepts");
    if (accepts == to.properties().end()) continue;
    bool accepted = false;
    std::string_view rest = accepts->second;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      std::string_view word = rest.substr(0, comma);
      while (word.starts_with(' ')) word.remove_prefix(1);
      accepted |= word == kind_text(edge.kind());
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
    if (!accepted)
      report(errors, ErrorCode::G310, "", "{} {} cannot take the {} stream of {}: it accepts {}",
             kind_name(to), named(to), kind_text(edge.kind()),
             named(graph.vertices(static_cast<int>(edge.from()))), accepts->second);
  }
}

// A window needs event time from every source that feeds it. A process may give its records times
// of its own.
void check_event_time(const JobGraph& graph, Errors& errors) {
  std::vector<std::vector<std::uint32_t>> senders(static_cast<std::size_t>(graph.vertices_size()));
  for (const Edge& edge : graph.edges()) senders[edge.to()].push_back(edge.from());
  for (const Vertex& window : graph.vertices()) {
    if (!window.properties().contains("window")) continue;
    std::set<std::uint32_t> seen{window.id()};
    std::vector<std::uint32_t> to_visit{window.id()};
    while (!to_visit.empty()) {
      const Vertex& vertex = graph.vertices(static_cast<int>(to_visit.back()));
      to_visit.pop_back();
      if (vertex.kind() == SOURCE && !vertex.properties().contains("bounded_lateness"))
        report(errors, ErrorCode::G316,
               "give the source .event_time(&T::field, bounded_lateness(...))",
               "window {} needs event time, and source {} gives its records none", named(window),
               named(vertex));
      if (vertex.operator_type() == "process") continue;
      for (const std::uint32_t sender : senders[vertex.id()])
        if (seen.insert(sender).second) to_visit.push_back(sender);
    }
  }
}

void check_gates(const JobGraph& graph, Errors& errors) {
  std::map<std::string_view, const Vertex*> sources;
  for (const Vertex& vertex : graph.vertices())
    if (vertex.kind() == SOURCE) sources.emplace(vertex.name(), &vertex);
  const auto gating = [&](const Vertex& vertex) -> const Vertex* {
    const auto found = sources.find(vertex.gated_by());
    return vertex.gated_by().empty() || found == sources.end() ? nullptr : found->second;
  };
  std::set<const Vertex*> reported;
  for (const Vertex& vertex : graph.vertices()) {
    if (vertex.gated_by().empty()) continue;
    if (vertex.kind() != SOURCE) {
      report(errors, ErrorCode::G308, "move .after(...) to the source",
             "{} {} waits for source \"{}\"; only a source can wait", kind_name(vertex),
             named(vertex), vertex.gated_by());
      continue;
    }
    if (vertex.gated_by() == vertex.name()) {
      report(errors, ErrorCode::G308, "", "source {} waits for itself", named(vertex));
      continue;
    }
    if (gating(vertex) == nullptr) {
      report(errors, ErrorCode::G308, "",
             "source {} waits for \"{}\", which is no source of this job", named(vertex),
             vertex.gated_by());
      continue;
    }
    std::string path = fmt::format("\"{}\"", vertex.name());
    std::set<const Vertex*> seen{&vertex};
    for (const Vertex* next = gating(vertex); next != nullptr; next = gating(*next)) {
      path += fmt::format(" -> \"{}\"", next->name());
      if (next == &vertex) {
        if (!reported.contains(&vertex))
          report(errors, ErrorCode::G308, "remove one .after(...)",
                 "sources wait for each other: {}", path);
        reported.insert(seen.begin(), seen.end());
        break;
      }
      if (!seen.insert(next).second) break;  // a cycle further on, reported where it lies
    }
  }
}

}  // namespace

std::string named(const Vertex& vertex) {
  if (vertex.declared_at().empty()) return fmt::format("\"{}\"", vertex.name());
  return fmt::format("\"{}\" ({})", vertex.name(), vertex.declared_at());
}

std::optional<std::vector<VertexId>> topological_order(const JobGraph& graph) {
  const auto count = static_cast<std::size_t>(graph.vertices_size());
  std::vector<std::uint32_t> inputs(count);
  std::vector<std::vector<std::uint32_t>> targets(count);
  for (const Edge& edge : graph.edges()) {
    ++inputs[edge.to()];
    targets[edge.from()].push_back(edge.to());
  }
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  for (std::uint32_t i = 0; i < count; ++i)
    if (inputs[i] == 0) ready.push(i);
  std::vector<VertexId> order;
  while (!ready.empty()) {
    const std::uint32_t next = ready.top();
    ready.pop();
    order.push_back({next});
    for (const std::uint32_t target : targets[next])
      if (--inputs[target] == 0) ready.push(target);
  }
  if (order.size() != count) return std::nullopt;
  return order;
}

std::vector<Error> check_graph(const JobGraph& graph) {
  Errors errors;
  check_form(graph, errors);
  if (!errors.empty()) return errors;
  check_characters(graph, errors);
  check_names(graph, errors);
  check_shape(graph, errors);
  if (!topological_order(graph)) check_cycles(graph, errors);
  check_kinds(graph, errors);
  check_gates(graph, errors);
  check_folders(graph, errors);
  check_event_time(graph, errors);
  if (graph.key_groups() > kKeyGroupCountMax)
    report(errors, ErrorCode::G311, "", "job \"{}\" wants {} key groups; at most {} are allowed",
           graph.name(), graph.key_groups(), kKeyGroupCountMax);
  return errors;
}

}  // namespace tributary::graph
