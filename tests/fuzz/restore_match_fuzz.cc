// Any manifest that check_manifest() lets through is either restored, with every task of the plan
// provided for, or refused. The job that is restored is the manifest's own, with another
// parallelism where the input says so (its first byte).
#include "runtime/cluster/restore_match.h"

#include <cstdint>
#include <string_view>

#include "checkpoint/manifest/manifest_file.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size == 0) return 0;
  checkpoint::Manifest manifest;
  if (!manifest.ParseFromArray(data + 1, static_cast<int>(size - 1))) return 0;
  if (!check_manifest(manifest, "input")) return 0;
  const auto graph = graph::parse_job_graph(manifest.graph());
  if (!graph) return 0;
  const auto plan = graph::plan(*graph, {.slots = data[0] % 4U + 1});
  if (!plan) return 0;
  const auto restored = match_checkpoint(manifest, *graph, *plan, {});
  if (!restored) {
    require(!restored.error().empty());
    return 0;
  }
  for (const graph::Stage& stage : plan->stages) {
    require(restored->plan.stages[stage.id.index()].finished.size() == stage.parallelism);
    for (const graph::VertexId vertex : stage.vertices)
      require(restored->plan.vertices[vertex.index()].times.size() == stage.parallelism);
  }
  for (const ResumedSource& source : restored->sources) {
    const auto tasks = plan->stage_of(graph::VertexId{source.table.source()}).parallelism;
    require(source.splits.size() == static_cast<std::size_t>(source.table.splits_size()));
    for (const auto& split : source.table.splits()) require(split.task() < tasks);
  }
  (void)match_text(restored->report);
  return 0;
}
