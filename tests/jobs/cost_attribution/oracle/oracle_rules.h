// tests/jobs/cost_attribution/oracle/oracle_rules.h
// The rule language as the oracle reads it: which documents are accepted, which version is in force
// for a charge, which element each dimension gives it. The document is interpreted as written, with
// nothing prepared. `allocate` is beyond this oracle and throws std::logic_error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/jobs/cost_attribution/oracle/oracle_charge.h"
#include "tests/jobs/cost_attribution/oracle/oracle_tree.h"

namespace tributary::cost_oracle {

struct RuleVersion {
  std::int64_t version = 0;
  std::int64_t valid_from = 0;  // microseconds
  Tree document;
};

// Throws Refused if the document is not valid for this tenant, whatever its version.
RuleVersion check_rules(const std::string& yaml, const std::string& tenant);

// The lines of the commands topic, in order -> the accepted versions of each tenant, ascending.
std::map<std::string, std::vector<RuleVersion>> accepted_rules(
    const std::vector<std::string>& commands);

// The highest version with valid_from <= start, or null.
const RuleVersion* in_force(const std::vector<RuleVersion>& versions, std::int64_t start);

// (dimension, element) for each dimension of the document, in its order.
std::vector<std::pair<std::string, std::string>> elements_of(const Tree& document,
                                                             const Charge& charge);

}  // namespace tributary::cost_oracle
