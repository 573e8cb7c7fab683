#include "tests/jobs/cost_attribution/oracle/history_rules.h"

#include <cctype>
#include <cstddef>
#include <vector>

#include "tests/jobs/cost_attribution/oracle/history_words.h"

namespace tributary::cost_oracle {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;

// Plain where YAML allows it: `no`, `012` and `2026-09-01` are texts like any other. "null" is not.
std::string scalar(Dice& dice, const std::string& text) {
  bool plain = !text.empty() && text != "null" && text.front() != '-' && text.back() != '-';
  for (const char c : text)
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '-');
  return plain && dice.percent(60) ? text : quoted(text);
}

// Writes one document; what it may refer to grows with it.
class RulesWriter {
 public:
  RulesWriter(Dice& dice, std::int64_t middle) : dice_(dice), middle_(middle) {}

  std::string dimension(const std::string& name) {
    std::string text = "  - name: " + name + "\n";
    text += "    default: " + std::string(dice_.percent(75) ? "(unattributed)" : "rest") + "\n";
    text += "    rules:\n";
    const std::size_t rules = dice_.between(1, 4);
    for (std::size_t i = 0; i < rules; ++i) text += rule(i, rules);
    earlier_.push_back(name);
    return text;
  }

 private:
  std::string rule(std::size_t index, std::size_t of) {
    std::string text = "      - id: r" + std::to_string(index) + "\n";
    // A rule without `when` hides those below it, unless its value is missing.
    if (index + 1 < of || dice_.percent(50)) text += "        when: " + condition(2) + "\n";
    if (dice_.percent(25))
      return text + "        group: " + scalar(dice_, dice_.pick(group_names())) + "\n";
    return text + "        group_by: " + expression() + "\n";
  }

  std::string source() {
    const std::size_t kind = dice_.below(10);
    if (kind < 2 && !earlier_.empty()) return "dim:" + dice_.pick(earlier_);
    if (kind < 6) return "tag:" + dice_.pick(tag_keys());
    static const std::vector<std::string> rare = {"RegionId", "SkuId", "InvoiceId",
                                                  "BillingCurrency"};
    return kind < 9 ? dice_.pick(row_columns()) : dice_.pick(rare);
  }

  // A value that the source could have.
  std::string value_for(const std::string& source) {
    for (int i = 0; i < 8; ++i) {
      std::string value;
      if (source.starts_with("tag:")) {
        value = random_tag_value(dice_);
      } else if (source.starts_with("dim:")) {
        value = dice_.percent(50) ? dice_.pick(group_names()) : random_tag_value(dice_);
      } else {
        value = random_column_value(dice_, source);
      }
      if (!value.empty()) return value;
    }
    return "x";
  }

  std::string condition(int depth) {
    const std::size_t kind = dice_.below(12);
    if (kind < 3 && depth > 0) {
      if (kind == 2) return "{not: " + condition(depth - 1) + "}";
      std::string parts;
      for (std::size_t i = dice_.between(1, 3); i > 0; --i) {
        parts += (parts.empty() ? "" : ", ") + condition(depth - 1);
      }
      return std::string(kind == 0 ? "{all: [" : "{any: [") + parts + "]}";
    }
    if (kind < 5) return "{has: " + quoted(source()) + "}";
    if (kind < 6) return charge_time();
    return comparison();
  }

  std::string charge_time() {
    const auto instant = [&] {
      const auto hours = static_cast<std::int64_t>(dice_.below(80 * 24)) - 40 * 24;
      return time_text(middle_ + hours * kHour + (dice_.percent(20) ? 90'000'000 : 0));
    };
    if (dice_.percent(40)) return "{charge_time: {from: " + instant() + "}}";
    if (dice_.percent(60)) return "{charge_time: {until: " + instant() + "}}";
    const std::string until = time_text(middle_ + 50 * 24 * kHour);
    return "{charge_time: {from: " + instant() + ", until: " + until + "}}";
  }

  std::string comparison() {
    static const std::vector<std::string> kinds = {"equals", "contains", "begins_with", "ends_with",
                                                   "matches"};
    const std::string& kind = dice_.pick(kinds);
    const std::string on = source();
    const std::size_t count = dice_.percent(50) ? 1 : dice_.between(2, 4);
    std::string values;
    for (std::size_t i = 0; i < count; ++i) {
      values += (values.empty() ? "" : ", ") + scalar(dice_, operand(kind, value_for(on)));
    }
    if (count > 1 || dice_.percent(20)) values = "[" + values + "]";
    return "{" + kind + ": {" + quoted(on) + ": " + values + "}}";
  }

  std::string operand(const std::string& kind, const std::string& value) {
    static const std::vector<std::string> patterns = {
        "tmp-[0-9]+", "pay.*", "(?i)payments", ".",    ".*é.*", "[^a-z]+",
        "prod|dev",   "\\d+",  "\\s*\\S+\\s*", "a/.*", "pay",   "(?i).*platform.*"};
    if (kind == "equals") return value;
    if (kind == "matches") return dice_.pick(patterns);
    return random_piece(dice_, value, kind == "begins_with", kind == "ends_with");
  }

  std::string expression() {
    std::string text = "{";
    if (dice_.percent(60)) {
      text += "source: " + quoted(source());
    } else {
      std::string sources;
      for (std::size_t i = dice_.between(1, 4); i > 0; --i) {
        sources += (sources.empty() ? "" : ", ") + quoted(source());
      }
      text += "coalesce: [" + sources + "]";
    }
    const std::size_t steps = dice_.below(4);
    if (steps > 0) {
      std::string list;
      for (std::size_t i = 0; i < steps; ++i) list += (list.empty() ? "" : ", ") + step();
      text += ", transform: [" + list + "]";
    }
    return text + "}";
  }

  std::string step() {
    static const std::vector<std::string> by = {"/", "-", " ", "//", "a", "é"};
    switch (dice_.below(7)) {
      case 0:
      case 1:
        return "trim";
      case 2:
      case 3:
        return "lower";
      case 4:
        return "slug";
      case 5:
        return joined({"{split: {by: ", quoted(dice_.pick(by)),
                       ", index: ", std::to_string(dice_.below(3)), "}}"});
      default:
        return lookup();
    }
  }

  std::string lookup() {
    static const std::vector<std::vector<std::string>> tables = {
        {"payments", "core", "search", "core", "platform", "shared"},
        {"012345670123", "main account", "111111111111", "old account"},
        {"prod", "production", "Prod", "production", "dev", "development", "Usage", "usage"},
        {"EC2", "compute", "Lambda", "compute", "S3", "storage", "équipe", "team", " payments",
         "Ü"}};
    const std::vector<std::string>& table = dice_.pick(tables);
    std::string rows;
    for (std::size_t i = 0; i < table.size(); i += 2) {
      rows += joined(
          {rows.empty() ? "" : ", ", scalar(dice_, table[i]), ": ", scalar(dice_, table[i + 1])});
    }
    const std::string otherwise = dice_.percent(50) ? ", else: unknown" : "";
    return "{lookup: {" + rows + "}" + otherwise + "}";
  }

  Dice& dice_;
  std::int64_t middle_;
  std::vector<std::string> earlier_;
};

// A last dimension with the fault, or nothing if the fault is elsewhere.
std::string faulty_dimension(RuleFault fault) {
  const std::string head = "  - name: faulty\n    default: (unattributed)\n    rules:\n";
  const std::string rule = head + "      - id: fault\n        ";
  switch (fault) {
    case RuleFault::kDuplicateKey:
      return rule + "group: x\n        group: y\n";
    case RuleFault::kDuplicateRule:
      return rule + "group: x\n      - id: fault\n        group: y\n";
    case RuleFault::kDuplicateDimension:
      return rule + "group: x\n" + rule + "group: x\n";
    case RuleFault::kBadPattern:
      return rule + "group: x\n        when: {matches: {ResourceName: \"tmp-[\"}}\n";
    case RuleFault::kUnknownSource:
      return rule + "group_by: {source: \"tags:app\"}\n";
    case RuleFault::kLaterDimension:
      return rule + "group_by: {source: \"dim:faulty\"}\n";
    case RuleFault::kReservedGroup:
      return rule + "group: (mine)\n";
    case RuleFault::kReservedDefault:
      return "  - name: faulty\n    default: (mine)\n    rules:\n      - id: a\n        group: x\n";
    case RuleFault::kTwoTargets:
      return rule + "group: x\n        group_by: {source: ServiceName}\n";
    case RuleFault::kUnknownCondition:
      return rule + "group: x\n        when: {is: {ServiceName: EC2}}\n";
    case RuleFault::kNotYaml:
      return rule + "group: [\n";
    case RuleFault::kNone:
    case RuleFault::kUnknownKey:
    case RuleFault::kPartOfAnHour:
      return "";
  }
  return "";
}

}  // namespace

std::string random_rules(Dice& dice, const std::string& tenant, std::int64_t version,
                         std::int64_t valid_from, std::int64_t middle, RuleFault fault) {
  if (fault == RuleFault::kPartOfAnHour) valid_from += 60'000'000;
  std::string text = "apiVersion: tributary/cost-rules/v1\ntenant: " + tenant +
                     "\nversion: " + std::to_string(version) +
                     "\nvalid_from: " + time_text(valid_from) + "\n";
  if (dice.percent(30))
    text += "comment: " + quoted("v" + std::to_string(version) + ": généré") + "\n";
  if (fault == RuleFault::kUnknownKey) text += "colour: red\n";
  text += "dimensions:\n";
  std::vector<std::string> names = {"team", "customer", "environment", "product", "cost_center"};
  dice.shuffle(names);
  names.resize(dice.between(1, 4));
  RulesWriter writer(dice, middle);
  for (const std::string& name : names) text += writer.dimension(name);
  return text + faulty_dimension(fault);
}

}  // namespace tributary::cost_oracle
