// jobs/cost_attribution/tools/command_log.cc
#include "jobs/cost_attribution/tools/command_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "jobs/cost_attribution/tools/json_object.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

void append_rules_published(std::string& out, const RulesPublished& command) {
  out += R"({"v":1,"kind":"rules_published","tenant":)";
  append_json_string(out, command.tenant);
  out += fmt::format(R"(,"version":{},"valid_from":"{}","published_at":"{}","author":)",
                     command.version, format_timestamp(command.valid_from),
                     format_timestamp(command.published_at));
  append_json_string(out, command.author);
  out += R"(,"yaml":)";
  append_json_string(out, command.yaml);
  out += fmt::format(",\"sha256\":\"{}\"}}\n", command.sha256);
}

void append_period_closed(std::string& out, const PeriodClosed& command) {
  out += R"({"v":1,"kind":"period_closed","tenant":)";
  append_json_string(out, command.tenant);
  out += fmt::format(R"(,"period":"{}","by":)", format_period(command.period));
  append_json_string(out, command.by);
  out += "}\n";
}

std::filesystem::path command_file(const std::filesystem::path& dir) {
  return dir / kCommandsTopic / "commands.jsonl";
}

Result<std::vector<Command>> read_commands(const std::filesystem::path& dir) {
  std::vector<Command> commands;
  const auto files = TRY(topic_files(dir / kCommandsTopic));
  TRY(walk_lines(files, [&](std::string_view line) -> Status {
    if (auto command = parse_command(line)) commands.push_back(std::move(*command));
    return {};
  }));
  return commands;
}

std::int64_t last_version(const std::vector<Command>& commands, std::string_view tenant) {
  std::int64_t last = 0;
  for (const Command& command : commands) {
    const auto* published = std::get_if<RulesPublished>(&command);
    if (published != nullptr && published->tenant == tenant)
      last = std::max(last, published->version);
  }
  return last;
}

Status append_commands(const std::filesystem::path& dir, std::string_view lines) {
  const std::filesystem::path path = command_file(dir);
  const auto cannot = [&](int error) {
    return fail(ErrorCode::F102, "appending to {}: {}", path.string(), std::strerror(error));
  };
  std::error_code fault;
  std::filesystem::create_directories(path.parent_path(), fault);
  if (fault) return cannot(fault.value());
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return cannot(errno);
  int error = flock(file, LOCK_EX) == 0 ? 0 : errno;
  const auto end = error == 0 ? lseek(file, 0, SEEK_END) : 0;
  if (error == 0) {
    const ssize_t written = write(file, lines.data(), lines.size());
    if (written != static_cast<ssize_t>(lines.size())) {
      error = written < 0 ? errno : ENOSPC;
      // Half a line would join with the next one.
      if (ftruncate(file, end) != 0) error = errno;
    } else if (fsync(file) != 0) {
      error = errno;
    }
  }
  close(file);
  if (error != 0) return cannot(error);
  return {};
}

}  // namespace tributary::cost
