// jobs/cost_attribution/core/rule_parser_expressions.cc
// Reads sources and `group_by`.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/nearest_name.h"
#include "jobs/cost_attribution/core/quoted.h"
#include "jobs/cost_attribution/core/rule_document.h"

namespace tributary::cost {

namespace {

constexpr std::string_view kCurrencyColumn = "BillingCurrency";
constexpr std::size_t kSplitIndexMax = 1'000;
constexpr std::array<std::string_view, 3> kWordTransforms = {"trim", "lower", "slug"};
constexpr std::array<std::string_view, 5> kTransforms = {"trim", "lower", "slug", "split",
                                                         "lookup"};

std::vector<std::string_view> source_columns() {
  std::vector<std::string_view> names(kColumnNames.begin(), kColumnNames.end());
  names.push_back(kCurrencyColumn);
  return names;
}

// What `text` was most likely meant to be, empty if nothing is near.
std::string nearest_source(std::string_view text) {
  constexpr std::array<std::string_view, 2> kPrefixes = {"tag", "dim"};
  const std::size_t colon = text.find(':');
  if (colon != text.npos) {
    if (const auto prefix = nearest_name(text.substr(0, colon), kPrefixes)) {
      return fmt::format("{}{}", *prefix, text.substr(colon));
    }
    return {};
  }
  return std::string(nearest_name(text, source_columns()).value_or(""));
}

}  // namespace

RuleSource RuleParser::read_source(const YamlNode& node) {
  if (node.is_text()) return read_source_text(node.text, node.line);
  bad(node, fmt::format("a source is {}, not a text", node.kind_name()));
  return {};
}

RuleSource RuleParser::read_source_text(std::string_view text, int line) {
  if (const auto column = find_column(text)) {
    return {RuleSource::Kind::kColumn, static_cast<std::uint32_t>(*column)};
  }
  if (text == kCurrencyColumn) return {RuleSource::Kind::kCurrency, 0};
  if (text.starts_with("tag:") && text.size() > 4) return tag_source(text.substr(4));
  if (text.starts_with("dim:")) return read_dimension_source(text, text.substr(4), line);
  problem(ErrorCode::R07, line, fmt::format("unknown source {}", quoted(text)),
          nearest_source(text));
  return {};
}

RuleSource RuleParser::read_dimension_source(std::string_view text, std::string_view name,
                                             int line) {
  const auto at = std::ranges::find(dimension_names_, name);
  if (at == dimension_names_.end()) {
    const std::vector<std::string_view> known(dimension_names_.begin(), dimension_names_.end());
    const auto nearest = nearest_name(name, known);
    problem(ErrorCode::R07, line, fmt::format("unknown source {}", quoted(text)),
            nearest ? fmt::format("dim:{}", *nearest) : std::string());
    return {};
  }
  const auto index = static_cast<std::size_t>(at - dimension_names_.begin());
  // The dimension at hand is the last of those that were begun.
  if (index + 1 >= rules_.dimensions_.size()) {
    problem(ErrorCode::R08, line,
            fmt::format("source {}: dimension {} is not earlier", quoted(text), quoted(name)));
    return {};
  }
  if (dimension_allocates_[index]) {
    problem(
        ErrorCode::R09, line,
        fmt::format("source {}: dimension {} has an allocate rule", quoted(text), quoted(name)));
    return {};
  }
  return {RuleSource::Kind::kDimension, static_cast<std::uint32_t>(index)};
}

RuleSource RuleParser::tag_source(std::string_view key) {
  auto at = tag_indexes_.find(key);
  if (at == tag_indexes_.end()) {
    at = tag_indexes_.emplace(std::string(key), rules_.tag_keys_.size()).first;
    rules_.tag_keys_.emplace_back(key);
  }
  return {RuleSource::Kind::kTag, static_cast<std::uint32_t>(at->second)};
}

Expression RuleParser::read_expression(const YamlNode& node) {
  Expression expression;
  if (!check_keys(node, "\"group_by\"", {"source", "coalesce", "transform"})) return expression;
  const YamlNode* source = node.find("source");
  const YamlNode* coalesce = node.find("coalesce");
  if ((source != nullptr) == (coalesce != nullptr)) {
    bad(node, "\"group_by\" needs exactly one of \"source\" and \"coalesce\"");
  } else if (source != nullptr) {
    expression.sources.push_back(read_source(*source));
  } else if (!coalesce->is_list() || coalesce->items.empty()) {
    bad(*coalesce, "\"coalesce\" is not a list of at least one source");
  } else {
    for (const YamlNode& item : coalesce->items) expression.sources.push_back(read_source(item));
  }
  const YamlNode* transforms = node.find("transform");
  if (transforms == nullptr) return expression;
  if (!transforms->is_list()) {
    bad(*transforms, "\"transform\" is not a list");
    return expression;
  }
  for (const YamlNode& item : transforms->items) read_transform(item, expression);
  return expression;
}

void RuleParser::read_transform(const YamlNode& node, Expression& expression) {
  Transform transform;
  if (node.is_text()) {
    const auto at = std::ranges::find(kWordTransforms, node.text);
    if (at == kWordTransforms.end()) {
      return problem(ErrorCode::R01, node.line,
                     fmt::format("unknown transform {}", quoted(node.text)),
                     std::string(nearest_name(node.text, kTransforms).value_or("")));
    }
    constexpr std::array kSteps = {Transform::Step::kTrim, Transform::Step::kLower,
                                   Transform::Step::kSlug};
    transform.step = kSteps[static_cast<std::size_t>(at - kWordTransforms.begin())];
  } else if (node.is_map() && node.find("split") != nullptr) {
    if (!check_keys(node, "a transform", {"split"})) return;
    read_split(*node.find("split"), transform);
  } else {
    if (!check_keys(node, "a transform", {"lookup", "else"})) return;
    read_lookup(node, transform);
  }
  expression.transforms.push_back(std::move(transform));
}

void RuleParser::read_split(const YamlNode& node, Transform& transform) {
  transform.step = Transform::Step::kSplit;
  if (!check_keys(node, "\"split\"", {"by", "index"})) return;
  if (const YamlNode* by = text_at(node, "by", true)) {
    if (by->text.empty()) bad(*by, "\"by\" is empty");
    transform.separator = by->text;
  }
  if (const YamlNode* index = text_at(node, "index", true)) {
    const char* end = index->text.data() + index->text.size();
    const auto [at, fault] = std::from_chars(index->text.data(), end, transform.part);
    if (fault != std::errc() || at != end || transform.part > kSplitIndexMax) {
      bad(*index, fmt::format("index {} is not an integer of 0 to {}", quoted(index->text),
                              kSplitIndexMax));
    }
  }
}

void RuleParser::read_lookup(const YamlNode& node, Transform& transform) {
  transform.step = Transform::Step::kLookup;
  if (const YamlNode* otherwise = text_at(node, "else", false)) {
    if (check_name(*otherwise, "\"else\"", kElementBytesMax)) transform.otherwise = otherwise->text;
  }
  const YamlNode* table = node.find("lookup");
  if (table == nullptr) return bad(node, "\"lookup\" is missing");
  if (!table->is_map() || table->entries.empty()) {
    return bad(*table, "\"lookup\" is not a map of at least one row");
  }
  const std::size_t before = lookup_rows_;
  lookup_rows_ += table->entries.size();
  if (lookup_rows_ > kLookupRowsMax) {
    if (before <= kLookupRowsMax) {
      problem(ErrorCode::R12, table->line,
              fmt::format("more than {} lookup rows in the document", kLookupRowsMax));
    }
    return;
  }
  for (const YamlNode::Entry& entry : table->entries) {
    if (!entry.value.is_text()) {
      bad(entry.value, fmt::format("a lookup value is {}, not a text", entry.value.kind_name()));
    } else if (check_name(entry.value, "lookup value", kElementBytesMax)) {
      transform.table.emplace(entry.key, entry.value.text);
    }
  }
}

}  // namespace tributary::cost
