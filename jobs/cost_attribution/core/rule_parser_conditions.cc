// jobs/cost_attribution/core/rule_parser_conditions.cc
// Reads `when`: each condition is a map of exactly one test.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/nearest_name.h"
#include "jobs/cost_attribution/core/quoted.h"
#include "jobs/cost_attribution/core/rule_document.h"

namespace tributary::cost {

namespace {

using Test = Condition::Test;

constexpr std::array<std::string_view, 10> kTestNames = {
    "all",      "any",         "not",       "has",     "equals",
    "contains", "begins_with", "ends_with", "matches", "charge_time"};
constexpr std::array<Test, 10> kTests = {
    Test::kAll,      Test::kAny,        Test::kNot,      Test::kHas,     Test::kEquals,
    Test::kContains, Test::kBeginsWith, Test::kEndsWith, Test::kMatches, Test::kChargeTime};

}  // namespace

Condition RuleParser::read_condition(const YamlNode& node, int depth) {
  Condition condition;
  if (++conditions_ == kConditionsMax + 1) {
    problem(ErrorCode::R12, node.line,
            fmt::format("more than {} conditions in the document", kConditionsMax));
  }
  if (conditions_ > kConditionsMax) return condition;
  if (depth > kConditionDepthMax) {
    problem(ErrorCode::R12, node.line,
            fmt::format("conditions nest deeper than {}", kConditionDepthMax));
    return condition;
  }
  if (!node.is_map() || node.entries.size() != 1) {
    bad(node, "a condition is a map of exactly one test; combine several with \"all\" or \"any\"");
    return condition;
  }
  const YamlNode::Entry& entry = node.entries.front();
  const auto name = std::ranges::find(kTestNames, entry.key);
  if (name == kTestNames.end()) {
    problem(ErrorCode::R01, entry.line, fmt::format("unknown key {}", quoted(entry.key)),
            std::string(nearest_name(entry.key, kTestNames).value_or("")));
    return condition;
  }
  condition.test = kTests[static_cast<std::size_t>(name - kTestNames.begin())];
  switch (condition.test) {
    case Test::kAll:
    case Test::kAny:
      read_parts(entry.value, depth, condition);
      break;
    case Test::kNot:
      condition.parts.push_back(read_condition(entry.value, depth + 1));
      break;
    case Test::kHas:
      condition.source = read_source(entry.value);
      break;
    case Test::kChargeTime:
      read_charge_time(entry.value, condition);
      break;
    default:
      read_comparison(entry.value, entry.key, condition);
  }
  return condition;
}

void RuleParser::read_parts(const YamlNode& node, int depth, Condition& condition) {
  if (!node.is_list() || node.items.empty()) {
    return bad(node, "\"all\" and \"any\" take a list of at least one condition");
  }
  for (const YamlNode& item : node.items)
    condition.parts.push_back(read_condition(item, depth + 1));
}

void RuleParser::read_comparison(const YamlNode& node, std::string_view test,
                                 Condition& condition) {
  if (!node.is_map() || node.entries.size() != 1) {
    return bad(
        node, fmt::format("\"{}\" takes a map of exactly one source to a value or a list of values",
                          test));
  }
  const YamlNode::Entry& entry = node.entries.front();
  condition.source = read_source_text(entry.key, entry.line);
  std::vector<const YamlNode*> values;
  if (entry.value.is_list()) {
    for (const YamlNode& item : entry.value.items) values.push_back(&item);
  } else {
    values.push_back(&entry.value);
  }
  if (values.empty())
    return bad(entry.value, fmt::format("\"{}\" has an empty list of values", test));
  for (const YamlNode* value : values) {
    if (!value->is_text()) {
      bad(*value, fmt::format("a value of \"{}\" is {}, not a text", test, value->kind_name()));
    } else if (condition.test != Test::kMatches) {
      condition.values.push_back(value->text);
    } else if (auto pattern = Pattern::compile(value->text)) {
      condition.patterns.push_back(std::move(*pattern));
    } else {
      problem(ErrorCode::R06, value->line,
              fmt::format("bad regular expression {}: {}", quoted(value->text), pattern.error()));
    }
  }
  if (condition.test == Test::kEquals) std::ranges::sort(condition.values);
}

void RuleParser::read_charge_time(const YamlNode& node, Condition& condition) {
  if (!check_keys(node, "\"charge_time\"", {"from", "until"})) return;
  if (node.find("from") == nullptr && node.find("until") == nullptr) {
    return bad(node, "\"charge_time\" needs \"from\", \"until\" or both");
  }
  const auto read = [&](std::string_view key, Timestamp& out) {
    const YamlNode* text = text_at(node, key, false);
    if (text == nullptr) return;
    if (const auto time = parse_timestamp(text->text)) {
      out = *time;
    } else {
      bad(*text, fmt::format("{} {} is not an ISO 8601 time", key, quoted(text->text)));
    }
  };
  read("from", condition.from);
  read("until", condition.until);
}

}  // namespace tributary::cost
