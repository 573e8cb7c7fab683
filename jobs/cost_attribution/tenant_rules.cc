#include "jobs/cost_attribution/tenant_rules.h"

#include "base/error.h"
#include "jobs/cost_attribution/core/rule_parser.h"

namespace tributary::cost {

void TenantRules::apply(const Command& command) {
  Tenant& tenant = tenants_[command_tenant(command)];
  if (const auto* published = std::get_if<RulesPublished>(&command)) {
    auto rules = parse_rules(published->yaml, published->tenant);
    TRIBUTARY_CHECK(rules.has_value(), "rules of {} v{} passed the gate and do not parse",
                    published->tenant, published->version);
    // The gate has compared versions; it has no event clock to judge R04 by (docs/decisions/0010).
    const auto accepted = tenant.book.publish(std::make_shared<const RuleSet>(std::move(*rules)),
                                              std::nullopt, Duration{});
    TRIBUTARY_CHECK(accepted.has_value(), "rules of {} v{} passed the gate and are refused",
                    published->tenant, published->version);
  } else if (const auto* closed = std::get_if<PeriodClosed>(&command)) {
    tenant.closed.close(closed->period);
  }
}

const RuleBook* TenantRules::book_of(std::string_view tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() || found->second.book.last_version() == 0 ? nullptr
                                                                           : &found->second.book;
}

Posting TenantRules::posting_of(std::string_view tenant, Period period) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? Posting{.period = period}
                                 : found->second.closed.posting_of(period);
}

}  // namespace tributary::cost
