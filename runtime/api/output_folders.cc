#include "runtime/api/output_folders.h"

#include <algorithm>
#include <string_view>

namespace tributary {
namespace {

constexpr int kDepthMax = 16;

bool is_part_file(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name.starts_with("part-") && (name.ends_with(".jsonl") || name.ends_with(".csv"));
}

Status collect(FileSystem& files, const std::string& folder, int depth,
               std::vector<std::string>& parts) {
  for (const DirectoryEntry& entry : TRY(files.list(folder))) {
    const std::string path = folder + "/" + entry.name;
    if (entry.kind == FileKind::kDirectory && depth < kDepthMax) {
      TRY(collect(files, path, depth + 1, parts));
    } else if (entry.kind == FileKind::kFile && is_part_file(entry.name)) {
      parts.push_back(path);
    }
  }
  return {};
}

}  // namespace

std::vector<OutputFolder> output_folders(const graph::JobGraph& graph) {
  std::vector<OutputFolder> folders;
  for (const graph::Vertex& vertex : graph.vertices()) {
    const auto output = vertex.properties().find(kOutputProperty);
    if (vertex.kind() != graph::SINK || output == vertex.properties().end() ||
        output->second.empty())
      continue;
    folders.push_back({.sink = vertex.name(), .path = output->second});
  }
  return folders;
}

Result<std::vector<std::string>> part_files(FileSystem& files, const std::string& folder) {
  std::vector<std::string> parts;
  if (!TRY(files.exists(folder))) return parts;
  if (TRY(files.stat(folder)).kind != FileKind::kDirectory)
    return fail(ErrorCode::F102, "output {} is no folder", folder);
  TRY(collect(files, folder, 0, parts));
  std::ranges::sort(parts);
  return parts;
}

Status prepare_output(FileSystem& files, const std::vector<OutputFolder>& folders, bool force) {
  for (const OutputFolder& folder : folders) {
    const std::vector<std::string> parts = TRY(part_files(files, folder.path));
    if (parts.empty()) continue;
    if (!force) {
      return std::unexpected(
          Error(ErrorCode::F103,
                fmt::format("output {} of sink {} already holds {} file{} of an earlier run ({}{})",
                            folder.path, folder.sink, parts.size(), parts.size() == 1 ? "" : "s",
                            parts[0], parts.size() == 1 ? "" : ", …"),
                "choose another folder, or say --force to delete these files"));
    }
    for (const std::string& part : parts) TRY(files.remove(part));
  }
  return {};
}

}  // namespace tributary
