// jobs/cost_attribution/tools/topic_folder.h
// Topics as folders: DIR/<topic>/, the names of the topics, and walking all lines of one.
//
// Thread: functions. Reads what the job reads: files by the rule of its source
// (base/file_format.h), plain or gzip, in the order of their names; lines in the order of the file,
// without blank ones and without a byte order mark.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::cost {

inline constexpr const char* kChargesTopic = "cost.charges";
inline constexpr const char* kBulkTopic = "cost.charges.bulk";
inline constexpr const char* kCommandsTopic = "cost.commands";
inline constexpr const char* kLinesTopic = "cost.lines";
inline constexpr const char* kHourlyTopic = "cost.hourly";
inline constexpr const char* kControlTopic = "cost.control";
inline constexpr const char* kDeadLettersTopic = "cost.deadletters";

// The files of a topic, sorted; none when the folder does not exist. F101 when it cannot be read.
Result<std::vector<std::filesystem::path>> topic_files(const std::filesystem::path& folder);

// Calls on_line for each line of these files; its first error ends the walk, with file and line in
// front.
Status walk_lines(const std::vector<std::filesystem::path>& files,
                  const std::function<Status(std::string_view line)>& on_line);

// F101 unless `dir` is a folder.
Status require_folder(const std::filesystem::path& dir);

}  // namespace tributary::cost
