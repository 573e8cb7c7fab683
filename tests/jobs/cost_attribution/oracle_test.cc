// The oracle of the cost attribution job against examples worked by hand, and against the golden
// sums of the FOCUS sample where that file is at hand.
#include "tests/jobs/cost_attribution/oracle/oracle.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/oracle/history_words.h"
#include "tests/jobs/cost_attribution/oracle/oracle_rules.h"
#include "tests/jobs/cost_attribution/oracle/sha256.h"

#ifndef TRIBUTARY_SOURCE_DIR
#define TRIBUTARY_SOURCE_DIR "."
#endif

namespace tributary::cost_oracle {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Sums = std::map<std::string, std::string>;

std::string row(const std::string& start, const std::string& end, const std::string& billed,
                const std::string& more = "") {
  return R"({"ChargePeriodStart":")" + start + R"(","ChargePeriodEnd":")" + end +
         R"(","BillingCurrency":"USD","BilledCost":)" + billed + more + "}";
}

std::string hour_row(const std::string& billed, const std::string& more = "") {
  return row("2026-09-01T10:00:00Z", "2026-09-01T11:00:00Z", billed, more);
}

std::string head(const std::string& kind, const std::string& id) {
  return R"({"v":1,"kind":")" + kind +
         R"(","tenant":"acme","source":"aws-cur","period":"2026-09","shard":0,"charge_id":")" + id +
         "\"";
}

std::string charge(const std::string& id, int revision, const std::string& row) {
  return head("charge", id) + ",\"revision\":" + std::to_string(revision) + ",\"row\":" + row + "}";
}

std::string charge_delete(const std::string& id, int revision) {
  return head("charge_delete", id) + ",\"revision\":" + std::to_string(revision) + "}";
}

std::string document(int version, const std::string& valid_from, const std::string& dimensions) {
  return "apiVersion: tributary/cost-rules/v1\ntenant: acme\nversion: " + std::to_string(version) +
         "\nvalid_from: " + valid_from + "\ndimensions:\n" + dimensions;
}

std::string published(int version, const std::string& valid_from, const std::string& dimensions) {
  return R"({"v":1,"kind":"rules_published","tenant":"acme","version":)" + std::to_string(version) +
         R"(,"yaml":)" + quoted(document(version, valid_from, dimensions)) + "}";
}

// A dimension whose only rule gives everything to one group.
std::string all_to(const std::string& group) {
  return "  - {name: d, default: rest, rules: [{id: r, group: " + group + "}]}\n";
}

// Billed sums of one dimension by element.
Sums billed(const Folded& folded, const std::string& dimension) {
  std::map<std::string, cpp_int> sums;
  for (const auto& [key, amounts] : folded.ledger) {
    if (key[1] == dimension) sums[key[2]] += amounts[0];
  }
  Sums result;
  for (const auto& [element, units] : sums) result[element] = decimal_of(units);
  return result;
}

// Billed units of the (input) by hour of 2026-09-01.
std::map<int, cpp_int> billed_by_hour(const Folded& folded) {
  std::map<int, cpp_int> result;
  for (const auto& [key, amounts] : folded.hourly) {
    if (key[1] != "(input)") continue;
    const std::int64_t after = std::stoll(key[5]) - micros_of("2026-09-01T00:00:00Z");
    EXPECT_EQ(after % 3'600'000'000, 0);
    result[static_cast<int>(after / 3'600'000'000)] += amounts[0];
  }
  return result;
}

// What rules (indented as the items of a list) make of one row of 1.00.
std::string element(const std::string& rules, const std::string& more,
                    const std::string& otherwise = "(unattributed)") {
  const Folded folded =
      attribute({published(1, "2026-01-01T00:00:00Z",
                           "  - name: d\n    default: " + otherwise + "\n    rules:\n" + rules)},
                {charge("c", 1, hour_row("1.00", more))});
  const Sums sums = billed(folded, "d");
  return sums.size() == 1 ? sums.begin()->first : "not one element";
}

std::string grouped(const std::string& expression, const std::string& more) {
  return element("      - {id: r, group_by: " + expression + "}\n", more);
}

bool when(const std::string& condition, const std::string& more) {
  return element("      - {id: r, group: yes, when: " + condition + "}\n", more) == "yes";
}

TEST(CostOracleValues, ReadsDecimalsToTheUnit) {
  EXPECT_EQ(units_of("1.10"), cpp_int("1100000000000000000"));
  EXPECT_EQ(units_of("-0.000000000000000001"), -1);
  EXPECT_EQ(units_of("5.2E-9"), cpp_int("5200000000"));
  EXPECT_EQ(units_of("5.2e-17"), 52);
  EXPECT_EQ(units_of("1.0E-18"), 1);
  EXPECT_EQ(units_of("12e+2"), cpp_int("1200000000000000000000"));
  EXPECT_EQ(units_of("010"), cpp_int("10000000000000000000"));
  EXPECT_EQ(units_of("-0"), 0);
  EXPECT_THROW(units_of("1.5E-18"), std::invalid_argument);
  EXPECT_THROW(units_of("1000000000000001"), std::invalid_argument);
  EXPECT_THROW(units_of(" 1"), std::invalid_argument);
  EXPECT_EQ(decimal_of(units_of("-20.5200")), "-20.52");
  EXPECT_EQ(decimal_of(1), "0.000000000000000001");
  EXPECT_EQ(decimal_of(units_of("300")), "300");
}

TEST(CostOracleValues, ReadsInstants) {
  EXPECT_EQ(micros_of("1970-01-02T00:00:01Z"), 86'401'000'000);
  EXPECT_EQ(micros_of("2026-09-01 10:00:00"), micros_of("2026-09-01T10:00:00Z"));
  EXPECT_EQ(micros_of("2026-09-01T12:00:00+02:00"), micros_of("2026-09-01T10:00:00Z"));
  EXPECT_EQ(micros_of("2026-09-01T04:30:00-05:30"), micros_of("2026-09-01T10:00:00Z"));
  EXPECT_EQ(micros_of("2026-09-01T10:00:00.25Z"), micros_of("2026-09-01T10:00:00Z") + 250'000);
  EXPECT_EQ(time_text(micros_of("2026-09-01T10:00:00.25Z")), "2026-09-01T10:00:00.250000Z");
  EXPECT_THROW(micros_of("2026-02-29T00:00:00Z"), std::invalid_argument);
}

TEST(CostOracleValues, SplitsByLargestRemainderAndTiesToTheFirst) {
  EXPECT_THAT(split(10, {1, 1, 1}), ElementsAre(4, 3, 3));
  EXPECT_THAT(split(-10, {1, 1, 1}), ElementsAre(-4, -3, -3));
  EXPECT_THAT(split(7, {1, 2, 4}), ElementsAre(1, 2, 4));
  EXPECT_THAT(split(8, {1, 2, 4}), ElementsAre(1, 2, 5));  // remainders 1, 2, 4 of 7
  EXPECT_THAT(split(1, {0, 5, 5}), ElementsAre(0, 1, 0));
  EXPECT_THAT(split(0, {1, 2}), ElementsAre(0, 0));
  EXPECT_THROW(split(1, {0}), std::invalid_argument);
}

TEST(CostOracle, SpreadsAChargeOverTheHoursItOverlaps) {
  // 95 min 7 s from 10:30: 1800, 3600 and 307 of 5707 seconds. Of 100 units 31.54, 63.08, 5.38.
  const Folded odd =
      attribute({}, {charge("c", 1, row("2026-09-01T10:30:00Z", "2026-09-01T12:05:07Z", "1E-16"))});
  EXPECT_THAT(billed_by_hour(odd), ElementsAre(Pair(10, 32), Pair(11, 63), Pair(12, 5)));
  const Folded day = attribute(
      {}, {charge("c", 1, row("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z", "\"2.40\""))});
  EXPECT_EQ(billed_by_hour(day).size(), 24u);
  EXPECT_EQ(billed_by_hour(day)[23], units_of("0.1"));
  const Folded instant = attribute(
      {}, {charge("c", 1, row("2026-09-01T10:59:59.999999Z", "2026-09-01T10:59:59.999999Z", "7"))});
  EXPECT_THAT(billed_by_hour(instant), ElementsAre(Pair(10, units_of("7"))));
}

TEST(CostOracle, SpreadsEachChargeByItself) {
  const std::string one_unit = row("2026-09-01T10:00:00Z", "2026-09-01T12:00:00Z", "1E-18");
  const Folded folded = attribute({}, {charge("a", 1, one_unit), charge("b", 1, one_unit)});
  EXPECT_THAT(billed_by_hour(folded), ElementsAre(Pair(10, 2)));  // not one in each hour
}

TEST(CostOracle, KeepsTheHighestRevisionInAnyOrderAndOnlyThat) {
  const std::string first = charge("c", 1, hour_row("5.50", R"(,"ServiceName":"EC2")"));
  const std::string second = charge("c", 2, hour_row("6.00", R"(,"ServiceName":"S3")"));
  const Folded folded = attribute({}, {first, second});
  EXPECT_EQ(folded, attribute({}, {second, first, second, first}));
  ASSERT_EQ(folded.ledger.size(), 1u);
  EXPECT_THAT(folded.ledger.begin()->first,
              ElementsAre("acme", "(input)", "aws-cur", "c", "aws-cur", "S3", "USD",
                          std::to_string(micros_of("2026-09-01T10:00:00Z")),
                          std::to_string(micros_of("2026-09-01T11:00:00Z"))));
  EXPECT_THAT(folded.ledger.begin()->second, ElementsAre(units_of("6"), 0, 0, 0));
  EXPECT_THAT(folded.input.at({"acme", "USD"}), ElementsAre(units_of("6"), 0, 0, 0));
  EXPECT_THROW(attribute({}, {first, charge("c", 1, hour_row("5.51"))}), std::invalid_argument);
}

TEST(CostOracle, LetsADeleteWinOverLowerRevisionsAndLoseToHigher) {
  const std::string first = charge("c", 1, hour_row("5"));
  EXPECT_EQ(attribute({}, {charge_delete("c", 2), first}), Folded{});
  const Folded again = attribute({}, {charge("c", 3, hour_row("4")), charge_delete("c", 2), first});
  EXPECT_THAT(billed(again, "(input)"), ElementsAre(Pair("aws-cur", "4")));
}

TEST(CostOracle, TakesAnAbsentRevisionForOneAndAbsentCostsForZero) {
  const std::string first =
      head("charge", "c") +
      ",\"row\":" + hour_row("\"-3.5\"", R"(,"EffectiveCost":null,"ListCost":-0.25,"other":{})") +
      "}";
  EXPECT_THAT(attribute({}, {first}).input.at({"acme", "USD"}),
              ElementsAre(units_of("-3.5"), 0, units_of("-0.25"), 0));
  EXPECT_EQ(attribute({}, {first, charge_delete("c", 2)}), Folded{});
  EXPECT_THROW(attribute({}, {first, charge("c", 1, hour_row("1"))}), std::invalid_argument);
}

TEST(CostOracle, LeavesOutWhatAddsUpToZero) {
  const Folded folded = attribute({}, {charge("a", 1, hour_row("0")), charge("b", 1, hour_row("1")),
                                       charge("c", 1, hour_row("-1"))});
  EXPECT_EQ(folded.ledger.size(), 2u);  // Of b and c: an entry has one charge_id.
  EXPECT_THAT(folded.hourly, IsEmpty());
  EXPECT_THAT(folded.input, IsEmpty());
}

TEST(CostOracle, AppliesTheHighestVersionThatIsValidAtTheStart) {
  const std::vector<std::string> commands = {published(1, "2026-09-01T10:00:00Z", all_to("one")),
                                             published(2, "2026-09-01T12:00:00Z", all_to("two")),
                                             published(4, "2026-09-01T11:00:00Z", all_to("four"))};
  const auto at = [&](const std::string& start) {
    return billed(attribute(commands, {charge("c", 1, row(start, "2026-09-02T00:00:00Z", "1"))}),
                  "d");
  };
  EXPECT_THAT(at("2026-09-01T09:59:59.999999Z"), IsEmpty());
  EXPECT_THAT(at("2026-09-01T10:00:00Z"), ElementsAre(Pair("one", "1")));
  EXPECT_THAT(at("2026-09-01T11:00:00Z"), ElementsAre(Pair("four", "1")));
  EXPECT_THAT(at("2026-09-01T12:00:00Z"), ElementsAre(Pair("four", "1")));
}

TEST(CostOracle, KeepsTheOldRulesWhenNewOnesAreRefused) {
  const std::string good = published(2, "2026-09-01T10:00:00Z", all_to("two"));
  for (const std::string& refused : {published(2, "2026-09-01T10:00:00Z", all_to("other")),
                                     published(1, "2026-09-01T10:00:00Z", all_to("other")),
                                     published(3, "2026-09-01T10:00:00Z", all_to("(other)")),
                                     published(3, "2026-09-01T10:00:01Z", all_to("other"))}) {
    const Folded folded = attribute({good, refused}, {charge("c", 1, hour_row("1"))});
    EXPECT_THAT(billed(folded, "d"), ElementsAre(Pair("two", "1"))) << refused;
  }
  // A refused version has not been: its number is free.
  const Folded folded = attribute({good, published(3, "2026-09-01T10:00:00Z", all_to("(x)")),
                                   published(3, "2026-09-01T10:00:00Z", all_to("three"))},
                                  {charge("c", 1, hour_row("1"))});
  EXPECT_THAT(billed(folded, "d"), ElementsAre(Pair("three", "1")));
}

TEST(CostOracleRules, TakesTheFirstRuleThatMatchesAndHasAValue) {
  const std::string rules =
      "      - {id: a, when: {equals: {ServiceName: EC2}}, group_by: {source: \"tag:team\"}}\n"
      "      - {id: b, when: {has: \"tag:app\"}, group: apps}\n"
      "      - {id: c, group_by: {source: ServiceName}}\n";
  EXPECT_EQ(element(rules, R"(,"ServiceName":"EC2","Tags":{"team":"x","app":"y"})"), "x");
  EXPECT_EQ(element(rules, R"(,"ServiceName":"EC2","Tags":{"team":"","app":"y"})"), "apps");
  EXPECT_EQ(element(rules, R"(,"ServiceName":"S3","Tags":{"team":"x"})"), "S3");
  EXPECT_EQ(element(rules, R"(,"ServiceName":null)", "rest"), "rest");
}

TEST(CostOracleRules, TransformsInOrder) {
  const std::string tags = R"j(,"Tags":{"t":"  Foo Bar/ÉT\t","e":" ","n":12.50,"p":"(x)"})j";
  EXPECT_EQ(grouped(R"({source: "tag:t"})", tags), "  Foo Bar/ÉT\t");
  EXPECT_EQ(grouped(R"({source: "tag:t", transform: [trim, lower]})", tags), "foo bar/Ét");
  EXPECT_EQ(grouped(R"({source: "tag:t", transform: [slug]})", tags), "foo-bar-t");
  const std::string split = R"({source: "tag:t", transform: [{split: {by: /, index: )";
  EXPECT_EQ(grouped(split + "0}}, trim]}", tags), "Foo Bar");
  EXPECT_EQ(grouped(split + "1}}]}", tags), "ÉT\t");
  EXPECT_EQ(grouped(split + "2}}]}", tags), "(unattributed)");
  EXPECT_EQ(grouped(R"({coalesce: ["tag:x", "tag:n", "tag:t"]})", tags), "12.50");
  EXPECT_EQ(grouped(R"({coalesce: ["tag:e", "tag:n"], transform: [trim]})", tags),
            "(unattributed)");
  EXPECT_EQ(grouped(R"({source: "tag:n", transform: [{lookup: {12.50: no}}]})", tags), "no");
  EXPECT_EQ(grouped(R"({source: "tag:n", transform: [{lookup: {12.5: no}}]})", tags),
            "(unattributed)");
  EXPECT_EQ(grouped(R"({source: "tag:n", transform: [{lookup: {x: y}, else: z}]})", tags), "z");
  EXPECT_EQ(grouped(R"({source: "tag:e", transform: [trim, {lookup: {x: y}, else: z}]})", tags),
            "(unattributed)");
  EXPECT_EQ(grouped(R"({source: "tag:p"})", tags), "_(x)");
}

TEST(CostOracleRules, CutsElementsBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "é";
  EXPECT_EQ(grouped("{source: ResourceName}", R"(,"ResourceName":")" + name + "\""),
            name.substr(0, 256));
  EXPECT_EQ(grouped("{source: ResourceName}", R"(,"ResourceName":"x)" + name + "\""),
            "x" + name.substr(0, 254));
  EXPECT_EQ(grouped("{source: ResourceName}", R"(,"ResourceName":"()" + name + "\""),
            "_(" + name.substr(0, 254));
}

TEST(CostOracleRules, JudgesConditions) {
  const std::string row = R"(,"ServiceName":"Kafka","Tags":{" org":"a b","e":""})";
  EXPECT_TRUE(when(R"({has: "tag: org"})", row));
  EXPECT_FALSE(when(R"({has: "tag:org"})", row));
  EXPECT_FALSE(when(R"({has: "tag:e"})", row));
  EXPECT_TRUE(when("{equals: {ServiceName: [kafka, Kafka]}}", row));
  EXPECT_FALSE(when("{equals: {ServiceName: kafka}}", row));
  EXPECT_TRUE(when("{begins_with: {ServiceName: Ka}}", row));
  EXPECT_TRUE(when("{ends_with: {ServiceName: [x, ka]}}", row));
  EXPECT_TRUE(when("{contains: {ServiceName: afk}}", row));
  EXPECT_TRUE(when(R"({matches: {ServiceName: "[A-Z].*"}})", row));
  EXPECT_FALSE(when("{matches: {ServiceName: afk}}", row));
  EXPECT_FALSE(when("{contains: {ResourceName: a}}", row));
  EXPECT_TRUE(when("{not: {contains: {ResourceName: a}}}", row));
  EXPECT_TRUE(when("{all: [{has: ServiceName}, {any: [{has: SkuId}, {has: \"tag: org\"}]}]}", row));
  EXPECT_TRUE(when("{charge_time: {from: 2026-09-01T10:00:00Z}}", row));
  EXPECT_FALSE(when("{charge_time: {until: 2026-09-01T10:00:00Z}}", row));
  EXPECT_TRUE(
      when("{charge_time: {from: 2026-09-01T00:00:00Z, until: 2026-09-01T10:00:00.000001Z}}", row));
}

TEST(CostOracleRules, LooksBackAtEarlierDimensionsButNotAtReservedElements) {
  const std::string dimensions =
      "  - {name: a, default: (unattributed), rules: [{id: r, group_by: {source: \"tag:t\"}}]}\n"
      "  - {name: b, default: rest, rules: [{id: r, group_by: {source: \"dim:a\"}}]}\n"
      "  - {name: c, default: x, rules: [{id: r, when: {has: \"dim:b\"}, group: y}]}\n";
  const std::vector<std::string> commands = {published(1, "2026-01-01T00:00:00Z", dimensions)};
  const Folded with =
      attribute(commands, {charge("c", 1, hour_row("1", R"j(,"Tags":{"t":"(unattributed)"})j"))});
  EXPECT_THAT(billed(with, "a"), ElementsAre(Pair("_(unattributed)", "1")));
  EXPECT_THAT(billed(with, "b"), ElementsAre(Pair("_(unattributed)", "1")));
  const Folded without = attribute(commands, {charge("c", 1, hour_row("1"))});
  EXPECT_THAT(billed(without, "a"), ElementsAre(Pair("(unattributed)", "1")));
  EXPECT_THAT(billed(without, "b"), ElementsAre(Pair("rest", "1")));
  EXPECT_THAT(billed(without, "c"), ElementsAre(Pair("y", "1")));
}

// The first step of the job's demo, but for the dimension that needs telemetry.
TEST(CostOracle, AgreesWithTheDemo) {
  const std::string team =
      "  - name: team\n    default: (unattributed)\n    rules:\n"
      "      - id: tag\n        when: {has: \"tag:team\"}\n"
      "        group_by: {source: \"tag:team\", transform: [trim, lower]}\n";
  const Folded folded = attribute(
      {published(1, "2026-01-01T00:00:00Z", team)},
      {charge("c1", 1, hour_row("\"10.00\"", R"(,"Tags":{"team":"Payments"})")),
       charge("c2", 1, hour_row("5.50", R"(,"Tags":{"team":"search "})")),
       charge("c3", 1, hour_row("0.80", R"(,"Tags":{"team":"payments"})")),
       charge("c4", 1, hour_row("7.00", R"(,"Tags":{"app":"api-gateway","team":"platform"})")),
       charge("c5", 1, row("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z", "2.40")),
       charge("c6", 1, hour_row("-3.00", R"(,"Tags":{"team":"search"})")),
       charge("c8", 1, hour_row("1.23456789012", R"(,"ResourceName":"kafka-logs")"))});
  EXPECT_THAT(billed(folded, "(input)"), ElementsAre(Pair("aws-cur", "23.93456789012")));
  EXPECT_THAT(billed(folded, "team"),
              UnorderedElementsAre(Pair("payments", "10.8"), Pair("platform", "7"),
                                   Pair("search", "2.5"), Pair("(unattributed)", "3.63456789012")));
}

TEST(CostOracle, NamesWhatDiffers) {
  const Folded one = attribute({}, {charge("c", 1, hour_row("1.5"))});
  EXPECT_THAT(differences(one, one), IsEmpty());
  EXPECT_THAT(differences(one, Folded{}, 1),
              ElementsAre("input | acme | USD: expected 1.5 0 0 0, got 0 0 0 0"));
  EXPECT_EQ(differences(one, Folded{}).size(), 3u);
}

TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// A field of a CSV file; none: NULL without quotes.
using Field = std::optional<std::string>;

std::vector<std::vector<Field>> read_csv(const std::string& text) {
  std::vector<std::vector<Field>> rows(1);
  std::string field;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      is_quoted = true;
      for (++i; text[i] != '"' || text[i + 1] == '"'; ++i) {
        field += text[i];
        if (text[i] == '"') ++i;
      }
    } else if (text[i] == ',' || text[i] == '\n') {
      rows.back().push_back(field == "NULL" && !is_quoted ? Field() : Field(field));
      if (text[i] == '\n') rows.emplace_back();
      field.clear();
      is_quoted = false;
    } else if (text[i] != '\r') {
      field += text[i];
    }
  }
  rows.pop_back();
  return rows;
}

// One charge line for each row of the FOCUS sample.
std::vector<std::string> focus_charges(const std::string& csv) {
  const auto rows = read_csv(csv);
  std::vector<std::string> lines;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    std::string row;
    std::string id;
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const std::string& name = *rows[0][c];
      const Field& value = rows[r][c];
      if (name == "Id") id = *value;
      if (!text_columns().contains(name) && !name.ends_with("Cost") && name != "Tags" &&
          !name.starts_with("ChargePeriod")) {
        continue;
      }
      const std::string json = !value ? "null" : name == "Tags" ? *value : quoted(*value);
      row += (row.empty() ? "" : ",") + quoted(name) + ":" + json;
    }
    lines.push_back(charge(id, 1, "{" + row + "}"));
  }
  return lines;
}

TEST(CostOracle, AgreesWithTheGoldenSumsOfTheFocusSample) {
  const std::filesystem::path path =
      std::filesystem::path(TRIBUTARY_SOURCE_DIR) / "../shared/data/focus-1.0/focus_sample.csv";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "the FOCUS sample is not at " << path;
  const std::vector<std::string> charges =
      focus_charges({std::istreambuf_iterator<char>(file), {}});
  ASSERT_EQ(charges.size(), 1'000u);
  const Folded folded = attribute(
      {published(1, "2024-01-01T00:00:00Z",
                 "  - name: env\n    default: (unattributed)\n    rules:\n"
                 "      - {id: e, group_by: {coalesce: [\"tag:environment\", \"tag:env\"]}}\n"
                 "  - name: provider\n    default: (unattributed)\n    rules:\n"
                 "      - {id: p, group_by: {source: ProviderName}}\n")},
      charges);
  EXPECT_THAT(folded.input.at({"acme", "USD"}),
              ElementsAre(units_of("20.52022672899"), units_of("14.97651418586"),
                          units_of("20.39090575119"), units_of("14.97626039326")));
  EXPECT_THAT(billed(folded, "env"),
              UnorderedElementsAre(Pair("dev", "18.20324140013"), Pair("prod", "4.17123258984"),
                                   Pair("(unattributed)", "-1.85424726098")));
  EXPECT_THAT(billed(folded, "provider"),
              UnorderedElementsAre(Pair("AWS", "18.0066386184"), Pair("Microsoft", "1.97651418586"),
                                   Pair("Oracle", "0.53707392473")));
}

}  // namespace
}  // namespace tributary::cost_oracle
