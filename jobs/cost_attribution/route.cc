#include "jobs/cost_attribution/route.h"

#include "jobs/cost_attribution/core/command.h"
#include "jobs/cost_attribution/refusal.h"

namespace tributary::cost {

namespace {

Origin origin_of(const RawLine& line) {
  return {.topic = line.topic,
          .partition = line.partition,
          .offset = line.offset,
          .line = line.line,
          .ingest_time = line.ingest_time,
          .raw = line.bytes};
}

Rejection too_large(const RawLine& line) {
  return {.reason = DeadLetterReason::kRecordTooLarge,
          .field = {},
          .value = {},
          .message = fmt::format("the line is longer than {} bytes", line.bytes.size()),
          .head = {}};
}

}  // namespace

void RouteCharges::operator()(const RawLine& line, Context& ctx, Collector<ChargeEvent>& out) {
  const auto refuse = [&](const Rejection& rejection) {
    ctx.count("rejected");
    ctx.emit(dead, dead_letter_of(rejection, origin_of(line), ctx.arena()));
  };
  if (line.too_long) return refuse(too_large(line));
  if (parser_ == nullptr) parser_ = std::make_unique<EnvelopeParser>(tenants_);
  const auto parsed = parser_->parse(line.bytes.view(), line.ingest_time);
  if (!parsed) return refuse(parsed.error());

  const Envelope& envelope = **parsed;
  if (envelope.unknown_fields > 0) ctx.count("unknown_fields", envelope.unknown_fields);
  if (envelope.row.missing_metrics != 0) ctx.count("missing_metric");
  RowRecord row = views_.record_of(envelope.row);
  row.columns = List<Text>::copy(row.columns.span(), ctx.arena());
  row.tags = List<TagRecord>::copy(row.tags.span(), ctx.arena());
  out.emit({.is_delete = envelope.kind == EnvelopeKind::kChargeDelete,
            .tenant = ctx.text(envelope.head.tenant),
            .source = ctx.text(envelope.head.source),
            .period = envelope.head.period.months,
            .shard = envelope.head.shard,
            .charge_id = ctx.text(envelope.head.charge_id),
            .revision = envelope.head.revision,
            .row = row,
            .hash = {.high = envelope.hash.high, .low = envelope.hash.low},
            .origin = origin_of(line)});
}

void RouteCommands::operator()(const RawLine& line, Context& ctx, Collector<CommandRecord>& out) {
  const auto refuse = [&](const Rejection& rejection) {
    ctx.count("rejected");
    ctx.emit(dead, dead_letter_of(rejection, origin_of(line), ctx.arena()));
  };
  if (line.too_long) return refuse(too_large(line));
  const auto command = parse_command(line.bytes.view());
  if (!command) return refuse(command.error());
  out.emit({.tenant = ctx.text(command_tenant(*command)), .origin = origin_of(line)});
}

}  // namespace tributary::cost
