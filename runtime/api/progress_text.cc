#include "runtime/api/progress_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tributary {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double ratio) { return fmt::format("{:.0f} %", ratio * 100); }

// Whole records a second; an idle job shows 0, not 0.3.
std::int64_t whole(double rate) { return std::llround(rate); }
double rounded(double value, double unit) { return std::round(value / unit) * unit; }

std::string watermark_text(const std::optional<Timestamp>& watermark) {
  if (!watermark) return "none yet";
  return *watermark == Timestamp::max() ? "end" : format_timestamp(*watermark);
}

std::string job_line(const JobProgress& progress) {
  std::string line = fmt::format("{}  read {}  {} records/s", seconds_text(progress.elapsed_s),
                                 grouped(progress.records_in), grouped(whole(progress.rate)));
  if (progress.backlog) {
    line += fmt::format("  backlog {}{}{}", grouped(*progress.backlog),
                        progress.backlog_unit.empty() ? "" : " ", progress.backlog_unit);
    if (progress.remaining_s && *progress.remaining_s < 100 * 3600.0)
      line += fmt::format(" (about {})", seconds_text(std::ceil(*progress.remaining_s)));
  }
  if (progress.watermark) line += fmt::format("  watermark {}", watermark_text(progress.watermark));
  return line;
}

// Columns, not bytes: bytes that continue a UTF-8 sequence take none.
std::string cut(std::string text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (columns++ == width) {
      text.resize(i);
      break;
    }
  }
  return text;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Of the columns behind a stage's name.
constexpr std::size_t kNumbersWidth = 2 + 13 + 2 + 13 + 2 + 9 + 2 + 5 + 2 + 5;

Json watermark_json(const std::optional<Timestamp>& watermark) {
  return watermark ? Json(format_timestamp(*watermark)) : Json(nullptr);
}
template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json unit_json(std::string_view unit) { return unit.empty() ? Json(nullptr) : Json(unit); }

Json stage_json(const StageProgress& stage) {
  return {{"stage", stage.stage},
          {"name", stage.name},
          {"tasks", stage.tasks},
          {"finished_tasks", stage.finished_tasks},
          {"records_in", stage.records_in},
          {"records_out", stage.records_out},
          {"rate", whole(stage.rate)},
          {"busy_ratio", rounded(stage.busy_ratio, 0.001)},
          {"backpressured_ratio", rounded(stage.backpressured_ratio, 0.001)},
          {"idle_ratio", rounded(stage.idle_ratio, 0.001)},
          {"watermark", watermark_json(stage.watermark)},
          {"inbox_bytes", stage.inbox_bytes},
          {"waiting_bytes", stage.waiting_bytes},
          {"backlog", or_null(stage.backlog)},
          {"backlog_unit", unit_json(stage.backlog_unit)}};
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(), first = number < 0 ? 1 : 0; i > first + 3;) {
    i -= 3;
    text.insert(i, ",");
  }
  return text;
}

std::string seconds_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const std::int64_t all = std::llround(seconds);
  if (all < 3600) return fmt::format("{} min {} s", all / 60, all % 60);
  return fmt::format("{} h {} min", all / 3600, all / 60 % 60);
}

std::string bottleneck_text(const JobProgress& progress) {
  if (!progress.bottleneck) return {};
  const StageProgress& stage = progress.stages[progress.bottleneck->stage];
  const StageProgress& cause = progress.stages[progress.bottleneck->cause];
  std::string busy = fmt::format("busy {} of the time", percent(cause.busy_ratio));
  // One hot task: the others of its stage have little to do.
  if (cause.tasks > 1 && cause.busiest_ratio >= kBusy &&
      cause.busy_ratio < 0.6 * cause.busiest_ratio)
    busy = fmt::format("busy {} of the time in task {} alone", percent(cause.busiest_ratio),
                       cause.busiest_task);
  if (stage.stage == cause.stage) return fmt::format("bottleneck: {} is {}", cause.name, busy);
  return fmt::format("backpressured: {} waits for {}, which is {}", stage.name, cause.name, busy);
}

std::vector<std::string> progress_block(const JobProgress& progress, std::string_view job,
                                        std::size_t width) {
  std::vector<std::string> lines;
  lines.push_back(cut(fmt::format("{}  {}", job, job_line(progress)), width));
  constexpr std::string_view kStage = "stage";
  std::size_t name_width = kStage.size();
  for (const StageProgress& stage : progress.stages)
    name_width = std::max(name_width, columns_of(stage.name));
  // Numbers are what people look for: the name gives way.
  const std::size_t room = width > kNumbersWidth + 2 ? width - kNumbersWidth - 2 : 0;
  name_width = std::min(name_width, std::clamp<std::size_t>(room, 12, 48));
  const auto add_row = [&](std::string_view name, std::string_view in, std::string_view out,
                           std::string_view rate, std::string_view busy, std::string_view held) {
    std::string shown(name);
    if (columns_of(shown) > name_width) shown = cut(shown, name_width - 1) + "…";
    shown.append(name_width - columns_of(shown), ' ');
    lines.push_back(cut(
        fmt::format("  {}  {:>13}  {:>13}  {:>9}  {:>5}  {:>5}", shown, in, out, rate, busy, held),
        width));
  };
  add_row(kStage, "in", "out", "in/s", "busy", "held");
  for (const StageProgress& stage : progress.stages)
    add_row(stage.name, grouped(stage.records_in), grouped(stage.records_out),
            grouped(whole(stage.rate)), percent(stage.busy_ratio),
            percent(stage.backpressured_ratio));
  if (progress.bottleneck) lines.push_back(cut("  " + bottleneck_text(progress), width));
  return lines;
}

std::string progress_line(const JobProgress& progress) {
  std::string line = job_line(progress);
  if (progress.bottleneck) line += "  " + bottleneck_text(progress);
  return line;
}

std::string progress_json(const JobProgress& progress, std::string_view job) {
  Json json = {{"event", "progress"},
               {"job", job},
               {"elapsed_s", rounded(progress.elapsed_s, 0.001)},
               {"records_in", progress.records_in},
               {"rate", whole(progress.rate)},
               {"backlog", or_null(progress.backlog)},
               {"backlog_unit", unit_json(progress.backlog_unit)},
               {"watermark", watermark_json(progress.watermark)},
               {"stages", Json::array()},
               {"bottleneck", nullptr}};
  for (const StageProgress& stage : progress.stages) json["stages"].push_back(stage_json(stage));
  if (progress.bottleneck) {
    json["bottleneck"] = {{"stage", progress.stages[progress.bottleneck->stage].name},
                          {"cause", progress.stages[progress.bottleneck->cause].name}};
  }
  if (progress.checkpoints) {
    const CheckpointProgress& checkpoints = *progress.checkpoints;
    json["checkpoints"] = {{"completed", checkpoints.completed},
                           {"failed", checkpoints.failed},
                           {"newest", checkpoints.newest.value},
                           {"output_held_since", nullptr},
                           {"blocked_sinks", checkpoints.blocked_sinks}};
    if (checkpoints.output_held_since)
      json["checkpoints"]["output_held_since"] = format_timestamp(*checkpoints.output_held_since);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tributary
