#include "runtime/graph/folder_check.h"

#include <cstddef>

#include <fmt/ranges.h>

#include "runtime/graph/graph_check.h"
#include "runtime/graph/job_graph.h"

namespace tributary::graph {
namespace {

struct Folder {
  const Vertex* vertex = nullptr;
  std::string path;
};

std::vector<Folder> folders_of(const JobGraph& graph, VertexKind kind, const char* name) {
  std::vector<Folder> folders;
  for (const Vertex& vertex : graph.vertices()) {
    const std::string_view path = property(vertex, name);
    if (vertex.kind() == kind && !path.empty()) folders.push_back({&vertex, plain_path(path)});
  }
  return folders;
}

bool lies_in(std::string_view path, std::string_view folder) {
  if (path == folder) return true;
  if (folder == "/") return path.starts_with('/');
  if (folder == ".") return !path.starts_with('/') && !path.starts_with("..");
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

std::string plain_path(std::string_view path) {
  const bool is_absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    const bool has_parent = !parts.empty() && parts.back() != "..";
    if (part == ".." && (has_parent || is_absolute)) {
      if (has_parent) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  if (parts.empty()) return is_absolute ? "/" : ".";
  return fmt::format("{}{}", is_absolute ? "/" : "", fmt::join(parts, "/"));
}

void check_folders(const JobGraph& graph, std::vector<Error>& errors) {
  const std::vector<Folder> sinks = folders_of(graph, SINK, kOutputProperty);
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    for (std::size_t k = i + 1; k < sinks.size(); ++k) {
      const bool is_within = lies_in(sinks[k].path, sinks[i].path);
      if (!is_within && !lies_in(sinks[i].path, sinks[k].path)) continue;
      errors.emplace_back(
          ErrorCode::G318,
          fmt::format("sinks {} and {} write into one place: {} and {}", named(*sinks[i].vertex),
                      named(*sinks[k].vertex), sinks[i].path, sinks[k].path),
          "give each a folder of its own, none below the other");
    }
  }
  for (const Folder& source : folders_of(graph, SOURCE, kPathProperty)) {
    for (const Folder& sink : sinks) {
      if (!lies_in(source.path, sink.path)) continue;
      errors.emplace_back(
          ErrorCode::G318,
          fmt::format("sink {} writes where source {} reads: {} and {}", named(*sink.vertex),
                      named(*source.vertex), sink.path, source.path),
          "let it write to another folder");
    }
  }
}

}  // namespace tributary::graph
