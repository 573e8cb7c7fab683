// docs/rules.md against the rule language: what the page shows of conditions, values, refusals and
// limits is what the parser does.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/tools/rules_command.h"
#include "jobs/cost_attribution/tools/topic_folder.h"
#include "tests/jobs/cost_attribution/core_fixture.h"
#include "tests/jobs/cost_attribution/tools/test_folder.h"

namespace tributary::cost {
namespace {

using testing::HasSubstr;

const std::filesystem::path kRoot = TRIBUTARY_SOURCE_DIR;

std::string text_of(const std::string& file) {
  std::ifstream stream(kRoot / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The cells of the rows of one section's tables, heads included, without blanks and backticks.
std::vector<std::vector<std::string>> rows_of(const std::string& section) {
  const std::string page = text_of("docs/rules.md");
  const std::size_t begin = page.find("\n## " + section);
  EXPECT_NE(begin, std::string::npos) << section;
  std::istringstream lines(page.substr(begin + 1, page.find("\n## ", begin + 1) - begin));
  std::vector<std::vector<std::string>> rows;
  static const std::regex kCell(R"(\|\s*([^|]*?)\s*(?=\|))");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|') || line.starts_with("|---")) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (std::sregex_iterator cell(line.begin(), line.end(), kCell), end; cell != end; ++cell)
      row.push_back((*cell)[1].str());
  }
  return rows;
}

bool is_code(std::string_view cell) {
  return cell.size() > 2 && cell.starts_with('`') && cell.ends_with('`');
}

std::string code_of(const std::string& cell) {
  EXPECT_TRUE(is_code(cell)) << cell;
  return cell.substr(1, cell.size() - 2);
}

// Between quotes.
std::string value_of(const std::string& cell) {
  const std::string code = code_of(cell);
  EXPECT_TRUE(code.starts_with('"') && code.ends_with('"')) << code;
  return code.substr(1, code.size() - 2);
}

std::string one_rule(const std::string& rule) {
  return document("  - name: team\n    rules:\n      - " + rule + "\n", 2, "2026-09-01T00:00:00Z");
}

std::string element_of(const std::string& rule, const ChargeRow& row) {
  const auto rules = rules_of(one_rule(rule));
  if (rules == nullptr) return "refused";
  Evaluation evaluation;
  rules->evaluate(row, evaluation);
  return std::string(evaluation.targets().front().element);
}

// The document that an example of the table of refusals stands for.
std::string document_of(const std::string& example) {
  if (example.starts_with("{id:")) return one_rule(example);
  std::string whole = one_rule("{id: tag, group_by: {source: \"tag:team\"}}");
  if (example.starts_with("{name:")) return whole + "  - " + example + "\n";
  const std::string key = example.substr(0, example.find(':') + 1);
  const std::size_t at = whole.find("\n" + key) + 1;
  EXPECT_NE(at, 0U) << example;
  return whole.replace(at, whole.find('\n', at) - at, example);
}

TEST(RulesPage, ShowsWhatTheToolSaysOfItsExample) {
  std::string out;
  const RulesCheckOptions options{kRoot / "docs/rules/acme.rules.yaml",
                                  kRoot / "docs/rules/charges.jsonl"};
  const auto code = run_rules_check(options, ManualClock(at("2026-10-01")), out);
  ASSERT_TRUE(code && *code == 0) << out;
  const std::string root = (kRoot / "").string();
  ASSERT_TRUE(out.starts_with(root));
  EXPECT_THAT(text_of("docs/rules.md"),
              HasSubstr("rules check docs/rules/acme.rules.yaml --sample docs/rules/charges.jsonl "
                        "-->\n```\n" +
                        out.substr(root.size()) + "```\n"));
}

TEST(RulesPage, SaysWhichElementsItsChargesGet) {
  const auto rules = rules_of(text_of("docs/rules/acme.rules.yaml"));
  ASSERT_NE(rules, nullptr);
  std::map<std::string, std::vector<std::string>> shown;
  for (const auto& row : rows_of("A worked example")) shown[row[0]] = {row[1], row[2], row[3]};
  EnvelopeParser parser;
  Evaluation evaluation;
  std::size_t charges = 0;
  ASSERT_TRUE(
      walk_lines({kRoot / "docs/rules/charges.jsonl"}, [&](std::string_view line) -> Status {
        const auto envelope = parser.parse(line, at("2026-10-01"));
        if (!envelope) return fail(ErrorCode::D101, "{}", envelope.error().message);
        std::vector<std::string> elements(3, "-");
        const ChargeRow& row = (*envelope)->row;
        if (row.start >= rules->valid_from()) {
          rules->evaluate(row, evaluation);
          for (std::size_t i = 0; i < 3; ++i)
            elements[i] = std::string(evaluation.targets()[i].element);
        }
        EXPECT_EQ(shown[std::string((*envelope)->head.charge_id)], elements) << line;
        ++charges;
        return {};
      }));
  EXPECT_EQ(charges + 1, shown.size()) << "every row of the table, and its head";
}

TEST(RulesPage, SaysWhatConditionsHold) {
  TestRow charge(std::vector<Tag>{{"team", "Payments"}});
  charge.set(Column::kServiceName, "Amazon EC2");
  charge.set(Column::kResourceName, "tmp-17");
  const auto rows = rows_of("Conditions");
  std::set<std::string> tests;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string condition = code_of(rows[i][0]);
    tests.insert(condition.substr(1, condition.find(':') - 1));
    EXPECT_EQ(element_of("{id: a, group: true, when: " + condition + "}", charge.row),
              rows[i][1] == "true" ? "true" : "(unattributed)")
        << condition;
  }
  EXPECT_EQ(tests.size(), 10U) << "every test of the language";
}

TEST(RulesPage, SaysWhatTransformsMake) {
  const auto rows = rows_of("Values");
  ASSERT_GT(rows.size(), 8U);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    TestRow charge;
    const std::string value = value_of(rows[i][1]);
    charge.set(Column::kResourceName, value);
    EXPECT_EQ(element_of("{id: a, group_by: {source: ResourceName, transform: " +
                             code_of(rows[i][0]) + "}}",
                         charge.row),
              rows[i][2] == "missing" ? "(unattributed)" : value_of(rows[i][2]))
        << rows[i][0] << ' ' << value;
  }
}

TEST(RulesPage, NamesEverySource) {
  const auto rows = rows_of("Sources");
  std::set<std::string> named;
  static const std::regex kName("`([A-Za-z]+)`");
  const std::string cell = rows.at(1).at(1);
  for (std::sregex_iterator name(cell.begin(), cell.end(), kName), end; name != end; ++name)
    named.insert((*name)[1].str());
  std::set<std::string> known(kColumnNames.begin(), kColumnNames.end());
  known.insert("BillingCurrency");
  EXPECT_EQ(named, known);
}

TEST(RulesPage, ShowsEachRefusalWithItsMessage) {
  const auto rows = rows_of("What is refused");
  ASSERT_EQ(rows.size(), 16U) << "R01 to R15, and the head";
  std::set<std::string> shown;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i][0], fmt::format("R{:02}", i));
    if (!is_code(rows[i][2])) continue;
    const auto rules = parse_rules(document_of(code_of(rows[i][2])));
    ASSERT_FALSE(rules) << rows[i][2];
    ASSERT_EQ(rules.error().size(), 1U) << to_error(rules.error()).what();
    EXPECT_TRUE(rules.error().front().to_string().ends_with(
        fmt::format(": {} {}", rows[i][0], code_of(rows[i][3]))))
        << rules.error().front().to_string();
    shown.insert(rows[i][0]);
  }
  EXPECT_EQ(shown.size(), 10U);
}

TEST(RulesPage, ShowsTheRefusalsThatDependOnMoreThanALine) {
  TestFolder folder;
  const auto rows = rows_of("What is refused");
  const auto file = folder.write("rules.yaml", one_rule("{id: a, group: x}"));
  const ManualClock clock(at("2026-10-01"));
  std::string out;
  ASSERT_EQ(*run_rules_publish({file, folder.path(), "ann", ""}, clock, out), 0) << out;
  ASSERT_EQ(*run_rules_publish({file, folder.path(), "ann", ""}, clock, out), 1) << out;
  EXPECT_THAT(out, HasSubstr("R02 " + code_of(rows[2][3]) + "\n"));

  std::string many;
  for (std::size_t i = 0; i <= kDimensionsMax; ++i)
    many += fmt::format("  - name: d{}\n    rules: []\n", i);
  EXPECT_THAT(problems_of(document(many)), HasSubstr("R12 " + code_of(rows[12][3])));
  EXPECT_THAT(problems_of(one_rule("{id: api, group: api, when: {has: \"tags:app\"}}")),
              HasSubstr("acme rules v2, dimensions[0].rules[0] (api), line 8: R07"));
}

TEST(RulesPage, KnowsTheLimits) {
  std::vector<std::string> limits;
  for (const auto& row : rows_of("Limits")) {
    std::string digits;
    for (const char c : row[1]) {
      if (c >= '0' && c <= '9') digits += c;
    }
    if (!digits.empty()) limits.push_back(digits);
  }
  EXPECT_THAT(limits, testing::ElementsAre(
                          std::to_string(kRuleDocumentBytesMax), std::to_string(kDimensionsMax),
                          std::to_string(kRulesMax), std::to_string(kConditionsMax),
                          std::to_string(kConditionDepthMax), std::to_string(kLookupRowsMax),
                          "1000", std::to_string(kRuleProblemsMax)));
  const std::string split = "{id: a, group_by: {source: SkuId, transform: [{split: {by: x, index: ";
  EXPECT_EQ(problems_of(one_rule(split + "1000}}]}}")), "accepted");
  EXPECT_THAT(problems_of(one_rule(split + "1001}}]}}")), HasSubstr("R15"));
}

}  // namespace
}  // namespace tributary::cost
