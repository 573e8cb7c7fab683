// jobs/cost_attribution/tools/topic_folder.cc
#include "jobs/cost_attribution/tools/topic_folder.h"

#include <algorithm>

#include "base/file_format.h"
#include "jobs/cost_attribution/tools/text_file.h"

namespace tributary::cost {

Result<std::vector<std::filesystem::path>> topic_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code fault;
  if (!std::filesystem::exists(folder, fault)) return files;
  for (auto entry = std::filesystem::directory_iterator(folder, fault);
       !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault)) {
    std::error_code ignored;  // a link to nothing is no file
    if (holds_records(entry->path().filename().string(), FileFormat::kRawLines) &&
        entry->is_regular_file(ignored)) {
      files.push_back(entry->path());
    }
  }
  if (fault) return fail(ErrorCode::F101, "reading {}: {}", folder.string(), fault.message());
  std::ranges::sort(files);
  return files;
}

Status walk_lines(const std::vector<std::filesystem::path>& files,
                  const std::function<Status(std::string_view line)>& on_line) {
  for (const std::filesystem::path& path : files) {
    TextFile file = TRY(TextFile::open(path));
    while (const auto line = TRY(file.read_line())) {
      if (line->find_first_not_of(" \t\r") == line->npos) continue;
      if (auto status = on_line(*line); !status) {
        return std::unexpected(std::move(status).error().in(
            fmt::format("{}, line {}", path.string(), file.line_number())));
      }
    }
  }
  return {};
}

Status require_folder(const std::filesystem::path& dir) {
  std::error_code fault;
  if (std::filesystem::is_directory(dir, fault)) return {};
  return fail(ErrorCode::F101, "{} is no folder", dir.string());
}

}  // namespace tributary::cost
