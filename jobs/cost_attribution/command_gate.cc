#include "jobs/cost_attribution/command_gate.h"

#include "jobs/cost_attribution/core/command.h"
#include "jobs/cost_attribution/core/rule_parser.h"
#include "jobs/cost_attribution/refusal.h"

namespace tributary::cost {

namespace {

std::string text_of(const RuleProblems& problems) {
  std::string text;
  for (const RuleProblem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.to_string();
  }
  return text;
}

}  // namespace

void CommandGate::on_record(const CommandRecord& record, Context& ctx) {
  const auto command = parse_command(record.origin.raw.view());
  if (!command) return ctx.emit(dead, dead_letter_of(command.error(), record.origin, ctx.arena()));
  Control told{.tenant = record.tenant, .posted_at = ctx.processing_time()};

  if (const auto* closed = std::get_if<PeriodClosed>(&*command)) {
    told.kind = "period_closed";
    told.period = Optional<Text>(ctx.text(format_period(closed->period)));
    ctx.emit(record);
    return ctx.emit(control, told);
  }
  const auto* published = std::get_if<RulesPublished>(&*command);
  if (published == nullptr) {
    const Rejection rejection{
        .reason = DeadLetterReason::kNotYetSupported,
        .field = "kind",
        .value = std::string(command_kind(*command)),
        .message =
            "this command is not available yet; the tenant's records are processed as before",
        .head = {.tenant = command_tenant(*command)}};
    return ctx.emit(dead, dead_letter_of(rejection, record.origin, ctx.arena()));
  }

  told.version = Optional<std::int64_t>(published->version);
  std::string refused;
  const auto rules = parse_rules(published->yaml, published->tenant);
  if (!rules) {
    refused = text_of(rules.error());
  } else if (rules->version() != published->version) {
    refused =
        fmt::format("{} rules v{}: R02 the document says version {}, the command says {}",
                    published->tenant, rules->version(), rules->version(), published->version);
  } else if (rules->version() <= gate_.get().last_version) {
    refused = fmt::format("{} rules v{}, line {}: R02 version is not above the last one, {}",
                          published->tenant, rules->version(), rules->version_line(),
                          gate_.get().last_version);
  } else if (rules->valid_from() != published->valid_from) {
    refused =
        fmt::format("{} rules v{}, line {}: R15 the document is valid from {}, the command says {}",
                    published->tenant, rules->version(), rules->valid_from_line(),
                    format_timestamp(rules->valid_from()), format_timestamp(published->valid_from));
  }
  if (!refused.empty()) {
    told.kind = "rules_rejected";
    told.message = Optional<Text>(ctx.text(refused));
    ctx.count("rules_rejected");
    return ctx.emit(control, told);
  }
  gate_.set({.last_version = published->version});
  told.kind = "rules_accepted";
  ctx.count("rules_accepted");
  ctx.emit(record);
  ctx.emit(control, told);
}

}  // namespace tributary::cost
