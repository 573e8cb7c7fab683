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
    line += fmt::format("  backlog {}", grouped(*progress.backlog));
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

Json watermark_json(const std::optional<Timestamp>& watermark) {
  return watermark ? Json(format_timestamp(*watermark)) : Json(nullptr);
}
template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

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
          {"backlog", or_null(stage.backlog)}};
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
  std::size_t name_width = 0;
  for (const StageProgress& stage : progress.stages)
    name_width = std::max(name_width, stage.name.size());
  name_width = std::min<std::size_t>(name_width, 36);
  for (const StageProgress& stage : progress.stages) {
    const std::string name =
        stage.name.size() > name_width ? cut(stage.name, name_width - 1) + "…" : stage.name;
    lines.push_back(
        cut(fmt::format("  {}{:{}}  busy {:>5}  backpressured {:>5}  in {}  {} records/s", name, "",
                        name_width - std::min(name_width, name.size()), percent(stage.busy_ratio),
                        percent(stage.backpressured_ratio), grouped(stage.records_in),
                        grouped(whole(stage.rate))),
            width));
  }
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
               {"watermark", watermark_json(progress.watermark)},
               {"stages", Json::array()},
               {"bottleneck", nullptr}};
  for (const StageProgress& stage : progress.stages) json["stages"].push_back(stage_json(stage));
  if (progress.bottleneck) {
    json["bottleneck"] = {{"stage", progress.stages[progress.bottleneck->stage].name},
                          {"cause", progress.stages[progress.bottleneck->cause].name}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tributary
