// jobs/cost_attribution/tenant_rules.h
// What the accepted commands mean for charges, compiled: each tenant's rule versions and closed
// periods.
//
// Owner and thread: one task of `attribute`. Derived from the broadcast state alone: rebuilt from
// it after a restore.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "jobs/cost_attribution/core/command.h"
#include "jobs/cost_attribution/core/posting_period.h"
#include "jobs/cost_attribution/core/rule_book.h"

namespace tributary::cost {

class TenantRules {
 public:
  // Applies a command that the gate has accepted (command_gate.h): it fails no check any more.
  void apply(const Command& command);
  void clear() { tenants_.clear(); }

  // Null before the tenant's first rules.
  const RuleBook* book_of(std::string_view tenant) const;
  Posting posting_of(std::string_view tenant, Period period) const;

 private:
  struct Tenant {
    RuleBook book;
    ClosedPeriods closed;
  };
  std::map<std::string, Tenant, std::less<>> tenants_;
};

}  // namespace tributary::cost
