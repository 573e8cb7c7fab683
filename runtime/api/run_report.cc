#include "runtime/api/run_report.h"

#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runtime/api/progress_text.h"
#include "runtime/graph/explain.h"

namespace tributary {
namespace {

using Json = nlohmann::ordered_json;

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string start_text(const graph::JobGraph& graph, const graph::ExecutionPlan& plan,
                       std::string_view state) {
  std::string text =
      fmt::format("{}  {}  state {}\n", graph.name(), counted(plan.slot_count, "slot"), state);
  std::string lines = graph::explain_lines(graph, plan);
  const std::string sizes = fmt::format("{}, {}", counted(plan.stages.size(), "stage"),
                                        counted(plan.exchanges.size(), "exchange"));
  std::size_t count = 0;
  for (std::string_view rest = lines; !rest.empty(); ++count) {
    const std::size_t end = rest.find('\n');
    text += fmt::format("  {}\n", rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (count == 1) {
    text.pop_back();
    return text + fmt::format("      {}\n", sizes);
  }
  return text + fmt::format("  {}\n", sizes);
}

RunReport::RunReport(ProgressMode mode, const graph::JobGraph& graph,
                     const graph::ExecutionPlan& plan, std::string state,
                     const Surroundings& surroundings)
    : mode_(mode),
      graph_(graph),
      plan_(plan),
      state_(std::move(state)),
      out_(surroundings.out),
      err_(surroundings.err),
      block_(surroundings.out) {}

void RunReport::started() {
  if (mode_ != ProgressMode::kJson) {
    write_all(out_, start_text(graph_, plan_, state_));
    return;
  }
  const Json json = {{"event", "started"},
                     {"job", graph_.name()},
                     {"slots", plan_.slot_count},
                     {"stages", plan_.stages.size()},
                     {"exchanges", plan_.exchanges.size()},
                     {"state", state_},
                     {"graph_digest", graph::digest(graph_).to_hex()}};
  write_all(out_, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void RunReport::progress(const JobProgress& progress) {
  switch (mode_) {
    case ProgressMode::kTerminal:
      block_.show(progress_block(progress, graph_.name(), terminal_width(out_)));
      return;
    case ProgressMode::kJson:
      write_all(out_, progress_json(progress, graph_.name()) + "\n");
      return;
    case ProgressMode::kPlain:
      write_all(out_, progress_line(progress) + "\n");
      return;
    case ProgressMode::kAuto:
    case ProgressMode::kNone:
      return;
  }
}

void RunReport::notice(const std::string& text) {
  block_.clear();
  write_all(mode_ == ProgressMode::kJson ? err_ : out_, text + "\n");
}

void RunReport::ended(const RunSummary& summary, const Error* error) {
  block_.clear();
  if (error != nullptr) write_all(err_, error->to_string() + "\n");
  write_all(out_, mode_ == ProgressMode::kJson ? summary_json(summary, error) + "\n"
                                               : summary_text(summary));
}

}  // namespace tributary
