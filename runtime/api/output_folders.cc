#include "runtime/api/output_folders.h"

#include <algorithm>
#include <string_view>

namespace tributary {
namespace {

constexpr std::size_t kDepthMax = 16;

bool is_part_file(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name.starts_with("part-") && (name.ends_with(".jsonl") || name.ends_with(".csv"));
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// part-<task>.jsonl or .csv, part-<writer>-<epoch>.jsonl or .csv.
bool is_of_a_task(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (!name.starts_with("part-") || dot == std::string_view::npos) return false;
  const std::string_view task = name.substr(5, dot - 5);
  const std::string_view extension = name.substr(dot);
  const std::size_t dash = task.find('-');
  const bool numbers = dash == std::string_view::npos
                           ? is_number(task)
                           : is_number(task.substr(0, dash)) && is_number(task.substr(dash + 1));
  return numbers && (extension == ".jsonl" || extension == ".csv");
}

// Walks what lies `depth` folders below the output.
Status collect(FileSystem& files, const OutputFolder& output, const std::string& folder,
               std::size_t depth, bool is_own, FoundParts& parts) {
  for (const DirectoryEntry& entry : TRY(files.list(folder))) {
    const std::string path = folder + "/" + entry.name;
    // What exactly-once output keeps for itself.
    if (entry.name.starts_with("_")) continue;
    if (entry.kind == FileKind::kDirectory && depth < kDepthMax) {
      const bool is_partition = is_own && depth < output.partition_by.size() &&
                                entry.name.starts_with(output.partition_by[depth] + "=");
      TRY(collect(files, output, path, depth + 1, is_partition, parts));
    } else if (entry.kind == FileKind::kFile && is_part_file(entry.name)) {
      const bool is_here = is_own && depth == output.partition_by.size();
      (is_here && is_of_a_task(entry.name) ? parts.own : parts.other).push_back(path);
    }
  }
  return {};
}

std::unexpected<Error> exists_already(const OutputFolder& folder,
                                      const std::vector<std::string>& parts, std::string_view whose,
                                      std::string fix) {
  return std::unexpected(
      Error(ErrorCode::F103,
            fmt::format("output {} of sink {} already holds {} file{} {} ({}{})", folder.path,
                        folder.sink, parts.size(), parts.size() == 1 ? "" : "s", whose, parts[0],
                        parts.size() == 1 ? "" : ", …"),
            std::move(fix)));
}

}  // namespace

std::vector<OutputFolder> output_folders(const graph::JobGraph& graph) {
  std::vector<OutputFolder> folders;
  for (const graph::Vertex& vertex : graph.vertices()) {
    const std::string_view output = property(vertex, graph::kOutputProperty);
    if (vertex.kind() != graph::SINK || output.empty()) continue;
    OutputFolder folder{.sink = vertex.name(), .path = std::string(output), .partition_by = {}};
    for (std::string_view rest = property(vertex, graph::kPartitionProperty); !rest.empty();) {
      const std::size_t comma = rest.find(", ");
      folder.partition_by.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
    }
    folders.push_back(std::move(folder));
  }
  return folders;
}

Result<FoundParts> part_files(FileSystem& files, const OutputFolder& folder) {
  FoundParts parts;
  if (!TRY(files.exists(folder.path))) return parts;
  if (TRY(files.stat(folder.path)).kind != FileKind::kDirectory)
    return fail(ErrorCode::F102, "output {} is no folder", folder.path);
  TRY(collect(files, folder, folder.path, 0, true, parts));
  std::ranges::sort(parts.own);
  std::ranges::sort(parts.other);
  return parts;
}

Status prepare_output(FileSystem& files, const std::vector<OutputFolder>& folders, bool force) {
  std::vector<std::string> to_remove;
  for (const OutputFolder& folder : folders) {
    const FoundParts parts = TRY(part_files(files, folder));
    if (!force && !parts.own.empty())
      return exists_already(folder, parts.own, "of an earlier run",
                            "choose another folder, or say --force to delete these files");
    if (!parts.other.empty())
      return exists_already(folder, parts.other, "that this sink would not write",
                            "choose another folder, or move them away: --force leaves them alone");
    std::ranges::copy(parts.own, std::back_inserter(to_remove));
  }
  for (const std::string& part : to_remove) TRY(files.remove(part));
  return {};
}

}  // namespace tributary
