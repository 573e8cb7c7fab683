#include "tests/e2e/crash/cost_answers.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/visible_files.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kShown = 3;

// Without `,"name":"…"` or `"name":"…",`: when, not what.
std::string without(std::string line, std::string_view name) {
  const std::string head = fmt::format("\"{}\":\"", name);
  const std::size_t at = line.find(head);
  if (at == std::string::npos) return line;
  const std::size_t end = line.find('"', at + head.size());
  return line.erase(at, end + 1 - at);
}

// part-<number>-<epoch>.jsonl: files of a topic in the order in which values replace each other.
std::tuple<std::uint64_t, std::uint64_t, std::string> order_of(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t first = name.find('-');
  const std::size_t second = name.find('-', first + 1);
  if (second == std::string::npos) return {0, 0, name};
  return {std::stoull(name.substr(second + 1)), std::stoull(name.substr(first + 1)), name};
}

std::vector<std::string> read_lines(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

void add_to_sums(const std::string& text, CostAnswers& answers) {
  const Json line = Json::parse(text);
  const auto amount = parse_amount(line["billed"].get<std::string>());
  ASSERT_TRUE(amount) << text;
  ASSERT_TRUE(
      add_to(answers.sums[{line["tenant"], line["period"], line["currency"], line["dimension"]}],
             *amount));
}

std::string shown(std::string_view what, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text = fmt::format("  {} {}:\n", lines.size(), what);
  for (std::size_t i = 0; i < std::min(lines.size(), kShown); ++i)
    text += fmt::format("    {}\n", lines[i].substr(0, 400));
  return text;
}

}  // namespace

const std::vector<std::string>& written_topics() {
  static const std::vector<std::string> topics = {"ledger", "cost.lines", "cost.hourly",
                                                  "cost.control", "cost.deadletters"};
  return topics;
}

CostAnswers CostAnswers::read(const fs::path& dir) {
  CostAnswers answers;
  for (const std::string& topic : written_topics()) {
    std::vector<fs::path> files = visible_files(dir / topic);
    std::ranges::sort(files, {}, order_of);
    for (const fs::path& file : files) {
      for (const std::string& line : read_lines(file)) {
        if (topic == "cost.hourly") {
          const std::size_t cell_end = line.find("\"billed\":");
          EXPECT_NE(cell_end, std::string::npos) << file << ": " << line;
          answers.hourly[line.substr(0, cell_end)] = without(line, "as_of");
          continue;
        }
        answers.added[topic].push_back(without(without(line, "posted_at"), "ingest_time"));
        if (topic == "ledger") add_to_sums(line, answers);
      }
    }
  }
  for (auto& [topic, lines] : answers.added) std::ranges::sort(lines);
  return answers;
}

std::string difference(const CostAnswers& expected, const CostAnswers& found) {
  std::string text;
  for (const std::string& topic : written_topics()) {
    static const std::vector<std::string> kNone;
    const auto lines_of = [&](const CostAnswers& answers) -> const std::vector<std::string>& {
      const auto lines = answers.added.find(topic);
      return lines == answers.added.end() ? kNone : lines->second;
    };
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    std::ranges::set_difference(lines_of(expected), lines_of(found), std::back_inserter(missing));
    std::ranges::set_difference(lines_of(found), lines_of(expected), std::back_inserter(extra));
    if (missing.empty() && extra.empty()) continue;
    text += topic + ":\n" + shown("missing", missing) + shown("too many", extra);
  }
  std::vector<std::string> cells;
  for (const auto& [cell, line] : expected.hourly) {
    const auto other = found.hourly.find(cell);
    if (other == found.hourly.end()) {
      cells.push_back("missing: " + line);
    } else if (other->second != line) {
      cells.push_back(other->second + " instead of " + line);
    }
  }
  for (const auto& [cell, line] : found.hourly)
    if (!expected.hourly.contains(cell)) cells.push_back("too many: " + line);
  if (!cells.empty()) text += "cost.hourly:\n" + shown("cells differ", cells);
  if (expected.sums != found.sums) text += "the sums of the ledger differ\n";
  return text;
}

std::string difference_from_totals(const CostAnswers& found, const fs::path& expected_json) {
  std::ifstream stream(expected_json);
  const Json expected = Json::parse(stream);
  std::string text;
  for (const Json& total : expected["totals"]) {
    int dimensions = 0;
    for (const auto& [key, sum] : found.sums) {
      if (key[0] != total["tenant"] || key[1] != total["period"] || key[2] != total["currency"])
        continue;
      ++dimensions;
      if (format_amount(sum) != total["billed"].get<std::string>())
        text += fmt::format("{} {} {} {}: {} instead of {}\n", key[0], key[1], key[2], key[3],
                            format_amount(sum), total["billed"].get<std::string>());
    }
    if (dimensions < 2) text += "not in the ledger: " + total.dump() + "\n";
  }
  return text;
}

}  // namespace tributary::testing
