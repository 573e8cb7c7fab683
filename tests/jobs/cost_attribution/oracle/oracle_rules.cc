#include "tests/jobs/cost_attribution/oracle/oracle_rules.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>

#include <re2/re2.h>

namespace tributary::cost_oracle {
namespace {

constexpr std::size_t kElementBytesMax = 256;
const char kUnattributed[] = "(unattributed)";

using MaybeText = std::optional<std::string>;  // none: missing

// What a rule can look at.
struct Subject {
  const Charge& charge;
  std::map<std::string, std::string> elements;  // of the earlier dimensions
};

MaybeText entry(const std::map<std::string, std::string>& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? std::nullopt : MaybeText(found->second);
}

MaybeText value_of(const std::string& source, const Subject& subject) {
  if (source.starts_with("tag:")) return entry(subject.charge.tags, source.substr(4));
  if (source.starts_with("dim:")) {
    const std::string& element = subject.elements.at(source.substr(4));
    if (element.starts_with("(")) return std::nullopt;  // Reserved.
    return element;
  }
  return entry(subject.charge.columns, source);
}

std::string trim(const std::string& text) {
  const char* blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string slug(const std::string& text) {
  std::string result;
  for (const char c : lower(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      result += c;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  if (result.ends_with('-')) result.pop_back();
  return result;
}

// The part of that index, counted from 0; missing if there are fewer parts.
MaybeText part_of(const std::string& text, const std::string& by, std::int64_t index) {
  std::size_t begin = 0;
  for (std::int64_t i = 0; i < index; ++i) {
    const std::size_t end = text.find(by, begin);
    if (end == std::string::npos) return std::nullopt;
    begin = end + by.size();
  }
  return text.substr(begin, text.find(by, begin) - begin);
}

MaybeText transformed(const Tree& step, const std::string& value) {
  if (step.text == "trim") return trim(value);
  if (step.text == "lower") return lower(value);
  if (step.text == "slug") return slug(value);
  if (const Tree* split = step.find("split")) {
    return part_of(value, split->at("by").text, std::stoll(split->at("index").text));
  }
  if (const Tree* to = step.at("lookup").find(value)) return to->text;
  if (const Tree* otherwise = step.find("else")) return otherwise->text;
  return std::nullopt;
}

// An empty text is missing, after every step, and what is missing stays so.
MaybeText value_of_expression(const Tree& expression, const Subject& subject) {
  MaybeText value;
  if (const Tree* source = expression.find("source")) {
    value = value_of(source->text, subject);
  } else {
    for (const Tree& each : expression.at("coalesce").items) {
      value = value_of(each.text, subject);
      if (value) break;
    }
  }
  if (const Tree* steps = expression.find("transform")) {
    for (const Tree& step : steps->items) {
      if (value) value = transformed(step, *value);
      if (value && value->empty()) value.reset();
    }
  }
  return value;
}

bool matches_whole(const std::string& pattern, const std::string& text) {
  static std::map<std::string, std::unique_ptr<RE2>> compiled;
  auto& regex = compiled[pattern];
  if (!regex) regex = std::make_unique<RE2>(pattern, RE2::Quiet);
  return RE2::FullMatch(text, *regex);
}

bool compares(const std::string& how, const std::string& text, const std::string& value) {
  if (how == "equals") return text == value;
  if (how == "contains") return text.find(value) != std::string::npos;
  if (how == "begins_with") return text.starts_with(value);
  if (how == "ends_with") return text.ends_with(value);
  if (how == "matches") return matches_whole(value, text);
  throw std::logic_error("no condition: " + how);
}

bool holds(const Tree& condition, const Subject& subject) {
  const std::string& name = condition.names.front();
  const Tree& body = condition.items.front();
  if (name == "all") {
    for (const Tree& item : body.items) {
      if (!holds(item, subject)) return false;
    }
    return true;
  }
  if (name == "any") {
    for (const Tree& item : body.items) {
      if (holds(item, subject)) return true;
    }
    return false;
  }
  if (name == "not") return !holds(body, subject);
  if (name == "has") return value_of(body.text, subject).has_value();
  if (name == "charge_time") {
    const std::int64_t start = subject.charge.start;
    const Tree* from = body.find("from");
    const Tree* until = body.find("until");
    return (from == nullptr || start >= micros_of(from->text)) &&
           (until == nullptr || start < micros_of(until->text));
  }
  const MaybeText text = value_of(body.names.front(), subject);
  if (!text) return false;
  const Tree& values = body.items.front();
  if (!values.is_list()) return compares(name, *text, values.text);
  for (const Tree& value : values.items) {
    if (compares(name, *text, value.text)) return true;
  }
  return false;
}

// At most 256 bytes, cut before the first byte of a character.
std::string cut(std::string text) {
  if (text.size() <= kElementBytesMax) return text;
  std::size_t size = kElementBytesMax;
  while ((static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

std::string element_of(const Tree& dimension, const Subject& subject) {
  for (const Tree& rule : dimension.at("rules").items) {
    const Tree* when = rule.find("when");
    if (when != nullptr && !holds(*when, subject)) continue;
    if (const Tree* group = rule.find("group")) return cut(group->text);
    const MaybeText value = value_of_expression(rule.at("group_by"), subject);
    if (value) return cut((value->starts_with("(") ? "_" : "") + *value);
  }
  const Tree* otherwise = dimension.find("default");
  return otherwise == nullptr ? kUnattributed : cut(otherwise->text);
}

}  // namespace

const RuleVersion* in_force(const std::vector<RuleVersion>& versions, std::int64_t start) {
  const RuleVersion* highest = nullptr;
  for (const RuleVersion& version : versions) {
    if (version.valid_from > start) continue;
    if (highest == nullptr || version.version > highest->version) highest = &version;
  }
  return highest;
}

std::vector<std::pair<std::string, std::string>> elements_of(const Tree& document,
                                                             const Charge& charge) {
  std::vector<std::pair<std::string, std::string>> result;
  Subject subject{charge, {}};
  for (const Tree& dimension : document.at("dimensions").items) {
    const std::string& name = dimension.at("name").text;
    const std::string element = element_of(dimension, subject);
    subject.elements[name] = element;
    result.emplace_back(name, element);
  }
  return result;
}

}  // namespace tributary::cost_oracle
