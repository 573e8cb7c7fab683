// jobs/cost_attribution/route.h
// The first step of every charge: one line of the topic parsed, checked and sent on to its key, or
// refused.
//
// Thread: one copy per task.
#pragma once

#include <memory>
#include <set>
#include <string>

#include <tributary/context.h>
#include <tributary/dead_letters.h>
#include <tributary/raw_line.h>

#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/records.h"
#include "jobs/cost_attribution/rows.h"

namespace tributary::cost {

class RouteCharges {
 public:
  static constexpr SideOutput<DeadLetter> dead{"dead"};

  // `tenants`: who is let in; empty = all.
  explicit RouteCharges(TenantSet tenants) : tenants_(std::move(tenants)) {}
  // A copy parses for itself.
  RouteCharges(const RouteCharges& other) : tenants_(other.tenants_) {}
  RouteCharges(RouteCharges&&) = default;

  void operator()(const RawLine& line, Context& ctx, Collector<ChargeEvent>& out);

 private:
  TenantSet tenants_;
  std::unique_ptr<EnvelopeParser> parser_;
  RowViews views_;
};

// Commands are rare: they are checked where they are applied; here only their tenant is read, which
// is their key.
class RouteCommands {
 public:
  static constexpr SideOutput<DeadLetter> dead{"dead"};
  void operator()(const RawLine& line, Context& ctx, Collector<CommandRecord>& out);
};

}  // namespace tributary::cost
