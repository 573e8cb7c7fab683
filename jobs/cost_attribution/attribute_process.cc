#include "jobs/cost_attribution/attribute_process.h"

#include <algorithm>
#include <chrono>

#include "jobs/cost_attribution/audit_spread.h"
#include "jobs/cost_attribution/core/command.h"
#include "jobs/cost_attribution/refusal.h"

namespace tributary::cost {

namespace {

constexpr Duration kExpiryLook = hours(1);

Timestamp end_of(Period period) {
  const Period next = period.next();
  const std::chrono::year_month_day first{
      std::chrono::year(next.months / 12),
      std::chrono::month(static_cast<unsigned>(next.months % 12 + 1)), std::chrono::day(1)};
  return Timestamp{} + days(std::chrono::sys_days(first).time_since_epoch().count());
}

ChargeHead head_of(const ChargeEvent& event) {
  return {.tenant = event.tenant.view(),
          .source = event.source.view(),
          .period = {event.period},
          .shard = event.shard,
          .charge_id = event.charge_id.view(),
          .revision = event.revision};
}

Amounts negated(const Amounts& amounts) {
  Amounts result;
  for (std::size_t i = 0; i < kMetricCount; ++i) result[i].units = -amounts[i].units;
  return result;
}

}  // namespace

// After a restore the compiled rules are made again from the broadcast state.
void AttributeProcess::keep_up_with_commands() {
  if (commands_applied_ == commands_.size()) return;
  rules_.clear();
  commands_.for_each([this](const CommandKey&, const CommandRecord& record) {
    const auto command = parse_command(record.origin.raw.view());
    if (command) rules_.apply(*command);
  });
  commands_applied_ = commands_.size();
}

AttributeProcess::TenantTask& AttributeProcess::tenant_of(std::string_view name) {
  const auto known = tenants_.find(name);
  return known != tenants_.end() ? known->second
                                 : tenants_.try_emplace(std::string(name)).first->second;
}

void AttributeProcess::on_restored(const ChargeKey& key) {
  const KeyCounters& counters = counters_.get();
  TenantTask& tenant = tenant_of(key.tenant.view());
  tenant.clock = std::max(tenant.clock, counters.newest_start);
  if (counters.live_charges > 0) ++tenant.keys;
}

bool AttributeProcess::is_expired(const TenantTask& tenant, Period period) const {
  return tenant.clock != Timestamp::min() &&
         end_of(period) + days(options_.retain_days) < tenant.clock;
}

bool AttributeProcess::is_provisional(std::string_view source) const {
  return std::ranges::find(options_.provisional_sources, source) !=
         options_.provisional_sources.end();
}

void AttributeProcess::refuse(DeadLetterReason reason, std::string_view field,
                              std::string_view value, std::string message, const ChargeEvent& event,
                              Context& ctx) {
  const Rejection rejection{.reason = reason,
                            .field = std::string(field),
                            .value = std::string(cut_utf8(value, 256)),
                            .message = std::move(message),
                            .head = {.tenant = event.tenant.str()}};
  ctx.emit(dead, dead_letter_of(rejection, event.origin, ctx.arena()));
  ctx.count("rejected");
}

void AttributeProcess::on_record(const ChargeEvent& event, Context& ctx) {
  keep_up_with_commands();
  KeyCounters counters = counters_.get();
  TenantTask& tenant = tenant_of(event.tenant.view());
  const ChargeHead head = head_of(event);
  // Nothing about "now" is applied before the tenant's first record.
  if (!event.is_delete && event.row.start > tenant.clock) {
    tenant.clock = counters.newest_start = event.row.start;
    counters_.set(counters);
  }
  if (counters.expired || is_expired(tenant, head.period)) {
    return refuse(
        DeadLetterReason::kPeriodExpired, "period", format_period(head.period),
        fmt::format("the period ended more than {} days before the tenant's newest charge, {}",
                    options_.retain_days, format_timestamp(tenant.clock)),
        event, ctx);
  }

  const StoredCharge* found = charges_.get(event.charge_id);
  StoredView view;
  if (found != nullptr) view = stored_views_.stored_of(*found);
  const bool was_live = found != nullptr && !found->deleted;
  if (!event.is_delete && !was_live && counters.live_charges >= options_.charges_per_key) {
    if (!counters.limit_reported) {
      counters.limit_reported = true;
      counters_.set(counters);
      ctx.emit(
          control,
          {.kind = "tenant_limit",
           .tenant = event.tenant,
           .message = Optional<Text>(ctx.text(
               fmt::format("more than {} live charges in one key", options_.charges_per_key))),
           .key = Optional<Text>(ctx.text(fmt::format("{}|{}|{}|{}", head.tenant, head.source,
                                                      format_period(head.period), head.shard))),
           .posted_at = ctx.processing_time()});
    }
    return refuse(DeadLetterReason::kTenantLimit, "charge_id", head.charge_id,
                  fmt::format("the key holds {} live charges already", options_.charges_per_key),
                  event, ctx);
  }

  const ChargeRow row = event_views_.row_of(event.row);
  const Decision& decision =
      event.is_delete
          ? attributor_.on_delete(head, found == nullptr ? nullptr : &view)
          : attributor_.on_row(head, row, {.high = event.hash.high, .low = event.hash.low},
                               found == nullptr ? nullptr : &view, rules_.book_of(head.tenant));
  if (decision.outcome == Outcome::kRejected) {
    return refuse(DeadLetterReason::kConflictingDuplicate, "revision",
                  std::to_string(head.revision),
                  "this revision is known with other content; the stored one stays", event, ctx);
  }
  ctx.count(outcome_name(decision.outcome));
  if (decision.change == StateChange::kNone) return;

  write_lines(ctx.key(), head.charge_id, decision, counters, ctx);
  const bool replaced = decision.change == StateChange::kReplace;
  if (was_live && (replaced || decision.change == StateChange::kTombstone)) {
    write_audit(head.tenant, view.row, view.assignments, true, ctx);
  }
  if (replaced) write_audit(head.tenant, row, decision.assignments, false, ctx);
  store(head.charge_id, decision, &event, found);

  if (replaced && !was_live) {
    if (counters.live_charges++ == 0) {
      ++tenant.keys;
      // Its first charge was attributed under the newest version just now: no walk has to visit it.
      const RuleBook* book = rules_.book_of(head.tenant);
      counters.walked_version = book == nullptr ? 0 : book->last_version();
    }
  }
  if (decision.change == StateChange::kTombstone && was_live) {
    if (--counters.live_charges == 0) leave_tenant(head.tenant, tenant, counters, ctx);
  }
  if (!counters.expiry_armed) {
    counters.expiry_armed = true;
    ctx.set_processing_timer(ctx.processing_time() + kExpiryLook, "expiry");
  }
  counters_.set(counters);
}

void AttributeProcess::write_lines(const ChargeKey& key, std::string_view charge_id,
                                   const Decision& decision, KeyCounters& counters, Context& ctx) {
  if (decision.lines.empty()) return;
  const Period period{key.period};
  const Posting posting = rules_.posting_of(key.tenant.view(), period);
  const Text period_text = ctx.text(format_period(period));
  const Text posting_text =
      posting.period == period ? period_text : ctx.text(format_period(posting.period));
  const bool provisional = is_provisional(key.source.view());
  const Timestamp now = ctx.processing_time();
  id_bytes_.clear();
  fmt::format_to(std::back_inserter(id_bytes_), "{}|{}|{}|{}#", key.tenant.view(),
                 key.source.view(), key.period, key.shard);
  const std::size_t before_number = id_bytes_.size();
  for (const LineDraft& draft : decision.lines) {
    id_bytes_.resize(before_number);
    const fmt::format_int number(counters.lines++);
    id_bytes_.append(number.data(), number.size());
    char line_id[32];
    xxh3_128(id_bytes_).to_hex(line_id);
    ctx.emit({.line_id = std::string_view(line_id, sizeof line_id),
              .tenant = key.tenant,
              .dimension = draft.dimension,
              .element = draft.element,
              .kind = line_kind_name(draft.kind),
              .charge_id = charge_id,
              .source = key.source,
              .service = draft.service,
              .currency = draft.currency,
              .start = draft.start,
              .end = draft.end,
              .billed = draft.amounts[0],
              .effective = draft.amounts[1],
              .list = draft.amounts[2],
              .contracted = draft.amounts[3],
              .provisional = provisional,
              .cause = cause_name(draft.cause),
              .rule_id = draft.rule_id,
              .rules_version = draft.rules_version,
              .revision = draft.revision,
              .period = period_text,
              .posting_period = posting_text,
              .after_close = posting.after_close,
              .posted_at = now});
  }
}

// What the row brings into each dimension that its version defines, by day.
void AttributeProcess::write_audit(std::string_view tenant, const ChargeRow& row,
                                   std::span<const Assignment> assignments, bool negate,
                                   Context& ctx) {
  if (assignments.empty()) return;
  const auto by_day =
      spread_to_days(row.start, row.end, negate ? negated(row.amounts) : row.amounts);
  for (const Assignment& assignment : assignments) {
    for (const auto& [day, amounts] : by_day) {
      ctx.emit(audit, {.tenant = tenant,
                       .dimension = assignment.dimension,
                       .currency = row.currency,
                       .day = day,
                       .is_input = true,
                       .billed = amounts[0],
                       .effective = amounts[1],
                       .list = amounts[2],
                       .contracted = amounts[3]});
    }
  }
}

// `event`: null for a walk. `stored` stays valid until put.
void AttributeProcess::store(std::string_view charge_id, const Decision& decision,
                             const ChargeEvent* event, const StoredCharge* stored) {
  StoredCharge next;
  switch (decision.change) {
    case StateChange::kNone:
      return;
    case StateChange::kRevision:
      next = *stored;
      next.revision = decision.revision;
      break;
    case StateChange::kReplace:
      next = {.revision = decision.revision,
              .deleted = false,
              .hash = event->hash,
              .row = event->row,
              .rules_version = decision.rules_version,
              .assignments = store_views_.assignments_of(decision.assignments)};
      break;
    case StateChange::kAssignments:
      next = *stored;
      next.rules_version = decision.rules_version;
      next.assignments = store_views_.assignments_of(decision.assignments);
      break;
    case StateChange::kTombstone:
      next.revision = decision.revision;
      next.deleted = true;
      break;
  }
  charges_.put(Text(charge_id), next);
}

void AttributeProcess::on_broadcast(const CommandRecord& record, BroadcastContext& ctx) {
  keep_up_with_commands();
  const auto command = parse_command(record.origin.raw.view());
  if (!command) return;  // the gate lets none through
  CommandKey key{.tenant = record.tenant};
  const auto* published = std::get_if<RulesPublished>(&*command);
  if (published != nullptr) {
    key.number = published->version;
  } else if (const auto* closed = std::get_if<PeriodClosed>(&*command)) {
    key.closes_period = true;
    key.number = closed->period.months;
  }
  if (commands_.contains(key)) return;
  commands_.put(ctx, key, record);
  rules_.apply(*command);
  commands_applied_ = commands_.size();
  if (published == nullptr) return;

  // Every key of the tenant is walked anew; a walk that is under way starts over when its key is
  // woken.
  TenantTask& tenant = tenant_of(published->tenant);
  tenant.walk = {.version = published->version, .keys_left = tenant.keys, .keys = tenant.keys};
  if (tenant.keys == 0) return report_walk(published->tenant, tenant.walk, ctx);
  ctx.wake_keys([name = published->tenant](const ChargeKey& key_of) {
    return key_of.tenant == std::string_view(name);
  });
}

Progress AttributeProcess::on_wake(Context& ctx) {
  keep_up_with_commands();
  KeyCounters counters = counters_.get();
  const ChargeKey key = ctx.key();
  const RuleBook* book = rules_.book_of(key.tenant.view());
  if (book == nullptr || counters.expired || counters.walked_version == book->last_version() ||
      counters.live_charges == 0) {
    return Progress::kDone;
  }
  std::string cursor = cursor_.get().next.str();
  if (counters.walking_version != book->last_version()) {
    counters.walking_version = book->last_version();
    counters.walked_charges = counters.walked_lines = 0;
    cursor.clear();
  }
  const auto next = charges_.scan_from(
      cursor, static_cast<std::size_t>(options_.walk_slice),
      [&](const Text& charge_id, const StoredCharge& stored) {
        ++counters.walked_charges;
        if (stored.deleted) return;
        const StoredView view = stored_views_.stored_of(stored);
        const Decision& decision = attributor_.on_rules(key.source.view(), view, *book);
        if (decision.change != StateChange::kAssignments) return;
        counters.walked_lines += static_cast<std::int64_t>(decision.lines.size());
        write_lines(key, charge_id.view(), decision, counters, ctx);
        write_audit(key.tenant.view(), view.row, view.assignments, true, ctx);
        write_audit(key.tenant.view(), view.row, decision.assignments, false, ctx);
        store(charge_id.view(), decision, nullptr, &stored);
      });
  if (next) {
    cursor_.set({.next = *next});
    counters_.set(counters);
    return Progress::kAgain;
  }
  cursor_.clear();
  counters.walked_version = counters.walking_version;
  Walk& walk = tenant_of(key.tenant.view()).walk;
  if (walk.version == counters.walked_version && walk.keys_left > 0) {
    walk.charges += counters.walked_charges;
    walk.lines += counters.walked_lines;
    if (--walk.keys_left == 0) report_walk(key.tenant.view(), walk, ctx);
  }
  counters_.set(counters);
  return Progress::kDone;
}

// The key holds no charge any more. A walk that counted on visiting it must not wait for it.
void AttributeProcess::leave_tenant(std::string_view name, TenantTask& tenant,
                                    KeyCounters& counters, Context& ctx) {
  --tenant.keys;
  Walk& walk = tenant.walk;
  if (walk.keys_left == 0 || counters.walked_version >= walk.version) return;
  counters.walked_version = walk.version;
  if (--walk.keys_left == 0) report_walk(name, walk, ctx);
}

template <typename AnyContext>
void AttributeProcess::report_walk(std::string_view tenant, Walk& walk, AnyContext& ctx) {
  ctx.emit(walks, {.tenant = tenant,
                   .version = walk.version,
                   .task = static_cast<std::int32_t>(ctx.task_index()),
                   .tasks = static_cast<std::int32_t>(ctx.parallelism()),
                   .charges = walk.charges,
                   .lines = walk.lines,
                   .keys = walk.keys});
}

void AttributeProcess::on_timer(const Timer&, Context& ctx) {
  KeyCounters counters = counters_.get();
  const auto tenant = tenants_.find(ctx.key().tenant.view());
  if (tenant != tenants_.end() && is_expired(tenant->second, {ctx.key().period})) {
    charges_.clear();
    cursor_.clear();
    if (counters.live_charges > 0) leave_tenant(tenant->first, tenant->second, counters, ctx);
    // Remembered, so that a late row is refused and not taken for a new one.
    counters = {.lines = counters.lines, .expired = true, .newest_start = counters.newest_start};
  } else {
    ctx.set_processing_timer(ctx.processing_time() + kExpiryLook, "expiry");
  }
  counters_.set(counters);
}

}  // namespace tributary::cost
