#include "runtime/api/job_search.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "base/nearest_name.h"

namespace tributary {
namespace {

std::string plain_name(std::string_view name) {
  std::string plain(name);
  std::ranges::replace(plain, '_', '-');
  return plain;
}

// "cost-attribution" of "libcost_attribution.so".
std::string name_of_file(std::string_view file) {
  file.remove_suffix(std::string_view(".so").size());
  if (file.starts_with("lib") && file.size() > 3) file.remove_prefix(3);
  return plain_name(file);
}

void add_folders(std::string_view list, std::vector<std::string>& folders) {
  while (!list.empty()) {
    const std::size_t colon = list.find(':');
    const std::string folder(list.substr(0, colon));
    if (!folder.empty() && std::ranges::find(folders, folder) == folders.end())
      folders.push_back(folder);
    list.remove_prefix(colon == std::string_view::npos ? list.size() : colon + 1);
  }
}

}  // namespace

std::vector<std::string> job_folders(std::string_view job_path, std::string_view variable,
                                     std::string_view program) {
  std::vector<std::string> folders;
  add_folders(job_path, folders);
  add_folders(variable, folders);
  if (!program.empty()) {
    const std::string prefix = parent_directory(parent_directory(program));
    std::string folder = prefix == "/" ? "/lib/tributary/jobs" : prefix + "/lib/tributary/jobs";
    if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(std::move(folder));
  }
  return folders;
}

std::vector<JobFile> list_job_files(FileSystem& files, const std::vector<std::string>& folders) {
  std::vector<JobFile> found;
  for (const std::string& folder : folders) {
    const auto entries = files.list(folder);
    if (!entries) continue;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.kind == FileKind::kDirectory || !entry.name.ends_with(".so") ||
          entry.name.size() <= 3)
        continue;
      found.push_back({.path = folder + "/" + entry.name, .name = name_of_file(entry.name)});
    }
  }
  return found;
}

bool is_job_path(std::string_view job) {
  return job.find('/') != std::string_view::npos || job.ends_with(".so");
}

std::optional<JobFile> match_job_file(const std::vector<JobFile>& found, std::string_view job) {
  const auto match = std::ranges::find(found, plain_name(job), &JobFile::name);
  if (match == found.end()) return std::nullopt;
  return *match;
}

Error job_not_found(std::string_view job, const std::vector<std::string>& folders,
                    const std::vector<std::string>& known) {
  std::string what =
      fmt::format("job {} not found; searched {}", job,
                  folders.empty() ? "no folder" : fmt::format("{}", fmt::join(folders, ", ")));
  const std::vector<std::string_view> views(known.begin(), known.end());
  if (const auto nearest = nearest_name(job, views)) {
    what += fmt::format("; did you mean {}?", *nearest);
  } else if (!known.empty()) {
    what += fmt::format("; there {}: {}", known.size() == 1 ? "is" : "are", fmt::join(known, ", "));
  }
  return Error(
      ErrorCode::B202, std::move(what),
      "tributary jobs lists what is found; give a path to a .so, or its folder with --job-path");
}

}  // namespace tributary
