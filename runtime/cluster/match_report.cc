#include "runtime/cluster/match_report.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

namespace tributary {
namespace {

std::string count(const std::vector<MatchLine>& report, MatchLine::Fate fate, bool named) {
  std::size_t n = 0;
  std::string names;
  for (const MatchLine& line : report) {
    if (line.fate != fate || !line.state.empty()) continue;
    ++n;
    names += (names.empty() ? "" : ", ") + line.operator_name;
  }
  return named && n > 0 ? fmt::format("{} ({})", n, names) : std::to_string(n);
}

std::string_view what_became(const MatchLine& line) {
  if (!line.change.empty()) return line.change;
  if (line.state.empty()) return {};
  switch (line.fate) {
    case MatchLine::Fate::kNew:
      return "new";
    case MatchLine::Fate::kDropped:
      return "dropped";
    default:
      return {};
  }
}

}  // namespace

void sort_report(std::vector<MatchLine>& report) {
  std::ranges::sort(report, {}, [](const MatchLine& line) {
    return std::tie(line.fate, line.operator_name, line.state);
  });
}

std::string match_text(const std::vector<MatchLine>& report) {
  std::string text = fmt::format(
      "kept {}, new {}, dropped {}", count(report, MatchLine::Fate::kKept, false),
      count(report, MatchLine::Fate::kNew, true), count(report, MatchLine::Fate::kDropped, true));
  for (const MatchLine& line : report) {
    const std::string_view what = what_became(line);
    if (what.empty()) continue;
    text += fmt::format("\n{}{}{}: {}", line.operator_name, line.state.empty() ? "" : ".",
                        line.state, what);
  }
  return text;
}

}  // namespace tributary
