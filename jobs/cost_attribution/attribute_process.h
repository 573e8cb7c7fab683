// jobs/cost_attribution/attribute_process.h
// The heart of the job's graph: keeps the charges of one (tenant, source, period, shard), applies
// each event by the pure core's decision, and writes ledger lines. New rules walk a key's charges
// in slices.
//
// Thread: the slot's. What is kept between calls outside the handles is derived from them: compiled
// rules, tenants' clocks and numbers of keys. A walk is never under way at a barrier. Invariant: a
// charge's reversal and posting are written in one call.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <tributary/dead_letters.h>
#include <tributary/process.h>

#include "base/hash.h"
#include "jobs/cost_attribution/core/attribute.h"
#include "jobs/cost_attribution/records.h"
#include "jobs/cost_attribution/rows.h"
#include "jobs/cost_attribution/tenant_rules.h"

namespace tributary::cost {

struct AttributeOptions {
  std::vector<std::string> provisional_sources;
  std::int32_t retain_days = 100;
  std::int64_t charges_per_key = 400'000;
  std::int64_t walk_slice = 1'000;  // charges a wake-up looks at
};

class AttributeProcess
    : public BroadcastProcess<ChargeKey, ChargeEvent, CommandRecord, CostLine, kDelta> {
 public:
  static constexpr SideOutput<DeadLetter> dead{"dead"};
  static constexpr SideOutput<Control> control{"control"};
  static constexpr SideOutput<AuditEntry> audit{"audit"};
  static constexpr SideOutput<WalkReport> walks{"walks"};

  explicit AttributeProcess(AttributeOptions options) : options_(std::move(options)) {}

  void on_record(const ChargeEvent& event, Context& ctx);
  void on_broadcast(const CommandRecord& command, BroadcastContext& ctx);
  Progress on_wake(Context& ctx);
  void on_timer(const Timer& timer, Context& ctx);
  void on_restored(const ChargeKey& key);

 private:
  // Of one tenant in this task: which keys a walk still has to visit.
  struct Walk {
    std::int64_t version = 0;
    std::int64_t keys_left = 0;
    std::int64_t keys = 0;
    std::int64_t charges = 0;
    std::int64_t lines = 0;
  };
  struct TenantTask {
    Timestamp clock = Timestamp::min();  // highest ChargePeriodStart seen
    std::int64_t keys = 0;               // with charges, in this task
    Walk walk;
  };

  void keep_up_with_commands();
  bool is_expired(const TenantTask& tenant, Period period) const;
  TenantTask& tenant_of(std::string_view name);
  void refuse(DeadLetterReason reason, std::string_view field, std::string_view value,
              std::string message, const ChargeEvent& event, Context& ctx);
  void write_lines(const ChargeKey& key, std::string_view charge_id, const Decision& decision,
                   KeyCounters& counters, Context& ctx);
  void write_audit(std::string_view tenant, const ChargeRow& row,
                   std::span<const Assignment> assignments, bool negate, Context& ctx);
  void store(std::string_view charge_id, const Decision& decision, const ChargeEvent* event,
             const StoredCharge* stored);
  bool is_provisional(std::string_view source) const;
  void leave_tenant(std::string_view name, TenantTask& tenant, KeyCounters& counters, Context& ctx);
  template <typename AnyContext>
  void report_walk(std::string_view tenant, Walk& walk, AnyContext& ctx);

  const AttributeOptions options_;
  MapOf<Text, StoredCharge> charges_ = map<Text, StoredCharge>("charges");
  Value<KeyCounters> counters_ = value<KeyCounters>("counters");
  Value<WalkCursor> cursor_ = value<WalkCursor>("walk-cursor");
  BroadcastMap<CommandKey, CommandRecord> commands_ =
      broadcast_map<CommandKey, CommandRecord>("commands");

  Attributor attributor_;
  RowViews event_views_;
  RowViews stored_views_;
  RowViews store_views_;
  TenantRules rules_;
  std::size_t commands_applied_ = 0;
  std::map<std::string, TenantTask, std::less<>> tenants_;
  std::string id_bytes_;
};

}  // namespace tributary::cost
