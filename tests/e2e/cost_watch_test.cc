// The job that does not end: it follows its folders until it is told to stop.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cost_run.h"
#include "tests/e2e/program_run.h"
#include "tests/e2e/visible_files.h"

namespace tributary::testing {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string charge(const std::string& id, const std::string& billed, int revision = 1) {
  return R"({"v":1,"kind":"charge","tenant":"acme","source":"aws-cur","period":"2026-09","shard":0,"charge_id":")" +
         id + R"(","revision":)" + std::to_string(revision) +
         R"(,"row":{"ChargePeriodStart":"2026-09-01T10:00:00Z","ChargePeriodEnd":"2026-09-01T11:00:00Z",)"
         R"("BillingCurrency":"USD","BilledCost":)" +
         billed + R"(,"ServiceName":"EC2","Tags":{"team":"a","group":"x"}}})" + "\n";
}

std::string rules(int version, const std::string& tag) {
  return "apiVersion: tributary/cost-rules/v1\ntenant: acme\nversion: " + std::to_string(version) +
         "\nvalid_from: 2026-08-01T00:00:00Z\ndimensions:\n  - name: team\n    default: "
         "(unattributed)\n    rules:\n      - id: tag\n        group_by: {source: \"tag:" +
         tag + "\"}\n";
}

class Watched : public ::testing::Test {
 protected:
  Watched()
      : run_(CostRun::program(),
             cost_.run_arguments(
                 2, {"--set", "files.watch=50ms", "--set", "hourly_flush=20ms",
                     "--progress-interval", "20ms", "--checkpoint-interval", "200ms"})) {}

  // Output becomes visible with a checkpoint.
  std::map<std::string, std::string> team_when(const std::string& element,
                                               const std::string& amount) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::map<std::string, std::string> texts;
    while (std::chrono::steady_clock::now() < give_up) {
      texts = team();
      if (texts.contains(element) && texts[element] == amount) return texts;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return texts;
  }
  std::map<std::string, std::string> team() {
    std::map<std::string, Amount> sums;
    // A line that is being written has no end yet.
    for (const auto& file : visible_files(cost_.dir() / "ledger")) {
      std::ifstream stream(file);
      for (std::string line; std::getline(stream, line) && !stream.eof();) {
        const Json record = Json::parse(line);
        if (record["dimension"] != "team") continue;
        EXPECT_TRUE(add_to(sums[record["element"].get<std::string>()],
                           parse_amount(record["billed"].get<std::string>()).value()));
      }
    }
    std::map<std::string, std::string> texts;
    for (const auto& [element, sum] : sums) {
      if (!sum.is_zero()) texts[element] = format_amount(sum);
    }
    return texts;
  }

  CostRun cost_;
  ProgramRun run_;
};

TEST_F(Watched, FollowsGrowingFilesAndNewFilesAppliesRulesAndStopsWithEverythingWritten) {
  cost_.publish_rules(rules(1, "team"));
  cost_.append("cost.charges", "a.jsonl", charge("c1", "1"));
  EXPECT_THAT(team_when("a", "1"), ElementsAre(Pair("a", "1")));

  // The file grows, by half a line first; another one appears.
  const std::string line = charge("c2", "2");
  cost_.append("cost.charges", "a.jsonl", line.substr(0, 40));
  cost_.append("cost.charges", "b.jsonl", charge("c3", "4"));
  EXPECT_THAT(team_when("a", "5"), ElementsAre(Pair("a", "5")));
  cost_.append("cost.charges", "a.jsonl", line.substr(40));
  EXPECT_THAT(team_when("a", "7"), ElementsAre(Pair("a", "7")));

  // Rules that are published meanwhile attribute what is there anew.
  cost_.publish_rules(rules(2, "group"));
  EXPECT_THAT(team_when("x", "7"), ElementsAre(Pair("x", "7")));
  cost_.append("cost.charges", "b.jsonl", charge("c1", "1.5", 2));
  EXPECT_THAT(team_when("x", "7.5"), ElementsAre(Pair("x", "7.5")));

  run_.signal(SIGTERM);
  EXPECT_EQ(run_.wait(), 0) << run_.err();
  const Json summary = Json::parse(run_.out().substr(run_.out().rfind("{\"event\"")));
  EXPECT_EQ(summary["event"], "stopped");
  EXPECT_EQ(summary["dead"], 0);
  for (const Json& sink : summary["sinks"]) {
    if (sink["name"] != "ledger") continue;
    EXPECT_EQ(cost_.records("ledger").size(), sink["records"].get<std::size_t>());
  }
  EXPECT_EQ(cost_.records("cost.lines").size(), cost_.records("ledger").size());
  EXPECT_THAT(team(), ElementsAre(Pair("x", "7.5")));
  // The last state of the cell is there too.
  std::string cell;
  std::int64_t updates = -1;
  for (const Json& record : cost_.records("cost.hourly")) {
    if (record["element"] != "x" || record["updates"] <= updates) continue;
    updates = record["updates"];
    cell = record["billed"];
  }
  EXPECT_EQ(cell, "7.5");
  std::vector<std::string> kinds;
  for (const Json& control : cost_.records("cost.control")) {
    kinds.push_back(control["kind"].get<std::string>() + " " + control["version"].dump());
  }
  EXPECT_THAT(kinds, UnorderedElementsAre("rules_accepted 1", "rules_accepted 2", "rules_applied 1",
                                          "rules_applied 2"));
}

}  // namespace
}  // namespace tributary::testing
