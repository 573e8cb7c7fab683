// jobs/cost_attribution/tools/command_log.h
// Topic cost.commands as a folder: the audit log of what people decided. Read as a whole, appended
// to line by line.
//
// All of ours go into one file, so that a tenant's commands keep their order. Appending takes the
// file's lock and writes a line at once; a job that watches never sees half of one. Thread: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "jobs/cost_attribution/core/command.h"

namespace tributary::cost {

// Lines with their newline.
void append_rules_published(std::string& out, const RulesPublished& command);
void append_period_closed(std::string& out, const PeriodClosed& command);

// DIR/cost.commands/commands.jsonl
std::filesystem::path command_file(const std::filesystem::path& dir);

// Every command that can be read; those that cannot are the job's dead letters, and are passed over
// here.
Result<std::vector<Command>> read_commands(const std::filesystem::path& dir);

// The highest version that was published for the tenant; 0: none.
std::int64_t last_version(const std::vector<Command>& commands, std::string_view tenant);

// F102. `lines` is one or more whole lines.
Status append_commands(const std::filesystem::path& dir, std::string_view lines);

}  // namespace tributary::cost
