// jobs/cost_attribution/core/rules.h
// One version of a tenant's rules, checked and compiled: gives each charge one element in each
// dimension.
//
// Thread: immutable, may be shared by every task of a process; an Evaluation belongs to one thread.
// Invariant: made by parse_rules only, so every source, pattern and name in it is valid.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"
#include "jobs/cost_attribution/core/condition.h"
#include "jobs/cost_attribution/core/expression.h"
#include "jobs/cost_attribution/core/rule_source.h"

namespace tributary::cost {

inline constexpr std::string_view kUnattributed = "(unattributed)";

struct Rule {
  std::string id;
  int line = 0;
  std::optional<Condition> when;  // absent = always
  std::string group;              // empty: group_by
  std::optional<Expression> group_by;
};

struct Dimension {
  std::string name;
  std::string default_element;
  std::vector<Rule> rules;  // the first match wins
};

// Where a charge goes, per dimension in the order of the rule set, and the memory that this needs.
// Reuse it: a warm one does not allocate.
class Evaluation {
 public:
  // Views into the row, the rule set and this object; valid until the next evaluation or the end of
  // any of them.
  std::span<const Target> targets() const { return targets_; }

 private:
  friend class RuleSet;

  std::vector<Target> targets_;
  std::vector<std::string> buffers_;  // one a dimension: what transforms write
  SourceValues values_;
};

class RuleSet {
 public:
  const std::string& tenant() const { return tenant_; }
  std::int64_t version() const { return version_; }
  // Whole hour, over ChargePeriodStart.
  Timestamp valid_from() const { return valid_from_; }
  int version_line() const { return version_line_; }
  int valid_from_line() const { return valid_from_line_; }
  const std::string& comment() const { return comment_; }
  std::span<const Dimension> dimensions() const { return dimensions_; }

  void evaluate(const ChargeRow& row, Evaluation& out) const;

  // The id of the rule that gave `target`; empty for the dimension's default.
  std::string_view rule_id(std::size_t dimension, const Target& target) const;

 private:
  friend class RuleParser;
  RuleSet() = default;

  std::string tenant_;
  std::int64_t version_ = 0;
  Timestamp valid_from_;
  int version_line_ = 0;
  int valid_from_line_ = 0;
  std::string comment_;
  std::vector<Dimension> dimensions_;
  std::vector<std::string> tag_keys_;  // what RuleSource::index of a tag counts
};

}  // namespace tributary::cost
