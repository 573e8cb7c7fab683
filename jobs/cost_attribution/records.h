// jobs/cost_attribution/records.h
// The records that flow through the cost job's graph, its keys, and what it keeps in state. The
// field names of CostLine and Control are the JSON of the topics cost.lines and cost.control; that
// of cost.hourly is in core/hourly_cost.h, for the tools read it too.
//
// Changing a stored record (StoredCharge, HourlyCell, AuditCell) follows the rules of schema
// evolution; keys are frozen.
#pragma once

#include <cstdint>

#include "base/list.h"
#include "base/money.h"
#include "base/optional.h"
#include "base/record.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace tributary::cost {

// ---- inside the graph ----

struct TagRecord {
  Text key;
  Text value;
};
TRIBUTARY_RECORD(TagRecord, key, value);

struct RowRecord {
  Timestamp start;
  Timestamp end;
  Currency currency;
  std::uint8_t missing_metrics = 0;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  List<Text> columns;  // by Column; empty = missing
  List<TagRecord> tags;
};
TRIBUTARY_RECORD(RowRecord, start, end, currency, missing_metrics, billed, effective, list,
                 contracted, columns, tags);

// Where an input record came from; kept so that a later refusal can name it.
struct Origin {
  Text topic;
  Text partition;
  std::int64_t offset = 0;
  std::int64_t line = 0;
  Timestamp ingest_time;
  Text raw;  // the line, as it was
};
TRIBUTARY_RECORD(Origin, topic, partition, offset, line, ingest_time, raw);

struct HashRecord {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};
TRIBUTARY_RECORD(HashRecord, high, low);

// One accepted record of cost.charges on its way to its key.
struct ChargeEvent {
  bool is_delete = false;
  Text tenant;
  Text source;
  std::int32_t period = 0;  // Period::months
  std::int32_t shard = 0;
  Text charge_id;
  std::int64_t revision = 1;
  RowRecord row;
  HashRecord hash;
  Origin origin;
};
TRIBUTARY_RECORD(ChargeEvent, is_delete, tenant, source, period, shard, charge_id, revision, row,
                 hash, origin);

// Who keeps a charge: order per key is what delivery markers will rely on.
struct ChargeKey {
  Text tenant;
  Text source;
  std::int32_t period = 0;
  std::int32_t shard = 0;
};
TRIBUTARY_KEY(ChargeKey, tenant, source, period, shard);

// A record of cost.commands; parsed where it is applied.
struct CommandRecord {
  Text tenant;
  Origin origin;  // origin.raw is the JSON
};
TRIBUTARY_RECORD(CommandRecord, tenant, origin);

// ---- state of `attribute`, per ChargeKey ----

struct AssignmentRecord {
  Text dimension;
  Text element;
  Text rule_id;
};
TRIBUTARY_RECORD(AssignmentRecord, dimension, element, rule_id);

struct StoredCharge {
  std::int64_t revision = 0;
  bool deleted = false;
  HashRecord hash;
  RowRecord row;
  std::int64_t rules_version = 0;
  List<AssignmentRecord> assignments;
};
TRIBUTARY_RECORD(StoredCharge, revision, deleted, hash, row, rules_version, assignments);

// What a key remembers besides its charges. No Text: changed in place at every charge.
struct KeyCounters {
  std::int64_t lines = 0;  // written so far: the counter of line ids
  std::int64_t live_charges = 0;
  std::int64_t walked_version = 0;   // rules: all charges have been attributed under this version …
  std::int64_t walking_version = 0;  // … and this one is being applied
  std::int64_t walked_charges = 0;   // of the walk under way: charges looked at, and lines written
  std::int64_t walked_lines = 0;
  bool limit_reported = false;  // control tenant_limit has been written
  bool expiry_armed = false;    // the timer that looks for expiry is set
  bool expired = false;         // retention passed: the charges are gone, late rows are refused
  // Highest start of a charge that was the highest of the tenant in its task, too.
  Timestamp newest_start = Timestamp::min();
};
TRIBUTARY_RECORD(KeyCounters, lines, live_charges, walked_version, walking_version, walked_charges,
                 walked_lines, limit_reported, expiry_armed, expired, newest_start);

struct WalkCursor {
  Text next;  // where the walk goes on; empty: at the beginning
};
TRIBUTARY_RECORD(WalkCursor, next);

// ---- commands ----

struct TenantKey {
  Text tenant;
};
TRIBUTARY_KEY(TenantKey, tenant);

// State of the gate that every command passes.
struct TenantGate {
  std::int64_t last_version = 0;
};
TRIBUTARY_RECORD(TenantGate, last_version);

// Broadcast state of `attribute`: the accepted commands, in the order in which they are applied.
struct CommandKey {
  Text tenant;
  bool closes_period = false;
  std::int64_t number = 0;  // version, or Period::months
};
TRIBUTARY_KEY(CommandKey, tenant, closes_period, number);

// A task has attributed all charges of a tenant under a version.
struct WalkReport {
  Text tenant;
  std::int64_t version = 0;
  std::int32_t task = 0;
  std::int32_t tasks = 0;
  std::int64_t charges = 0;
  std::int64_t lines = 0;
  std::int64_t keys = 0;
};
TRIBUTARY_RECORD(WalkReport, tenant, version, task, tasks, charges, lines, keys);

// What the tasks have reported about the newest version.
struct WalkProgress {
  std::int64_t version = 0;
  std::int64_t tasks_done = 0;
  std::int64_t charges = 0;
  std::int64_t lines = 0;
  std::int64_t keys = 0;
};
TRIBUTARY_RECORD(WalkProgress, version, tasks_done, charges, lines, keys);

// ---- topics ----

// One line of the ledger: a signed delta.
struct CostLine {
  std::int32_t v = 1;
  Text line_id;
  Text tenant;
  Text dimension;
  Text element;
  Text kind;
  Text charge_id;
  Text source;
  Text service;
  Currency currency;
  Timestamp start;
  Timestamp end;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  bool provisional = false;
  Text cause;
  Text rule_id;
  std::int64_t rules_version = 0;
  std::int64_t revision = 0;
  Text period;
  Text posting_period;
  bool after_close = false;
  Timestamp posted_at;
};
TRIBUTARY_RECORD(CostLine, v, line_id, tenant, dimension, element, kind, charge_id, source, service,
                 currency, start, end, billed, effective, list, contracted, provisional, cause,
                 rule_id, rules_version, revision, period, posting_period, after_close, posted_at);

struct HourlyKey {
  Text tenant;
  Text dimension;
  Text element;
  Text service;
  Currency currency;
  Timestamp hour;
};
TRIBUTARY_KEY(HourlyKey, tenant, dimension, element, service, currency, hour);

// A line's share of one hour, on its way to the cell.
struct HourShareRecord {
  Text tenant;
  Text dimension;
  Text element;
  Text service;
  Currency currency;
  Timestamp hour;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  Amount provisional_billed;
};
TRIBUTARY_RECORD(HourShareRecord, tenant, dimension, element, service, currency, hour, billed,
                 effective, list, contracted, provisional_billed);

// State of a cell.
struct HourlyCell {
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  Amount provisional_billed;
  std::int64_t updates = 0;
  bool flush_pending = false;
};
TRIBUTARY_RECORD(HourlyCell, billed, effective, list, contracted, provisional_billed, updates,
                 flush_pending);

// ---- the conservation audit ----

struct AuditKey {
  Text tenant;
  Text dimension;
  Currency currency;
  Timestamp day;
};
TRIBUTARY_KEY(AuditKey, tenant, dimension, currency, day);

// One side's amounts of one day: what went in (accepted rows) or what came out (lines).
struct AuditEntry {
  Text tenant;
  Text dimension;
  Currency currency;
  Timestamp day;
  bool is_input = false;
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
};
TRIBUTARY_RECORD(AuditEntry, tenant, dimension, currency, day, is_input, billed, effective, list,
                 contracted);

// input - output of a cell; all zero when money is conserved.
struct AuditCell {
  Amount billed;
  Amount effective;
  Amount list;
  Amount contracted;
  Amount input_billed;
  Timestamp changed_at;
  bool check_pending = false;
};
TRIBUTARY_RECORD(AuditCell, billed, effective, list, contracted, input_billed, changed_at,
                 check_pending);

// What people should know: topic cost.control. Fields that a kind does not use are left out.
struct Control {
  std::int32_t v = 1;
  Text kind;  // rules_accepted, rules_rejected, rules_applied, period_closed, tenant_limit,
              // conservation_violation
  Text tenant;
  Optional<std::int64_t> version;
  Optional<Text> message;
  Optional<Text> dimension;
  Optional<Currency> currency;
  Optional<Timestamp> day;
  Optional<Amount> input;
  Optional<Amount> output;
  Optional<Text> key;
  Optional<std::int64_t> charges;
  Optional<std::int64_t> lines;
  Optional<std::int64_t> keys;
  Optional<Text> period;
  Timestamp posted_at;
};
TRIBUTARY_RECORD(Control, v, kind, tenant, version, message, dimension, currency, day, input,
                 output, key, charges, lines, keys, period, posted_at);

}  // namespace tributary::cost
