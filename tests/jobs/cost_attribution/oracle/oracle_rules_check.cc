// What makes a rule document valid (R01 to R12), and which published versions are thus accepted.
#include <algorithm>
#include <set>
#include <stdexcept>

#include <re2/re2.h>

#include "tests/jobs/cost_attribution/oracle/oracle_rules.h"

namespace tributary::cost_oracle {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::size_t kDocumentBytesMax = 1 << 20;
constexpr std::size_t kDimensionsMax = 20;
constexpr std::size_t kRulesMax = 500;

using Names = std::set<std::string>;

void check_map(const Tree& tree, const Names& required, const Names& optional) {
  if (!tree.is_map()) throw Refused("a map is missing");
  for (const std::string& name : tree.names) {
    if (!required.contains(name) && !optional.contains(name)) throw Refused("R01: " + name);
  }
  for (const std::string& name : required) {
    if (tree.find(name) == nullptr) throw Refused("there is no " + name);
  }
}

const std::string& check_text(const Tree& tree) {
  if (!tree.is_text()) throw Refused("a scalar is missing");
  return tree.text;
}

// The only name of a map of one name.
const std::string& only_name(const Tree& tree) {
  if (!tree.is_map() || tree.names.size() != 1) throw Refused("a map of one key is missing");
  return tree.names.front();
}

void check_time(const Tree& tree) {
  try {
    micros_of(check_text(tree));
  } catch (const std::invalid_argument& e) {
    throw Refused(e.what());
  }
}

std::int64_t check_number(const Tree& tree) {
  static const RE2 pattern("[0-9]{1,18}");
  if (!RE2::FullMatch(check_text(tree), pattern)) throw Refused("not a number: " + tree.text);
  return std::stoll(tree.text);
}

void check_source(const std::string& source, const Names& earlier) {
  if (source.starts_with("tag:") && source.size() > 4) return;
  if (source.starts_with("dim:")) {
    if (!earlier.contains(source.substr(4))) throw Refused("R08: " + source);
    return;
  }
  if (source.ends_with("Cost") || source.starts_with("ChargePeriod")) {
    throw std::logic_error("undecided: the text of " + source);
  }
  if (!text_columns().contains(source)) throw Refused("R07: " + source);
}

void check_expression(const Tree& expression, const Names& earlier) {
  check_map(expression, {}, {"source", "coalesce", "transform"});
  const Tree* source = expression.find("source");
  const Tree* coalesce = expression.find("coalesce");
  if ((source == nullptr) == (coalesce == nullptr)) throw Refused("either source or coalesce");
  if (source != nullptr) check_source(check_text(*source), earlier);
  if (coalesce != nullptr) {
    if (!coalesce->is_list()) throw Refused("coalesce is a list");
    for (const Tree& item : coalesce->items) check_source(check_text(item), earlier);
  }
  const Tree* steps = expression.find("transform");
  if (steps == nullptr) return;
  if (!steps->is_list()) throw Refused("transform is a list");
  for (const Tree& step : steps->items) {
    if (step.is_text()) {
      if (!Names{"trim", "lower", "slug"}.contains(step.text)) throw Refused("R01: " + step.text);
    } else if (step.find("split") != nullptr) {
      check_map(step, {"split"}, {});
      check_map(step.at("split"), {"by", "index"}, {});
      if (check_text(step.at("split").at("by")).empty()) throw Refused("split by nothing");
      check_number(step.at("split").at("index"));
    } else {
      check_map(step, {"lookup"}, {"else"});
      if (!step.at("lookup").is_map()) throw Refused("lookup is a map");
      for (const Tree& to : step.at("lookup").items) check_text(to);
      if (const Tree* otherwise = step.find("else")) check_text(*otherwise);
    }
  }
}

void check_condition(const Tree& condition, const Names& earlier) {
  const std::string& name = only_name(condition);
  const Tree& body = condition.items.front();
  if (name == "all" || name == "any") {
    if (!body.is_list()) throw Refused(name + " is a list");
    for (const Tree& item : body.items) check_condition(item, earlier);
  } else if (name == "not") {
    check_condition(body, earlier);
  } else if (name == "has") {
    check_source(check_text(body), earlier);
  } else if (name == "charge_time") {
    check_map(body, {}, {"from", "until"});
    for (const Tree& time : body.items) check_time(time);
  } else if (Names{"equals", "contains", "begins_with", "ends_with", "matches"}.contains(name)) {
    check_source(only_name(body), earlier);
    const Tree& values = body.items.front();
    if (!values.is_list()) check_text(values);
    for (const Tree& value : values.is_list() ? values.items : std::vector<Tree>{values}) {
      if (check_text(value); name != "matches") continue;
      const RE2 pattern(value.text, RE2::Quiet);
      if (!pattern.ok()) throw Refused("R06: " + pattern.error());
    }
  } else {
    throw Refused("R01: " + name);
  }
}

void check_rule(const Tree& rule, const Names& earlier) {
  check_map(rule, {"id"}, {"when", "group", "group_by", "allocate"});
  static const RE2 id("[a-z0-9-]{1,64}");
  if (!RE2::FullMatch(check_text(rule.at("id")), id)) throw Refused("not an id");
  if (rule.find("allocate") != nullptr) throw std::logic_error("allocate is beyond this oracle");
  const Tree* group = rule.find("group");
  const Tree* group_by = rule.find("group_by");
  if ((group == nullptr) == (group_by == nullptr)) throw Refused("either group or group_by");
  if (const Tree* when = rule.find("when")) check_condition(*when, earlier);
  if (group_by != nullptr) check_expression(*group_by, earlier);
  if (group != nullptr) {
    if (check_text(*group).empty()) throw Refused("a group without a name");
    if (group->text.starts_with("(")) throw Refused("R11: " + group->text);
  }
}

void check_dimension(const Tree& dimension, const Names& earlier) {
  check_map(dimension, {"name", "rules"}, {"default"});
  const std::string& name = check_text(dimension.at("name"));
  if (name.empty()) throw Refused("a dimension without a name");
  if (name.starts_with("(")) throw Refused("R11: " + name);
  if (earlier.contains(name)) throw Refused("R05: " + name);
  if (const Tree* otherwise = dimension.find("default")) {
    const std::string& text = check_text(*otherwise);
    if (text.empty()) throw Refused("an empty default");
    if (text.starts_with("(") && text != "(unattributed)") throw Refused("R11: " + text);
  }
  if (!dimension.at("rules").is_list()) throw Refused("rules is a list");
  if (dimension.at("rules").items.size() > kRulesMax) throw Refused("R12: rules");
  Names ids;
  for (const Tree& rule : dimension.at("rules").items) {
    check_rule(rule, earlier);
    if (!ids.insert(rule.at("id").text).second) throw Refused("R05: " + rule.at("id").text);
  }
}

}  // namespace

RuleVersion check_rules(const std::string& yaml, const std::string& tenant) {
  if (yaml.size() > kDocumentBytesMax) throw Refused("R12: bytes");
  RuleVersion result{.document = parse_yaml(yaml)};
  const Tree& document = result.document;
  check_map(document, {"apiVersion", "tenant", "version", "valid_from", "dimensions"}, {"comment"});
  if (document.at("apiVersion").text != "tributary/cost-rules/v1") throw Refused("apiVersion");
  if (document.at("tenant").text != tenant) throw Refused("another tenant's rules");
  if (const Tree* comment = document.find("comment")) check_text(*comment);
  result.version = check_number(document.at("version"));
  check_time(document.at("valid_from"));
  result.valid_from = micros_of(document.at("valid_from").text);
  if (result.valid_from % kHour != 0) throw Refused("R03: " + document.at("valid_from").text);
  const Tree& dimensions = document.at("dimensions");
  if (!dimensions.is_list()) throw Refused("dimensions is a list");
  if (dimensions.items.size() > kDimensionsMax) throw Refused("R12: dimensions");
  Names earlier;
  for (const Tree& dimension : dimensions.items) {
    check_dimension(dimension, earlier);
    earlier.insert(dimension.at("name").text);
  }
  return result;
}

std::map<std::string, std::vector<RuleVersion>> accepted_rules(
    const std::vector<std::string>& commands) {
  std::map<std::string, std::vector<RuleVersion>> accepted;
  for (const std::string& line : commands) {
    const Tree command = parse_json(line);
    if (command.at("kind").text == "period_closed") continue;  // Moves no amount.
    if (command.at("kind").text != "rules_published") {
      throw std::invalid_argument("the oracle does not know " + command.at("kind").text);
    }
    const std::string& tenant = command.at("tenant").text;
    try {
      RuleVersion rules = check_rules(command.at("yaml").text, tenant);
      if (std::to_string(rules.version) != command.at("version").text) {
        throw std::logic_error("undecided: the command and its document differ in the version");
      }
      std::vector<RuleVersion>& versions = accepted[tenant];
      if (!versions.empty() && rules.version <= versions.back().version) throw Refused("R02");
      versions.push_back(std::move(rules));
    } catch (const Refused&) {
      continue;  // The old one stays in force.
    }
  }
  return accepted;
}

}  // namespace tributary::cost_oracle
