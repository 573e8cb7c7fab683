// jobs/cost_attribution/core/rule_parser.cc
#include "jobs/cost_attribution/core/rule_parser.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/nearest_name.h"
#include "jobs/cost_attribution/core/quoted.h"
#include "jobs/cost_attribution/core/rejection.h"
#include "jobs/cost_attribution/core/rule_document.h"

namespace tributary::cost {

namespace {

bool is_rule_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::expected<RuleSet, RuleProblems> parse_rules(std::string_view yaml, std::string_view tenant) {
  return RuleParser(tenant).parse(yaml);
}

std::expected<RuleSet, RuleProblems> RuleParser::parse(std::string_view yaml) {
  if (yaml.size() > kRuleDocumentBytesMax) {
    problem(ErrorCode::R12, 0,
            fmt::format("document has {} bytes, at most {} are read", yaml.size(),
                        kRuleDocumentBytesMax));
    problems_.front().document = document_label();
    return std::unexpected(std::move(problems_));
  }
  const YamlTree tree = parse_yaml_tree(yaml);
  for (const YamlFault& fault : tree.faults) problem(ErrorCode::R14, fault.line, fault.text);
  if (tree.root) read_document(*tree.root);
  if (problems_.empty()) return std::move(rules_);
  for (RuleProblem& each : problems_) each.document = document_label();
  std::ranges::stable_sort(problems_, {}, &RuleProblem::line);
  return std::unexpected(std::move(problems_));
}

void RuleParser::read_document(const YamlNode& root) {
  if (!check_keys(root, "the document",
                  {"apiVersion", "tenant", "version", "valid_from", "comment", "dimensions"})) {
    return;
  }
  read_head(root);
  const YamlNode* dimensions = root.find("dimensions");
  if (dimensions == nullptr) return bad(root, "\"dimensions\" is missing");
  path_ = "dimensions";
  if (!dimensions->is_list() || dimensions->items.empty()) {
    return bad(*dimensions, "\"dimensions\" is not a list of at least one dimension");
  }
  if (dimensions->items.size() > kDimensionsMax) {
    return problem(ErrorCode::R12, dimensions->line,
                   fmt::format("{} dimensions, at most {} are allowed", dimensions->items.size(),
                               kDimensionsMax));
  }
  for (const YamlNode& item : dimensions->items) {
    const YamlNode* name = item.is_map() ? item.find("name") : nullptr;
    dimension_names_.push_back(name != nullptr ? name->text : std::string());
  }
  dimension_allocates_.resize(dimension_names_.size());
  for (std::size_t i = 0; i < dimensions->items.size(); ++i)
    read_dimension(dimensions->items[i], i);
}

void RuleParser::read_head(const YamlNode& root) {
  path_ = "apiVersion";
  if (const YamlNode* node = text_at(root, path_, true);
      node != nullptr && node->text != kRuleLanguage) {
    bad(*node, fmt::format("apiVersion {} is not {}", quoted(node->text), quoted(kRuleLanguage)));
  }
  path_ = "tenant";
  if (const YamlNode* node = text_at(root, path_, true)) {
    if (!is_tenant_name(node->text)) {
      bad(*node, fmt::format(
                     "tenant {} is not 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"",
                     quoted(node->text)));
    } else {
      rules_.tenant_ = node->text;
      if (!expected_tenant_.empty() && expected_tenant_ != node->text) {
        bad(*node, fmt::format("the document is of tenant {}, it was published for {}",
                               quoted(node->text), quoted(expected_tenant_)));
      }
    }
  }
  path_ = "version";
  if (const YamlNode* node = text_at(root, path_, true)) {
    const char* end = node->text.data() + node->text.size();
    const auto [at, fault] = std::from_chars(node->text.data(), end, rules_.version_);
    if (fault != std::errc() || at != end || rules_.version_ < 1) {
      bad(*node, fmt::format("version {} is not an integer of at least 1", quoted(node->text)));
    } else {
      has_version_ = true;
    }
    rules_.version_line_ = node->line;
  }
  path_ = "valid_from";
  if (const YamlNode* node = text_at(root, path_, true)) {
    const auto time = parse_timestamp(node->text);
    rules_.valid_from_line_ = node->line;
    if (!time) {
      bad(*node, fmt::format("valid_from {} is not an ISO 8601 time", quoted(node->text)));
    } else if (floor_to(*time, hours(1)) != *time) {
      problem(ErrorCode::R03, node->line,
              fmt::format("valid_from {} is not a whole hour", quoted(node->text)),
              format_timestamp(floor_to(*time, hours(1))));
    } else {
      rules_.valid_from_ = *time;
    }
  }
  path_ = "comment";
  if (const YamlNode* node = text_at(root, path_, false)) rules_.comment_ = node->text;
  path_.clear();
}

void RuleParser::read_dimension(const YamlNode& node, std::size_t index) {
  path_ = fmt::format("dimensions[{}]", index);
  Dimension& dimension = rules_.dimensions_.emplace_back();
  dimension.default_element = kUnattributed;
  if (!check_keys(node, "a dimension", {"name", "default", "rules"})) return;
  if (const YamlNode* name = text_at(node, "name", true)) {
    if (name->text.starts_with('(')) {
      check_name(*name, "dimension", 64);
    } else if (!is_tenant_name(name->text)) {
      bad(*name,
          fmt::format(
              "dimension {} is not 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"",
              quoted(name->text)));
    } else if (std::ranges::find(dimension_names_, name->text) - dimension_names_.begin() <
               static_cast<std::ptrdiff_t>(index)) {
      problem(ErrorCode::R05, name->line,
              fmt::format("duplicate dimension {}", quoted(name->text)));
    }
    dimension.name = name->text;
    path_ += fmt::format(" ({})", cut_utf8(name->text, 64));
  }
  if (const YamlNode* default_element = text_at(node, "default", false))
    read_default(*default_element, dimension);
  const YamlNode* rules = node.find("rules");
  if (rules == nullptr) return bad(node, "\"rules\" is missing");
  if (!rules->is_list()) return bad(*rules, "\"rules\" is not a list");
  if (rules->items.size() > kRulesMax) {
    return problem(ErrorCode::R12, rules->line,
                   fmt::format("{} rules, at most {} are allowed in a dimension",
                               rules->items.size(), kRulesMax));
  }
  for (const YamlNode& rule : rules->items) {
    if (rule.is_map() && rule.find("allocate") != nullptr) dimension_allocates_[index] = true;
  }
  for (std::size_t i = 0; i < rules->items.size(); ++i) {
    path_ = fmt::format("dimensions[{}].rules[{}]", index, i);
    read_rule(rules->items[i], i, dimension);
  }
}

void RuleParser::read_default(const YamlNode& node, Dimension& dimension) {
  if (node.text == kUnattributed) return;
  if (node.text.starts_with('(')) {
    return problem(ErrorCode::R11, node.line,
                   fmt::format("default {} is reserved; only {} may be a default",
                               quoted(node.text), kUnattributed));
  }
  if (check_name(node, "default", kElementBytesMax)) dimension.default_element = node.text;
}

void RuleParser::read_rule(const YamlNode& node, std::size_t index, Dimension& dimension) {
  Rule& rule = dimension.rules.emplace_back();
  rule.line = node.line;
  if (const YamlNode* id = node.is_map() ? node.find("id") : nullptr;
      id != nullptr && is_rule_id(id->text)) {
    path_ += fmt::format(" ({})", id->text);
  }
  if (!check_keys(node, "a rule", {"id", "when", "group", "group_by", "allocate"})) return;
  read_rule_id(node, rule);
  for (std::size_t i = 0; i < index; ++i) {
    if (!rule.id.empty() && dimension.rules[i].id == rule.id) {
      problem(ErrorCode::R05, node.find("id")->line,
              fmt::format("duplicate id {}", quoted(rule.id)));
      break;
    }
  }
  if (const YamlNode* when = node.find("when")) rule.when = read_condition(*when, 1);
  read_outcome(node, rule);
}

void RuleParser::read_rule_id(const YamlNode& node, Rule& rule) {
  const YamlNode* id = text_at(node, "id", true);
  if (id == nullptr) return;
  if (!is_rule_id(id->text)) {
    return bad(*id, fmt::format("id {} is not 1 to 64 characters of a-z, 0-9 and \"-\"",
                                quoted(id->text)));
  }
  rule.id = id->text;
}

void RuleParser::read_outcome(const YamlNode& node, Rule& rule) {
  const YamlNode* group = node.find("group");
  const YamlNode* group_by = node.find("group_by");
  const YamlNode* allocate = node.find("allocate");
  if ((group != nullptr) + (group_by != nullptr) + (allocate != nullptr) != 1) {
    bad(node, "a rule needs exactly one of \"group\", \"group_by\" and \"allocate\"");
  }
  if (allocate != nullptr) {
    problem(ErrorCode::R13, allocate->line, "allocate is not available yet: use group or group_by");
  }
  if (group != nullptr) {
    if (!group->is_text()) {
      bad(*group, fmt::format("\"group\" is {}, not a name", group->kind_name()));
    } else if (check_name(*group, "group", kElementBytesMax)) {
      rule.group = group->text;
    }
  }
  if (group_by != nullptr) rule.group_by = read_expression(*group_by);
}

void RuleParser::problem(ErrorCode code, int line, std::string text, std::string suggestion) {
  if (problems_.size() < kRuleProblemsMax) {
    problems_.push_back({code, {}, path_, line, std::move(text), std::move(suggestion)});
  }
}

bool RuleParser::check_keys(const YamlNode& node, std::string_view what,
                            std::initializer_list<std::string_view> known) {
  if (!node.is_map()) {
    bad(node, fmt::format("{} is {}, not a map", what, node.kind_name()));
    return false;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    const auto nearest = nearest_name(entry.key, {known.begin(), known.size()});
    problem(ErrorCode::R01, entry.line, fmt::format("unknown key {}", quoted(entry.key)),
            std::string(nearest.value_or("")));
  }
  return true;
}

const YamlNode* RuleParser::text_at(const YamlNode& map, std::string_view key, bool required) {
  const YamlNode* node = map.find(key);
  if (node == nullptr) {
    if (required) bad(map, fmt::format("\"{}\" is missing", key));
    return nullptr;
  }
  if (node->is_text()) return node;
  bad(*node, fmt::format("\"{}\" is {}, not a text", key, node->kind_name()));
  return nullptr;
}

bool RuleParser::check_name(const YamlNode& node, std::string_view what, std::size_t limit) {
  if (node.text.starts_with('(')) {
    problem(
        ErrorCode::R11, node.line,
        fmt::format("{} {} is reserved: names may not begin with \"(\"", what, quoted(node.text)));
    return false;
  }
  if (node.text.empty() || node.text.size() > limit) {
    bad(node, fmt::format("{} {} is not 1 to {} bytes long", what, quoted(node.text), limit));
    return false;
  }
  return true;
}

std::string RuleParser::document_label() const {
  const std::string& tenant = rules_.tenant_.empty() ? expected_tenant_ : rules_.tenant_;
  std::string label = tenant.empty() ? "rules" : fmt::format("{} rules", tenant);
  if (has_version_) label += fmt::format(" v{}", rules_.version_);
  return label;
}

}  // namespace tributary::cost
