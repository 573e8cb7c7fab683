#include "runtime/api/input_check.h"

#include "runtime/graph/job_graph.h"

namespace tributary {

Result<std::vector<std::string>> check_inputs(const JobProgram& program, FileSystem& files) {
  std::vector<std::string> notices;
  std::string missing;
  bool is_any_there = false;
  for (const graph::Vertex& vertex : program.graph.vertices()) {
    if (vertex.kind() != graph::SOURCE) continue;
    Result<std::vector<Split>> splits = program.vertices[vertex.id()].make_lister()->list();
    if (!splits)
      return std::unexpected(std::move(splits).error().in(fmt::format("source {}", vertex.name())));
    const std::string path(property(vertex, graph::kPathProperty));
    const bool is_missing = splits->empty() && !path.empty() && !TRY(files.exists(path));
    is_any_there = is_any_there || !is_missing || !vertex.bounded();
    if (!is_missing) continue;
    notices.push_back(fmt::format("source {}: {} is missing, {}", vertex.name(), path,
                                  vertex.bounded() ? "read as empty" : "waits for it"));
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", path, vertex.name());
  }
  if (is_any_there || notices.empty()) return notices;
  return std::unexpected(
      Error(ErrorCode::F101, fmt::format("there is nothing to read: {} is missing", missing),
            "look for a mistyped path; an input without records is a folder without files"));
}

}  // namespace tributary
