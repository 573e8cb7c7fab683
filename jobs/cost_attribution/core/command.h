// jobs/cost_attribution/core/command.h
// Reads one record of topic cost.commands: the audit log of what people decided for a tenant.
//
// Thread: values; a command owns its bytes. `rules_published` and `period_closed` are carried out
// by this version; `tenant_quarantined` and `tenant_released` are read, and is_supported() is false
// for them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/rejection.h"

namespace tributary::cost {

struct RulesPublished {
  std::string tenant;
  std::int64_t version = 0;
  Timestamp valid_from;
  Timestamp published_at;
  std::string author;
  std::string yaml;
  std::string sha256;  // 64 lower-case hexadecimal digits, as given; of the bytes of `yaml`
};

struct PeriodClosed {
  std::string tenant;
  Period period;
  std::string by;
};

struct TenantQuarantined {
  std::string tenant;
  std::string by;
  std::string reason;
};

struct TenantReleased {
  std::string tenant;
  std::string by;
  std::string reason;
};

using Command = std::variant<RulesPublished, PeriodClosed, TenantQuarantined, TenantReleased>;

std::string_view command_kind(const Command& command);
const std::string& command_tenant(const Command& command);
bool is_supported(const Command& command);

// A rules document is at most 1 MiB; JSON escapes may lengthen it.
inline constexpr std::size_t kCommandBytesMax = 4 * 1024 * 1024;

std::expected<Command, Rejection> parse_command(std::string_view record);

}  // namespace tributary::cost
