#include "jobs/cost_attribution/job.h"

#include <tributary/dead_letters.h>
#include <tributary/files.h>

#include "jobs/cost_attribution/attribute_process.h"
#include "jobs/cost_attribution/audit_process.h"
#include "jobs/cost_attribution/command_gate.h"
#include "jobs/cost_attribution/hourly_process.h"
#include "jobs/cost_attribution/route.h"

namespace tributary::cost {

namespace {

bool refuse_what_comes_later(Job& job, const CostSettings& settings) {
  const auto refuse = [&](bool asked_for, std::string_view what) {
    if (asked_for) job.refuse(std::string(what));
    return asked_for;
  };
  bool refused = false;
  refused |= refuse(settings.job != "cost-attribution",
                    "setting job: this job is cost-attribution; leave it out, or name no other");
  refused |= refuse(
      settings.kafka.has_value(),
      "setting kafka: Kafka topics are not available yet; use folders: files: {dir: ./data}");
  refused |= refuse(settings.topics.telemetry.has_value(),
                    "setting topics.telemetry: telemetry is not available yet");
  refused |= refuse(settings.topics.parked.has_value(),
                    "setting topics.parked: quarantine is not available yet");
  refused |= refuse(settings.allocation_flush.has_value(),
                    "setting allocation_flush: allocation by telemetry is not available yet");
  refused |= refuse(settings.checkpoint.has_value(),
                    "setting checkpoint: checkpoints are not available yet");
  refused |= refuse(settings.retain_days <= 0 || settings.retain_days > 36'500,
                    "setting retain_days: expected 1 to 36500");
  refused |= refuse(settings.limits.charges_per_key <= 0,
                    "setting limits.charges_per_key: expected at least 1");
  refused |= refuse(settings.bulk_rows_per_second <= 0,
                    "setting bulk_rows_per_second: expected at least 1");
  refused |= refuse(settings.hourly_flush.micros < 0 || settings.files.watch.micros < 0,
                    "settings hourly_flush and files.watch: a duration may not be negative");
  return refused;
}

}  // namespace

void cost_attribution(Job& job, const CostSettings& settings) {
  if (refuse_what_comes_later(job, settings)) return;
  const std::string dir = settings.files.dir.str();
  const auto folder = [&](const Text& topic) { return dir + "/" + topic.str(); };
  const auto topic = [&](const Text& name) {
    return files<RawLine>(folder(name)).missing_is_empty().follow(settings.files.watch);
  };

  // Commands: accepted in one place, then known to every task before the first charge is read.
  auto command_lines =
      job.source("commands", topic(settings.topics.commands).line_bytes_max(kCommandBytesMax))
          .parallelism(1)
          .on_bad_record(fail());
  auto command_records =
      command_lines.flat_map<CommandRecord>(RouteCommands{}).named("route-commands").parallelism(1);
  auto commands =
      command_records
          .key_by([](const CommandRecord& record) { return TenantKey{.tenant = record.tenant}; })
          .process<CommandGate>("command-gate")
          .parallelism(1);

  // Charges.
  TenantSet tenants;
  for (const Text& tenant : settings.tenants) tenants.insert(tenant.str());
  auto live = job.source("charges", topic(settings.topics.charges))
                  .after(command_lines.caught_up())
                  .on_bad_record(fail())
                  .flat_map<ChargeEvent>(RouteCharges(tenants))
                  .named("route");
  auto bulk = job.source("charges-bulk", topic(settings.topics.bulk))
                  .after(command_lines.caught_up())
                  .rate_limit(settings.bulk_rows_per_second)
                  .on_bad_record(fail())
                  .flat_map<ChargeEvent>(RouteCharges(tenants))
                  .named("route-bulk");

  AttributeOptions options{.retain_days = settings.retain_days,
                           .charges_per_key = settings.limits.charges_per_key};
  for (const Text& source : settings.provisional_sources)
    options.provisional_sources.push_back(source.str());
  auto lines = live.union_with(bulk)
                   .key_by([](const ChargeEvent& event) {
                     return ChargeKey{.tenant = event.tenant,
                                      .source = event.source,
                                      .period = event.period,
                                      .shard = event.shard};
                   })
                   .with(commands.broadcast())
                   .process<AttributeProcess>("attribute", options);

  lines.sink("lines", files<CostLine>(folder(settings.topics.lines)));
  const std::string ledger = settings.ledger_dir ? settings.ledger_dir->str() : dir + "/ledger";
  if (ledger != "none") {
    lines.sink("ledger",
               files<CostLine>(ledger).partition_by(&CostLine::tenant, &CostLine::posting_period));
  }

  auto shares = lines.flat_map<HourShareRecord>(SpreadLine{}).named("spread");
  shares
      .key_by([](const HourShareRecord& share) {
        return HourlyKey{.tenant = share.tenant,
                         .dimension = share.dimension,
                         .element = share.element,
                         .service = share.service,
                         .currency = share.currency,
                         .hour = share.hour};
      })
      .process<HourlyProcess>("hourly", settings.hourly_flush)
      .sink("hourly-out", files_upsert<HourlyCost>(folder(settings.topics.hourly)));

  // The conservation audit: what rows brought against what lines put into hours, by day.
  auto violations = lines.side_output(AttributeProcess::audit)
                        .union_with(shares.side_output(SpreadLine::audit))
                        .key_by([](const AuditEntry& entry) {
                          return AuditKey{.tenant = entry.tenant,
                                          .dimension = entry.dimension,
                                          .currency = entry.currency,
                                          .day = entry.day};
                        })
                        .process<AuditProcess>("audit");
  auto walks =
      lines.side_output(AttributeProcess::walks)
          .key_by([](const WalkReport& report) { return TenantKey{.tenant = report.tenant}; })
          .process<WalkProcess>("rule-walks");

  violations
      .union_with(walks, lines.side_output(AttributeProcess::control),
                  commands.side_output(CommandGate::control))
      .sink("control", files<Control>(folder(settings.topics.control)));
  lines.side_output(AttributeProcess::dead)
      .union_with(live.side_output(RouteCharges::dead), bulk.side_output(RouteCharges::dead),
                  command_records.side_output(RouteCommands::dead),
                  commands.side_output(CommandGate::dead))
      .sink("dead-letters", dead_letters(folder(settings.topics.dead_letters)));
}

TRIBUTARY_JOB("cost-attribution", cost_attribution);

}  // namespace tributary::cost
