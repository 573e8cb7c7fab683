// jobs/cost_attribution/core/rules.cc
#include "jobs/cost_attribution/core/rules.h"

namespace tributary::cost {

namespace {

// The element that `rule` gives, empty when it does not match.
std::string_view element_of(const Rule& rule, SourceValues& values, std::string& buffer) {
  if (rule.when && !rule.when->holds(values)) return {};
  return rule.group_by ? rule.group_by->evaluate(values, buffer) : std::string_view(rule.group);
}

}  // namespace

void RuleSet::evaluate(const ChargeRow& row, Evaluation& out) const {
  out.targets_.resize(dimensions_.size());
  if (out.buffers_.size() < dimensions_.size()) out.buffers_.resize(dimensions_.size());
  out.values_.start(row, tag_keys_, out.targets_);
  for (std::size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    Target target{dimension.default_element, Target::kDefault};
    for (std::size_t r = 0; r < dimension.rules.size(); ++r) {
      const std::string_view element = element_of(dimension.rules[r], out.values_, out.buffers_[d]);
      if (element.empty()) continue;
      target = {element, static_cast<std::int32_t>(r)};
      break;
    }
    out.targets_[d] = target;
  }
}

std::string_view RuleSet::rule_id(std::size_t dimension, const Target& target) const {
  if (target.rule == Target::kDefault) return {};
  return dimensions_[dimension].rules[static_cast<std::size_t>(target.rule)].id;
}

}  // namespace tributary::cost
