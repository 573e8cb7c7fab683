// Random histories through files and the real program: what the oracle says, and a counter for
// every record.
#include <array>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/e2e/cost_run.h"
#include "tests/jobs/cost_attribution/oracle/history.h"
#include "tests/jobs/cost_attribution/oracle/oracle.h"

namespace tributary::testing {
namespace {

using Json = nlohmann::json;
using ::testing::IsEmpty;

std::string text(const Json& record, const char* field) { return record[field].get<std::string>(); }
std::string micros(const Json& record, const char* field) {
  return std::to_string(parse_timestamp(text(record, field)).value().micros);
}

cost_oracle::Amounts amounts(const Json& record) {
  return {cost_oracle::units_of(text(record, "billed")),
          cost_oracle::units_of(text(record, "effective")),
          cost_oracle::units_of(text(record, "list")),
          cost_oracle::units_of(text(record, "contracted"))};
}

void add(cost_oracle::Amounts& sums, const cost_oracle::Amounts& more) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
}

cost_oracle::Folded folded(const CostRun& cost) {
  cost_oracle::Folded result;
  cost.read("ledger", [&](const Json& line) {
    add(result.ledger[{text(line, "tenant"), text(line, "dimension"), text(line, "element"),
                       text(line, "charge_id"), text(line, "source"), text(line, "service"),
                       text(line, "currency"), micros(line, "start"), micros(line, "end")}],
        amounts(line));
    if (line["dimension"] == "(input)") {
      add(result.input[{text(line, "tenant"), text(line, "currency")}], amounts(line));
    }
  });
  std::map<std::array<std::string, 6>, std::int64_t> updates;
  cost.read("cost.hourly", [&](const Json& cell) {
    const std::array<std::string, 6> key = {text(cell, "tenant"),   text(cell, "dimension"),
                                            text(cell, "element"),  text(cell, "service"),
                                            text(cell, "currency"), micros(cell, "hour")};
    if (cell["updates"] < updates[key]) return;
    updates[key] = cell["updates"];
    result.hourly[key] = amounts(cell);
  });
  const auto drop_zeros = [](auto& table) {
    std::erase_if(table, [](const auto& entry) { return entry.second == cost_oracle::Amounts{}; });
  };
  drop_zeros(result.ledger);
  drop_zeros(result.hourly);
  drop_zeros(result.input);
  return result;
}

class CostHistories : public ::testing::TestWithParam<int> {};

TEST_P(CostHistories, InFilesGiveTheOraclesResultAndACounterForEveryRecord) {
  const int slots = GetParam();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    const auto original = cost_oracle::random_history(100 * slots + seed, 200);
    const auto history = cost_oracle::permuted(original, seed);
    CostRun cost;
    for (const auto& line : history.commands)
      cost.append("cost.commands", "log.jsonl", line + "\n");
    for (std::size_t i = 0; i < history.charges.size(); ++i) {
      cost.append(i % 5 == 0 ? "cost.charges.bulk" : "cost.charges",
                  std::to_string(i % 3) + ".jsonl", history.charges[i] + "\n");
    }
    const Json summary = cost.run(slots);
    const auto expected = cost_oracle::attribute(original.commands, original.charges);
    EXPECT_THAT(cost_oracle::differences(expected, folded(cost)), IsEmpty());
    std::size_t counted = 0;
    for (const char* outcome :
         {"new", "changed", "unchanged", "duplicate", "stale", "deleted", "rejected"}) {
      counted += summary["counters"]["attribute"].value(outcome, std::size_t{0});
    }
    EXPECT_EQ(counted, history.charges.size());
    EXPECT_EQ(summary["records_in"], history.charges.size() + history.commands.size());
    for (const Json& control : cost.records("cost.control")) {
      EXPECT_NE(control["kind"], "conservation_violation") << control;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OnSlots, CostHistories, ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace tributary::testing
