#include "jobs/cost_attribution/core/rules.h"

#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

// The element that one rule, given as YAML in flow style without its id, gives the row.
std::string element_of(std::string_view rule, const TestRow& test_row) {
  const auto rules =
      rules_of(document(fmt::format("  - name: d\n    rules:\n      - {{id: r, {}}}\n", rule)));
  if (!rules) return "";
  Evaluation evaluation;
  rules->evaluate(test_row.row, evaluation);
  return std::string(evaluation.targets()[0].element);
}

std::string transformed(std::string_view value, std::string_view transforms) {
  const std::vector<Tag> tags = {{"t", value}};
  const TestRow row(tags);
  return element_of(fmt::format("group_by: {{source: \"tag:t\", transform: [{}]}}", transforms),
                    row);
}

bool holds(std::string_view condition, const TestRow& row) {
  return element_of(fmt::format("group: yes, when: {}", condition), row) == "yes";
}

TEST(Transforms, Trim) {
  EXPECT_EQ(transformed(" \t\r\n a b \n", "trim"), "a b");
  EXPECT_EQ(transformed("  ", "trim"), "(unattributed)");
}

TEST(Transforms, LowerIsAsciiOnly) { EXPECT_EQ(transformed("TeAm ÄÖ", "lower"), "team ÄÖ"); }

TEST(Transforms, Slug) {
  EXPECT_EQ(transformed("  My Team__(X)  ", "slug"), "my-team-x");
  EXPECT_EQ(transformed("Zürich", "slug"), "z-rich");
  EXPECT_EQ(transformed("***", "slug"), "(unattributed)");
}

TEST(Transforms, Split) {
  EXPECT_EQ(transformed("a::b::c", "{split: {by: \"::\", index: 1}}"), "b");
  EXPECT_EQ(transformed("a::b", "{split: {by: \"::\", index: 2}}"), "(unattributed)");
  EXPECT_EQ(transformed("a::", "{split: {by: \"::\", index: 1}}"), "(unattributed)");
  EXPECT_EQ(transformed("abc", "{split: {by: \"::\", index: 0}}"), "abc");
}

TEST(Transforms, LookupAfterOthers) {
  EXPECT_EQ(transformed(" PAY ", "trim, lower, {lookup: {pay: payments}}"), "payments");
  EXPECT_EQ(transformed("x", "{lookup: {pay: payments}}"), "(unattributed)");
  EXPECT_EQ(transformed("x", "{lookup: {pay: payments}, else: rest}"), "rest");
  EXPECT_EQ(transformed("  ", "trim, {lookup: {pay: payments}, else: rest}"), "(unattributed)");
}

TEST(Transforms, AValueNeverTakesAReservedName) {
  EXPECT_EQ(transformed("(unattributed)", ""), "_(unattributed)");
  EXPECT_EQ(transformed("(ABC)", "lower"), "_(abc)");
}

TEST(Transforms, ElementsAreCutAtACharacter) {
  std::string value(255, 'x');
  value += "é and more";
  EXPECT_EQ(transformed(value, ""), std::string(255, 'x'));
  EXPECT_EQ(transformed("(" + std::string(300, 'y'), ""), "_(" + std::string(254, 'y'));
}

TEST(Conditions, CompareBytesOfTheSource) {
  const TestRow row({{" org", "spaced"}, {"org", "Search"}});
  EXPECT_TRUE(holds("{equals: {\"tag:org\": Search}}", row));
  EXPECT_FALSE(holds("{equals: {\"tag:org\": search}}", row));
  EXPECT_TRUE(holds("{equals: {\"tag: org\": [a, spaced]}}", row));
  EXPECT_TRUE(holds("{contains: {\"tag:org\": [zz, arc]}}", row));
  EXPECT_TRUE(holds("{begins_with: {\"tag:org\": Sea}}", row));
  EXPECT_FALSE(holds("{begins_with: {\"tag:org\": ea}}", row));
  EXPECT_TRUE(holds("{ends_with: {\"tag:org\": rch}}", row));
  EXPECT_TRUE(holds("{matches: {\"tag:org\": \"S[a-z]+\"}}", row));
  EXPECT_FALSE(holds("{matches: {\"tag:org\": \"[a-z]+\"}}", row)) << "the whole string";
  EXPECT_TRUE(holds("{equals: {BillingCurrency: USD}}", row));
  EXPECT_TRUE(holds("{equals: {\"tag:org\": [a, b, c, d, e, f, g, h, Search, z]}}", row));
  EXPECT_FALSE(holds("{equals: {\"tag:org\": [a, b, c, d, e, f, g, h, i, z]}}", row));
}

TEST(Conditions, AreFalseOnAMissingSourceAndNotTurnsThat) {
  const TestRow row;
  EXPECT_FALSE(holds("{has: \"tag:x\"}", row));
  EXPECT_FALSE(holds("{begins_with: {\"tag:x\": \"\"}}", row));
  EXPECT_FALSE(holds("{matches: {SkuId: \".*\"}}", row));
  EXPECT_TRUE(holds("{not: {equals: {SkuId: a}}}", row));
}

TEST(Conditions, Combine) {
  const TestRow row;
  EXPECT_TRUE(holds("{all: [{has: ServiceName}, {not: {has: SkuId}}]}", row));
  EXPECT_FALSE(holds("{all: [{has: ServiceName}, {has: SkuId}]}", row));
  EXPECT_TRUE(holds("{any: [{has: SkuId}, {has: ServiceName}]}", row));
}

TEST(Conditions, ChargeTimeIncludesFromAndExcludesUntil) {
  const TestRow row;  // starts at 10:00
  EXPECT_TRUE(holds("{charge_time: {from: \"2026-09-01T10:00:00Z\"}}", row));
  EXPECT_FALSE(holds("{charge_time: {until: \"2026-09-01T10:00:00Z\"}}", row));
  EXPECT_TRUE(holds("{charge_time: {from: \"2026-09-01\", until: \"2026-09-01T10:00:01Z\"}}", row));
}

TEST(RuleSet, TheFirstMatchWinsAndAMissingValueIsNoMatch) {
  const auto rules = rules_of(document(R"(
  - name: team
    default: shared
    rules:
      - {id: tag, group_by: {coalesce: ["tag:team", "tag:squad"]}}
      - {id: ec2, when: {equals: {ServiceName: EC2}}, group: compute}
  - name: unit
    rules:
      - {id: by-team, when: {equals: {"dim:team": compute}}, group: infra}
      - {id: rest, group_by: {source: "dim:team"}}
)"));
  ASSERT_TRUE(rules);
  Evaluation evaluation;
  const TestRow untagged;
  rules->evaluate(untagged.row, evaluation);
  EXPECT_EQ(evaluation.targets()[0].element, "compute");
  EXPECT_EQ(rules->rule_id(0, evaluation.targets()[0]), "ec2");
  EXPECT_EQ(evaluation.targets()[1].element, "infra");

  const TestRow tagged(std::vector<Tag>{{"squad", "Search"}});
  rules->evaluate(tagged.row, evaluation);
  EXPECT_EQ(evaluation.targets()[0].element, "Search");
  EXPECT_EQ(evaluation.targets()[1].element, "Search");
  EXPECT_EQ(rules->rule_id(1, evaluation.targets()[1]), "rest");

  TestRow other;
  other.set(Column::kServiceName, "S3");
  rules->evaluate(other.row, evaluation);
  EXPECT_EQ(evaluation.targets()[0].element, "shared");
  EXPECT_EQ(evaluation.targets()[0].rule, Target::kDefault);
  EXPECT_EQ(rules->rule_id(0, evaluation.targets()[0]), "");
  EXPECT_EQ(evaluation.targets()[1].element, "shared");
}

TEST(RuleSet, AReservedElementOfAnEarlierDimensionIsMissing) {
  const auto rules = rules_of(document(R"(
  - name: team
    rules: []
  - name: unit
    default: nobody
    rules:
      - {id: x, when: {has: "dim:team"}, group: known}
      - {id: y, group_by: {source: "dim:team"}}
)"));
  ASSERT_TRUE(rules);
  Evaluation evaluation;
  const TestRow row;
  rules->evaluate(row.row, evaluation);
  EXPECT_EQ(evaluation.targets()[0].element, "(unattributed)");
  EXPECT_EQ(evaluation.targets()[1].element, "nobody");
}

}  // namespace
}  // namespace tributary::cost
