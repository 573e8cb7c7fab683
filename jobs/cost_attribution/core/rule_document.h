// jobs/cost_attribution/core/rule_document.h
// The walk over a rule document's tree that builds a RuleSet and collects problems.
//
// Private to rule_parser*.cc: the document and its rules in rule_parser.cc, conditions in
// rule_parser_conditions.cc, sources and expressions in rule_parser_expressions.cc.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/cost_attribution/core/rule_parser.h"
#include "jobs/cost_attribution/core/yaml_tree.h"

namespace tributary::cost {

class RuleParser {
 public:
  explicit RuleParser(std::string_view tenant) : expected_tenant_(tenant) {}

  std::expected<RuleSet, RuleProblems> parse(std::string_view yaml);

 private:
  // rule_parser.cc
  void read_document(const YamlNode& root);
  void read_head(const YamlNode& root);
  void read_dimension(const YamlNode& node, std::size_t index);
  void read_default(const YamlNode& node, Dimension& dimension);
  void read_rule(const YamlNode& node, std::size_t index, Dimension& dimension);
  void read_rule_id(const YamlNode& node, Rule& rule);
  void read_outcome(const YamlNode& node, Rule& rule);

  // rule_parser_conditions.cc
  Condition read_condition(const YamlNode& node, int depth);
  void read_parts(const YamlNode& node, int depth, Condition& condition);
  void read_comparison(const YamlNode& node, std::string_view test, Condition& condition);
  void read_charge_time(const YamlNode& node, Condition& condition);

  // rule_parser_expressions.cc
  RuleSource read_source(const YamlNode& node);
  RuleSource read_source_text(std::string_view text, int line);
  RuleSource read_dimension_source(std::string_view text, std::string_view name, int line);
  RuleSource tag_source(std::string_view key);
  Expression read_expression(const YamlNode& node);
  void read_transform(const YamlNode& node, Expression& expression);
  void read_split(const YamlNode& node, Transform& transform);
  void read_lookup(const YamlNode& node, Transform& transform);

  // Problems at the place that path_ says.
  void problem(ErrorCode code, int line, std::string text, std::string suggestion = {});
  // R15; silent where the tree's own fault says what is wrong.
  void bad(const YamlNode& node, std::string text) {
    if (!node.is_faulty()) problem(ErrorCode::R15, node.line, std::move(text));
  }
  // R01 for every key that is not in `known`; R15 if `node` is no map. False: no map.
  bool check_keys(const YamlNode& node, std::string_view what,
                  std::initializer_list<std::string_view> known);
  // The text at `key`, or null with a problem if it is missing (and required) or no text.
  const YamlNode* text_at(const YamlNode& map, std::string_view key, bool required);
  // R11 or R15 unless `name` is a plain name of at most `limit` bytes.
  bool check_name(const YamlNode& node, std::string_view what, std::size_t limit);
  std::string document_label() const;

  std::string expected_tenant_;
  RuleSet rules_;
  RuleProblems problems_;
  std::string path_;
  bool has_version_ = false;
  std::vector<std::string> dimension_names_;  // of the whole document, for dim: sources
  std::vector<bool> dimension_allocates_;
  std::map<std::string, std::size_t, std::less<>> tag_indexes_;
  std::size_t conditions_ = 0;
  std::size_t lookup_rows_ = 0;
};

}  // namespace tributary::cost
