#include "runtime/api/run_summary.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runtime/api/progress_text.h"
#include "runtime/exec/dead_letter_counts.h"

namespace tributary {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDeadLetterRecord = "DeadLetter";
constexpr std::string_view kLateCounter = "late_records";
constexpr std::string_view kBadCounter = "bad_records";
constexpr const char* kOverrunsCounter = "overruns";

// "DeadLetter" or "tributary::DeadLetter".
bool is_dead_letter(std::string_view record) {
  const std::size_t colon = record.rfind(':');
  return (colon == std::string_view::npos ? record : record.substr(colon + 1)) == kDeadLetterRecord;
}

bool takes_dead_letters(const graph::JobGraph& graph, std::uint32_t vertex) {
  return std::ranges::any_of(graph.edges(), [&](const graph::Edge& edge) {
    return edge.to() == vertex && is_dead_letter(edge.record_name());
  });
}

// Folder, else topic, else path: what a sink shows of where it writes.
std::string place_of(const graph::Vertex& vertex) {
  for (const char* name : {graph::kOutputProperty, "topic", graph::kPathProperty}) {
    const std::string_view place = property(vertex, name);
    if (!place.empty()) return std::string(place);
  }
  return {};
}

std::string_view event_of(cluster::JobPhase phase) {
  switch (phase) {
    case cluster::FINISHED:
      return "finished";
    case cluster::STOPPED:
      return "stopped";
    case cluster::CANCELLED:
      return "cancelled";
    default:
      return "failed";
  }
}

// "stopped (…)": what windows and timers hold is read, but not written.
std::string stopped_text(const RunSummary& summary) {
  if (summary.checkpoints)
    return fmt::format("stopped (all that was read is in checkpoint {}: run it again to go on)",
                       summary.checkpoints->newest.value);
  if (summary.held.empty()) return "stopped (all that was read is written)";
  std::string held;
  for (const auto& [operation, timers] : summary.held)
    held += fmt::format("{}{} {}", held.empty() ? "" : ", ", operation, grouped(timers));
  return fmt::format(
      "stopped (all that was read is processed; windows and timers that event time did not reach "
      "are not written: {})",
      held);
}

std::string phase_text(const RunSummary& summary) {
  switch (summary.phase) {
    case cluster::FINISHED:
      return "finished (end of input)";
    case cluster::STOPPED:
      return stopped_text(summary);
    case cluster::CANCELLED:
      return "cancelled (what was in flight is not written)";
    default:
      return "failed";
  }
}

// "  dead letters  37: MALFORMED_JSON 30, MISSING_FIELD 7\n", the most frequent first.
std::string reasons_text(const RunSummary& summary) {
  if (summary.dead_letter_reasons.empty()) return {};
  std::vector<std::pair<std::string_view, std::int64_t>> reasons(
      summary.dead_letter_reasons.begin(), summary.dead_letter_reasons.end());
  std::ranges::stable_sort(reasons, std::greater(), [](const auto& entry) { return entry.second; });
  std::string text = fmt::format("  dead letters  {}:", grouped(summary.dead_letters));
  std::string_view separator = " ";
  for (const auto& [reason, count] : reasons)
    text += fmt::format("{}{} {}", std::exchange(separator, ", "), reason, grouped(count));
  return text + "\n";
}

}  // namespace

RunSummary summarize(const graph::JobGraph& graph, const std::deque<TaskMetrics>& metrics,
                     cluster::JobPhase phase, double wall_s) {
  RunSummary summary;
  summary.job = graph.name();
  summary.phase = phase;
  summary.wall_s = wall_s;
  std::map<std::uint32_t, std::int64_t> records_in;
  std::int64_t bad = 0;
  for (const TaskMetrics& task : metrics) {
    for (const auto& operation : task.operators) {
      records_in[operation->vertex] += operation->records_in.get();
      if (const std::int64_t overruns = operation->overruns.get(); overruns > 0)
        summary.counters[operation->name][kOverrunsCounter] += overruns;
      for (const auto& [counter, value] : operation->named()) {
        if (counter.starts_with(kDeadLetterCounter)) {
          summary.dead_letter_reasons[counter.substr(kDeadLetterCounter.size())] += value;
          continue;
        }
        if (counter == kEventTimersLeftCounter) {
          summary.held[operation->name] += value;
          continue;
        }
        summary.counters[operation->name][counter] += value;
        if (counter == kLateCounter) summary.late_records += value;
        if (counter == kBadCounter) bad += value;
      }
    }
  }
  for (const graph::Vertex& vertex : graph.vertices()) {
    if (vertex.kind() == graph::SOURCE) summary.records_in += records_in[vertex.id()];
    if (vertex.kind() != graph::SINK) continue;
    const bool dead = takes_dead_letters(graph, vertex.id());
    const std::int64_t records = records_in[vertex.id()];
    (dead ? summary.dead_letters : summary.records_out) += records;
    summary.sinks.push_back({.name = vertex.name(),
                             .records = records,
                             .output = place_of(vertex),
                             .is_dead_letters = dead});
  }
  const bool has_dead_letters = std::ranges::any_of(summary.sinks, &SinkSummary::is_dead_letters);
  if (!has_dead_letters) summary.skipped_records = bad;
  return summary;
}

std::string summary_text(const RunSummary& summary) {
  std::string text = fmt::format("{}  in {}  out {}  late {}  dead {}", phase_text(summary),
                                 grouped(summary.records_in), grouped(summary.records_out),
                                 grouped(summary.late_records), grouped(summary.dead_letters));
  if (summary.skipped_records > 0)
    text += fmt::format("  skipped {}", grouped(summary.skipped_records));
  if (summary.checkpoints) {
    text += fmt::format("  checkpoints {}", summary.checkpoints->completed);
    if (summary.checkpoints->completed > 0)
      text += fmt::format(" ({} ms)", summary.checkpoints->duration.micros / 1000);
    if (summary.checkpoints->failed > 0)
      text += fmt::format(", {} failed", summary.checkpoints->failed);
  }
  text += fmt::format("  wall {}", seconds_text(summary.wall_s));
  if (summary.wall_s > 0 && summary.records_in > 0) {
    text += fmt::format(
        "  ({} records/s)",
        grouped(std::llround(static_cast<double>(summary.records_in) / summary.wall_s)));
  }
  text += "\n";
  std::size_t width = 0;
  for (const SinkSummary& sink : summary.sinks) width = std::max(width, sink.name.size());
  for (const SinkSummary& sink : summary.sinks) {
    text += fmt::format("  {:<12}  {:<{}}  {} record{}",
                        sink.is_dead_letters ? "dead letters" : "output", sink.name, width,
                        grouped(sink.records), sink.records == 1 ? "" : "s");
    if (!sink.output.empty()) text += fmt::format("  {}", sink.output);
    text += "\n";
  }
  text += reasons_text(summary);
  for (const auto& [operation, counters] : summary.counters) {
    text += fmt::format("  {:<12}  {}:", "counters", operation);
    for (const auto& [counter, value] : counters)
      text += fmt::format(" {} {}", counter, grouped(value));
    text += "\n";
  }
  return text;
}

std::string summary_json(const RunSummary& summary, const Error* error) {
  Json json = {{"event", event_of(summary.phase)},
               {"job", summary.job},
               {"records_in", summary.records_in},
               {"records_out", summary.records_out},
               {"late", summary.late_records},
               {"dead", summary.dead_letters},
               {"skipped", summary.skipped_records},
               {"wall_s", std::round(summary.wall_s * 1000) / 1000},
               {"rate", summary.wall_s > 0
                            ? std::llround(static_cast<double>(summary.records_in) / summary.wall_s)
                            : 0},
               {"dead_reasons", summary.dead_letter_reasons},
               {"held", summary.held},
               {"sinks", Json::array()},
               {"counters", Json::object()}};
  if (summary.checkpoints) {
    json["checkpoints"] = {{"completed", summary.checkpoints->completed},
                           {"failed", summary.checkpoints->failed},
                           {"newest", summary.checkpoints->newest.value}};
  }
  for (const SinkSummary& sink : summary.sinks) {
    json["sinks"].push_back({{"name", sink.name},
                             {"records", sink.records},
                             {"output", sink.output},
                             {"dead_letters", sink.is_dead_letters}});
  }
  for (const auto& [operation, counters] : summary.counters) json["counters"][operation] = counters;
  if (error != nullptr) {
    json["error"] = {{"code", error_page(error->code()).code}, {"what", error->what()}};
    if (!error->fix().empty()) json["error"]["do"] = error->fix();
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tributary
