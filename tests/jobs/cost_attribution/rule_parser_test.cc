#include "jobs/cost_attribution/core/rule_parser.h"

#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/core_fixture.h"

namespace tributary::cost {
namespace {

constexpr std::string_view kTeam =
    "  - name: team\n    rules:\n      - id: tag\n        group_by: {source: \"tag:team\"}\n";

// One dimension with one rule, whose lines after the id are given; they begin at line 9.
std::string one_rule(std::string_view rest) {
  return document(fmt::format("  - name: team\n    rules:\n      - id: first\n        {}\n", rest));
}

TEST(RuleParser, AcceptsTheDocumentOfTheSpecificationWithoutAllocation) {
  const auto rules = rules_of(R"(apiVersion: tributary/cost-rules/v1
tenant: acme
version: 1                          # strictly increasing per tenant
valid_from: 2026-01-01T00:00:00Z
comment: first rules
dimensions:
  - name: team
    default: (unattributed)
    rules:
      - id: tag
        when: {has: "tag:team"}
        group_by: {source: "tag:team", transform: [trim, lower]}
      - id: old-accounts
        when:
          all:
            - equals: {SubAccountId: ["111111111111", 012345670123]}
            - not: {matches: {ResourceName: "tmp-[0-9]+"}}
            - charge_time: {until: 2026-10-01T00:00:00Z}
        group: infrastructure
  - name: customer
    default: (unattributed)
    rules:
      - id: own
        when: {has: "tag:customer"}
        group_by: {coalesce: ["tag:customer", "tag:client"], transform: [trim, slug]}
)");
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->tenant(), "acme");
  EXPECT_EQ(rules->version(), 1);
  EXPECT_EQ(rules->comment(), "first rules");
  EXPECT_EQ(rules->dimensions().size(), 2U);
}

TEST(RuleParser, R01NamesAnUnknownKeyAndTheNearest) {
  EXPECT_EQ(problems_of(one_rule("grup: x\n        group: y")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R01 unknown key \"grup\"; did "
            "you mean \"group\"?");
  EXPECT_EQ(problems_of(one_rule("group: y\n        when: {equal: {SkuId: x}}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 10: R01 unknown key \"equal\"; "
            "did you mean \"equals\"?");
  EXPECT_EQ(problems_of(one_rule("group_by: {source: SkuId, transform: [lowr]}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R01 unknown transform "
            "\"lowr\"; did you mean "
            "\"lower\"?");
  EXPECT_EQ(problems_of(document(kTeam) + "colour: red\n"),
            "acme rules v1, line 10: R01 unknown key \"colour\"");
}

TEST(RuleParser, R03WantsAWholeHour) {
  EXPECT_EQ(problems_of(document(kTeam, 8, "2026-01-01T00:30:00Z")),
            "acme rules v8, valid_from, line 4: R03 valid_from \"2026-01-01T00:30:00Z\" is not a "
            "whole hour; did you "
            "mean \"2026-01-01T00:00:00Z\"?");
}

TEST(RuleParser, R05FindsDuplicates) {
  EXPECT_EQ(problems_of(one_rule("group: y\n      - id: first\n        group: z")),
            "acme rules v1, dimensions[0].rules[1] (first), line 10: R05 duplicate id \"first\"");
  EXPECT_EQ(problems_of(document(std::string(kTeam) + std::string(kTeam))),
            "acme rules v1, dimensions[1], line 10: R05 duplicate dimension \"team\"");
}

TEST(RuleParser, R06ShowsTheTextOfRe2) {
  EXPECT_EQ(problems_of(one_rule("group: y\n        when: {matches: {SkuId: \"a(\"}}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 10: R06 bad regular expression "
            "\"a(\": missing ): a(");
  EXPECT_NE(
      problems_of(one_rule("group: y\n        when: {matches: {SkuId: \"((a{100}){100}){100}\"}}"))
          .find("R06"),
      std::string::npos);
}

TEST(RuleParser, R07SuggestsTheSourceThatWasMeant) {
  const std::string yaml = document(std::string(kTeam) +
                                        "  - name: customer\n    rules:\n      - id: own\n        "
                                        "group: a\n      - id: other\n        group: b\n"
                                        "      - id: shared-api\n        group: c\n        when: "
                                        "{equals: {\"tags:app\": api-gateway}}\n",
                                    8);
  EXPECT_EQ(problems_of(yaml),
            "acme rules v8, dimensions[1].rules[2] (shared-api), line 18: R07 unknown source "
            "\"tags:app\"; did you mean "
            "\"tag:app\"?");
  EXPECT_EQ(problems_of(one_rule("group_by: {source: SubAccountID}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R07 unknown source "
            "\"SubAccountID\"; did you mean "
            "\"SubAccountId\"?");
  EXPECT_EQ(problems_of(one_rule("group_by: {source: \"dim:teams\"}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R07 unknown source "
            "\"dim:teams\"; did you mean "
            "\"dim:team\"?");
}

TEST(RuleParser, R08AndR09LookBackAtDimensionsThatDoNotAllocate) {
  EXPECT_EQ(problems_of(one_rule("group_by: {source: \"dim:team\"}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R08 source \"dim:team\": "
            "dimension \"team\" is not "
            "earlier");
  EXPECT_EQ(
      problems_of(one_rule("allocate: {even: [a, b]}\n  - name: next\n    rules:\n      - id: x\n"
                           "        group_by: {source: \"dim:team\"}")),
      "acme rules v1, dimensions[0].rules[0] (first), line 9: R13 allocate is not available yet: "
      "use group or "
      "group_by\n"
      "acme rules v1, dimensions[1].rules[0] (x), line 13: R09 source \"dim:team\": dimension "
      "\"team\" has an "
      "allocate rule");
}

TEST(RuleParser, R11KeepsReservedNames) {
  EXPECT_EQ(problems_of(one_rule("group: (mine)")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R11 group \"(mine)\" is "
            "reserved: names may not "
            "begin with \"(\"");
  EXPECT_EQ(problems_of(document("  - name: team\n    default: (undefined)\n    rules: []\n")),
            "acme rules v1, dimensions[0] (team), line 7: R11 default \"(undefined)\" is reserved; "
            "only (unattributed) "
            "may be a default");
  EXPECT_EQ(problems_of(document("  - name: (input)\n    rules: []\n")),
            "acme rules v1, dimensions[0], line 6: R11 dimension \"(input)\" is reserved: names "
            "may not begin with "
            "\"(\"");
}

TEST(RuleParser, R12HoldsTheLimits) {
  EXPECT_EQ(problems_of(std::string(kRuleDocumentBytesMax + 1, '#')),
            "rules: R12 document has 1048577 bytes, at most 1048576 are read");
  std::string many;
  for (int i = 0; i < 21; ++i) many += fmt::format("  - name: d{}\n    rules: []\n", i);
  EXPECT_EQ(problems_of(document(many)),
            "acme rules v1, dimensions, line 6: R12 21 dimensions, at most 20 are allowed");
  std::string rules = "  - name: team\n    rules:\n";
  for (int i = 0; i < 501; ++i) rules += fmt::format("    - {{id: r{}, group: g}}\n", i);
  EXPECT_EQ(problems_of(document(rules)),
            "acme rules v1, dimensions[0] (team), line 8: R12 501 rules, at most 500 are allowed "
            "in a dimension");
  std::string conditions = "group: y\n        when:\n          any:\n";
  for (int i = 0; i < 5000; ++i) conditions += "          - {has: SkuId}\n";
  EXPECT_NE(problems_of(one_rule(conditions)).find("R12 more than 5000 conditions"),
            std::string::npos);
  std::string lookup =
      "group_by:\n          source: SkuId\n          transform:\n          - lookup:\n";
  for (int i = 0; i <= 10'000; ++i) lookup += fmt::format("              k{}: v\n", i);
  EXPECT_NE(problems_of(one_rule(lookup)).find("R12 more than 10000 lookup rows"),
            std::string::npos);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{not: ";
  EXPECT_NE(problems_of(
                one_rule("group: y\n        when: " + deep + "{has: SkuId}" + std::string(40, '}')))
                .find("R12 conditions nest deeper than 32"),
            std::string::npos);
}

TEST(RuleParser, R13RefusesAllocateByName) {
  EXPECT_EQ(problems_of(one_rule("allocate: {stream: api-requests, window: hour}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 9: R13 allocate is not available "
            "yet: use group or "
            "group_by");
}

TEST(RuleParser, R14RefusesWhatIsNotTheYamlOfTheLanguage) {
  EXPECT_EQ(problems_of(""), "rules, line 1: R14 the document is empty");
  EXPECT_NE(problems_of("a: [1\nb: 2").find("R14 not YAML"), std::string::npos);
  const auto with = [](std::string_view end) { return document(kTeam) + std::string(end); };
  EXPECT_EQ(problems_of(with("tenant: b")), "acme rules v1, line 10: R14 duplicate key \"tenant\"");
  EXPECT_EQ(problems_of(with("comment: &x a")),
            "acme rules v1, line 10: R14 anchors (&name) are not allowed");
  EXPECT_EQ(problems_of(with("comment: !!int 7")),
            "acme rules v1, line 10: R14 the tag \"tag:yaml.org,2002:int\" is not allowed");
  EXPECT_EQ(problems_of(with("comment:")),
            "acme rules v1, line 10: R14 the value of \"comment\" is empty or null; quote it if a "
            "text is meant");
  EXPECT_EQ(problems_of(with("---\nc: d")),
            "acme rules v1, line 10: R14 only one document is allowed");
  EXPECT_EQ(problems_of(with("[a]: b")),
            "acme rules v1, line 10: R14 a key is a list; keys are texts");
  EXPECT_EQ(problems_of("tenant: &x acme\nversion: *x\nvalid_from: 2026-01-01\ndimensions: ~\n"
                        "apiVersion: tributary/cost-rules/v1"),
            "acme rules, line 1: R14 anchors (&name) are not allowed\n"
            "acme rules, line 2: R14 aliases (*name) are not allowed\n"
            "acme rules, line 4: R14 the value of \"dimensions\" is empty or null; quote it if a "
            "text is meant");
  EXPECT_NE(problems_of(std::string(300, '[')).find("R14"), std::string::npos);
}

TEST(RuleParser, AnEmptyValueHidesNoOtherProblem) {
  EXPECT_EQ(
      problems_of(one_rule("group:\n      - id: next\n        group: (x)\n      - \n"
                           "      - {id: last, grup: y, group: z, when: {has: }}\n"
                           "      - {id: last, group_by: {source: ~, transform: [~, lowr]}}")),
      "acme rules v1, line 9: R14 the value of \"group\" is empty or null; quote it if a text "
      "is meant\n"
      "acme rules v1, dimensions[0].rules[1] (next), line 11: R11 group \"(x)\" is reserved: "
      "names may not begin with \"(\"\n"
      "acme rules v1, line 13: R14 a value is empty or null; quote it if a text is meant\n"
      "acme rules v1, line 13: R14 the value of \"has\" is empty or null; quote it if a text "
      "is meant\n"
      "acme rules v1, dimensions[0].rules[3] (last), line 13: R01 unknown key \"grup\"; did "
      "you mean \"group\"?\n"
      "acme rules v1, line 14: R14 the value of \"source\" is empty or null; quote it if a "
      "text is meant\n"
      "acme rules v1, line 14: R14 a value is empty or null; quote it if a text is meant\n"
      "acme rules v1, dimensions[0].rules[4] (last), line 14: R05 duplicate id \"last\"\n"
      "acme rules v1, dimensions[0].rules[4] (last), line 14: R01 unknown transform "
      "\"lowr\"; did you mean \"lower\"?");
}

TEST(RuleParser, R15NamesMissingAndBadValues) {
  EXPECT_EQ(problems_of("tenant: acme\nversion: 3"),
            "acme rules v3, apiVersion, line 1: R15 \"apiVersion\" is missing\n"
            "acme rules v3, valid_from, line 1: R15 \"valid_from\" is missing\n"
            "acme rules v3, line 1: R15 \"dimensions\" is missing");
  EXPECT_EQ(problems_of(one_rule("group: a\n        group_by: {source: SkuId}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 8: R15 a rule needs exactly one "
            "of \"group\", "
            "\"group_by\" and \"allocate\"");
  EXPECT_EQ(problems_of(one_rule("group: a\n        when: {has: SkuId, equals: {SkuId: b}}")),
            "acme rules v1, dimensions[0].rules[0] (first), line 10: R15 a condition is a map of "
            "exactly one test; "
            "combine several with \"all\" or \"any\"");
  EXPECT_NE(
      problems_of(document(kTeam, 0)).find("R15 version \"0\" is not an integer of at least 1"),
      std::string::npos);
}

TEST(RuleParser, CollectsAllProblemsInTheOrderOfTheirLines) {
  const std::string problems =
      problems_of(one_rule("grup: a\n        when: {has: Foo}\n        group: (x)"));
  EXPECT_NE(problems.find("line 9: R01"), std::string::npos);
  EXPECT_LT(problems.find("line 9: R01"), problems.find("line 10: R07"));
  EXPECT_LT(problems.find("line 10: R07"), problems.find("line 11: R11"));
}

TEST(RuleParser, RefusesAnotherTenantsDocument) {
  const auto rules = parse_rules(document(kTeam), "globex");
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().front().to_string(),
            "acme rules v1, tenant, line 2: R15 the document is of tenant \"acme\", it was "
            "published for \"globex\"");
}

}  // namespace
}  // namespace tributary::cost
