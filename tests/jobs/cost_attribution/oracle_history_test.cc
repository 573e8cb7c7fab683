// The random histories of the cost attribution job against what they promise.
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/oracle/history.h"
#include "tests/jobs/cost_attribution/oracle/history_rules.h"
#include "tests/jobs/cost_attribution/oracle/oracle.h"
#include "tests/jobs/cost_attribution/oracle/oracle_rules.h"
#include "tests/jobs/cost_attribution/oracle/sha256.h"

namespace tributary::cost_oracle {
namespace {

using ::testing::IsEmpty;

// Sums of a table over everything but these parts of its key.
template <typename Table>
std::map<std::vector<std::string>, Amounts> totals(const Table& table,
                                                   const std::vector<std::size_t>& parts) {
  std::map<std::vector<std::string>, Amounts> result;
  for (const auto& [key, amounts] : table) {
    std::vector<std::string> kept;
    for (const std::size_t part : parts) kept.push_back(key[part]);
    for (std::size_t i = 0; i < amounts.size(); ++i) result[kept][i] += amounts[i];
  }
  std::erase_if(result, [](const auto& entry) { return entry.second == Amounts{}; });
  return result;
}

TEST(CostHistory, MeansTheSameInAnyOrderAndConservesEverySum) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const History history = random_history(seed, 200);
    ASSERT_EQ(history.commands.size() + history.charges.size(), 200u);
    const Folded folded = attribute(history.commands, history.charges);
    const History other = permuted(history, seed + 1);
    EXPECT_EQ(other.commands, history.commands);
    EXPECT_NE(other.charges, history.charges);
    EXPECT_GT(other.charges.size(), history.charges.size());
    EXPECT_THAT(differences(folded, attribute(other.commands, other.charges)), IsEmpty()) << seed;

    // tenant, dimension, element, service, currency
    EXPECT_EQ(totals(folded.ledger, {0, 1, 2, 5, 6}), totals(folded.hourly, {0, 1, 2, 3, 4}));
    Folded inputs = folded;
    std::erase_if(inputs.ledger, [](const auto& entry) { return entry.first[1] != "(input)"; });
    EXPECT_EQ(totals(inputs.ledger, {0, 6}), totals(folded.input, {0, 1}));
  }
}

TEST(CostHistory, IsTheSameForTheSameSeed) {
  const History history = random_history(7, 100);
  EXPECT_EQ(history.charges, random_history(7, 100).charges);
  EXPECT_EQ(history.commands, random_history(7, 100).commands);
  EXPECT_NE(history.charges, random_history(8, 100).charges);
  // A change here means that every recorded seed means something else.
  std::string text;
  for (const auto* lines : {&history.commands, &history.charges}) {
    for (const std::string& line : *lines) text += line + "\n";
  }
  EXPECT_EQ(sha256_hex(text), "1265e24f018a56f34cf77fa3e523adaba7ade5d1000628b2d06624b85e58f900");
}

TEST(CostHistory, HoldsRulesThatAreAcceptedUnlessTheyHaveAFault) {
  Dice dice(1);
  const std::int64_t hour = micros_of("2026-09-01T10:00:00Z");
  for (int i = 0; i < 300; ++i) {
    const std::string rules = random_rules(dice, "acme", 1, hour, hour, RuleFault::kNone);
    EXPECT_NO_THROW(check_rules(rules, "acme")) << rules;
  }
  for (const RuleFault fault : kRuleFaults) {
    const std::string rules = random_rules(dice, "acme", 1, hour, hour, fault);
    EXPECT_THROW(check_rules(rules, "acme"), Refused) << rules;
  }
}

// What the histories of a few seeds must have in them to be worth running.
TEST(CostHistory, MeetsEveryPartOfTheSpecification) {
  std::set<std::string> missing = {"all: [",        "any: [",
                                   "not: {",        "has: ",
                                   "equals: ",      "contains: ",
                                   "begins_with: ", "ends_with: ",
                                   "matches: ",     "charge_time: ",
                                   "group: ",       "group_by: ",
                                   "{source: ",     "coalesce: ",
                                   "trim",          "lower",
                                   "slug",          "split: ",
                                   "lookup: ",      "else: ",
                                   "dim:",          "tag:",
                                   "charge_delete", "\"EUR\"",
                                   ":null",         "\"BilledCost\":\"",
                                   "+02:00",        "-05:30",
                                   "\"shard\":3",   "x_trace"};
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const History history = random_history(seed, 200);
    for (const auto* lines : {&history.commands, &history.charges}) {
      for (const std::string& line : *lines) {
        std::erase_if(missing, [&](const auto& word) { return line.contains(word); });
      }
    }
    const auto rules = accepted_rules(history.commands);
    for (const auto& [tenant, versions] : rules) {
      for (std::size_t i = 1; i < versions.size(); ++i) {
        seen["older valid_from"] += versions[i].valid_from < versions[i - 1].valid_from;
        seen["equal valid_from"] += versions[i].valid_from == versions[i - 1].valid_from;
      }
      seen["accepted"] += static_cast<int>(versions.size());
    }
    seen["published"] += static_cast<int>(history.commands.size());
    for (const std::string& line : history.charges) {
      const ChargeEvent event = read_charge_event(line);
      if (event.is_delete) continue;
      const Charge& charge = event.charge;
      seen["no length"] += charge.start == charge.end;
      seen["a month"] += charge.end - charge.start >= micros_of("1970-01-29T00:00:00Z");
      const auto found = rules.find(event.identity[0]);
      const RuleVersion* version =
          found == rules.end() ? nullptr : in_force(found->second, charge.start);
      seen["before all rules"] += version == nullptr;
      seen["at the border"] += version != nullptr && version->valid_from == charge.start;
      EXPECT_LE(line.size(), 65'536u);
    }
    for (const auto& [key, amounts] : attribute(history.commands, history.charges).ledger) {
      seen["reserved"] += key[2] == "(unattributed)";
      seen["underscored"] += key[2].starts_with("_(");
      seen["cut"] += key[2].size() > 252;
      seen["cut within a character"] += key[2].size() > 252 && key[2].size() < 256;
      seen["attributed"] += key[1] != "(input)" && !key[2].starts_with("(");
    }
  }
  EXPECT_THAT(missing, IsEmpty());
  EXPECT_GT(seen["published"], seen["accepted"] + 20);
  for (const auto& [what, count] : seen) EXPECT_GT(count, 10) << what;
}

}  // namespace
}  // namespace tributary::cost_oracle
