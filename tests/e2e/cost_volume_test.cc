// A million generated records, one in a hundred of them malformed, through the real program.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "tests/e2e/cost_run.h"
#include "tests/e2e/visible_files.h"

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::IsEmpty;

std::int64_t rows_wanted() {
  const char* rows = std::getenv("TRIBUTARY_VOLUME_ROWS");
  return rows == nullptr ? 1'000'000 : std::atoll(rows);
}

// The text between `"name":"` and the next quote; the ledger's lines are too many for a parser.
std::string_view field(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == line.npos) return {};
  const std::size_t begin = at + name.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

TEST(CostVolume, OfAMillionRecordsEachIsAppliedOrADeadLetterOnceAndTheTotalsAreExact) {
  CostRun cost;
  const std::int64_t rows = rows_wanted();
  const auto generated = cost.tool({"generate", "--rows", std::to_string(rows), "--malformed",
                                    "0.01", "--shards", "8", "--to", cost.dir().string()});
  ASSERT_EQ(generated.code, 0) << generated.err;
  std::ifstream expected_file(cost.dir() / "expected.json");
  const Json expected = Json::parse(expected_file);
  ASSERT_EQ(expected["records"], rows);

  // The lines are read from their topic; the ledger would be the same bytes once more.
  const Json summary = cost.run(2, {"--set", "ledger_dir=none"});
  // Every record read is accounted for, once.
  const Json& counters = summary["counters"];
  std::int64_t accepted = 0;
  for (const char* outcome : {"new", "changed", "unchanged", "duplicate", "stale", "deleted"}) {
    accepted += counters["attribute"].value(outcome, 0);
  }
  std::int64_t rejected = 0;
  for (const char* operation : {"route", "route-bulk", "attribute"}) {
    if (counters.contains(operation)) rejected += counters[operation].value("rejected", 0);
  }
  EXPECT_EQ(accepted + rejected, rows);
  EXPECT_EQ(counters["attribute"]["new"], expected["new_charges"]);
  // A repeat that comes after a correction or a delete is older than what is stored.
  EXPECT_EQ(counters["attribute"].value("duplicate", 0) + counters["attribute"].value("stale", 0),
            expected["repeats"]);
  EXPECT_EQ(counters["attribute"].value("changed", 0), expected["revisions"]);
  EXPECT_EQ(counters["attribute"].value("deleted", 0), expected["deletes"]);
  EXPECT_EQ(summary["dead"], rejected);

  // Each malformed record is a dead letter once, with its reason, at the line where it stands.
  std::map<std::string, std::int64_t> reasons;
  std::map<std::string, std::map<std::int64_t, std::string>> letters;  // file -> line -> raw
  std::int64_t letter_count = 0;
  cost.read("cost.deadletters", [&](const Json& letter) {
    ++letter_count;
    ++reasons[letter["reason"]];
    letters[letter["partition"]][letter["line"]] = letter["raw"];
  });
  EXPECT_EQ(letter_count, rejected);
  std::map<std::string, std::int64_t> expected_reasons;
  for (const auto& [reason, count] : expected["rejected"].items()) expected_reasons[reason] = count;
  EXPECT_EQ(reasons, expected_reasons);
  std::int64_t lines_found = 0;
  for (const auto& [file, by_line] : letters) {
    std::ifstream stream(fs::exists(file) ? fs::path(file)
                                          : cost.topic("cost.charges") / fs::path(file).filename());
    ASSERT_TRUE(stream) << file;
    std::int64_t number = 0;
    for (std::string line; std::getline(stream, line);) {
      const auto letter = by_line.find(++number);
      if (letter == by_line.end()) continue;
      ++lines_found;
      ASSERT_EQ(letter->second, base64_encode(line.substr(0, 64 * 1024))) << file << ":" << number;
    }
  }
  EXPECT_EQ(lines_found, rejected);

  // The input of every tenant, period and currency to the last digit, and every dimension as much.
  std::map<std::array<std::string, 4>, Amount> sums;  // tenant, period, currency, dimension
  for (const fs::path& file : visible_files(cost.topic("cost.lines"))) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
      const auto billed = parse_amount(field(line, "\"billed\":\""));
      ASSERT_TRUE(billed) << line;
      Amount& sum = sums[{std::string(field(line, "\"tenant\":\"")),
                          std::string(field(line, "\"period\":\"")),
                          std::string(field(line, "\"currency\":\"")),
                          std::string(field(line, "\"dimension\":\""))}];
      ASSERT_TRUE(add_to(sum, *billed));
    }
  }
  for (const Json& total : expected["totals"]) {
    std::size_t dimensions = 0;
    for (const auto& [key, sum] : sums) {
      if (key[0] != total["tenant"] || key[1] != total["period"] || key[2] != total["currency"]) {
        continue;
      }
      ++dimensions;
      EXPECT_EQ(format_amount(sum), total["billed"].get<std::string>()) << key[0] << " " << key[3];
    }
    EXPECT_GE(dimensions, 2u) << total;
  }
  for (const Json& control : cost.records("cost.control")) {
    EXPECT_NE(control["kind"], "conservation_violation") << control;
  }
}

}  // namespace
}  // namespace tributary::testing
