// jobs/cost_attribution/tools/close_command.cc
#include "jobs/cost_attribution/tools/close_command.h"

#include "base/excerpt.h"
#include "jobs/cost_attribution/tools/command_log.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

Result<int> run_close(const CloseOptions& options, std::string& out) {
  const auto period = parse_period(options.period);
  if (!period)
    return fail(ErrorCode::C102, "--period {}: a month is YYYY-MM", excerpt(options.period));
  if (!is_tenant_name(options.tenant)) {
    return fail(ErrorCode::C102,
                "--tenant {}: 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\" and \"-\"",
                excerpt(options.tenant));
  }
  if (options.by.empty() || options.by.size() > 256) {
    return fail(ErrorCode::C102, "--by {}: 1 to 256 bytes", excerpt(options.by));
  }
  TRY(require_folder(options.to));
  const auto commands = TRY(read_commands(options.to));
  for (const Command& command : commands) {
    const auto* closed = std::get_if<PeriodClosed>(&command);
    if (closed == nullptr || closed->tenant != options.tenant || closed->period != *period)
      continue;
    out += fmt::format("{} {} was closed already, by {}\n", options.tenant, options.period,
                       closed->by);
    return 0;
  }
  std::string line;
  append_period_closed(line, {options.tenant, *period, options.by});
  TRY(append_commands(options.to, line));
  out += fmt::format("closed {} {}: what comes for it now is posted to {} or later -> {}\n",
                     options.tenant, options.period, format_period(period->next()),
                     command_file(options.to).string());
  return 0;
}

}  // namespace tributary::cost
