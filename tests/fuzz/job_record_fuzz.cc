// Any record of a job either opens the job, written anew under a higher term, or is refused with a
// reason. The input is the record's length (two bytes), the record, and a manifest; if there is
// one, it is stored, the newest checkpoint of the record is it, and the job is its job.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/memory_file_system.h"
#include "checkpoint/manifest/manifest_file.h"
#include "runtime/cluster/job_opening.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

struct InlinePool final : tributary::IoPool {
  void submit(std::function<void()> job) override { job(); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t length = data[0] + data[1] * std::size_t{256};
  const std::string_view record_bytes = input.substr(0, length);
  const std::string_view manifest_bytes = input.substr(record_bytes.size());

  ManualClock clock;
  SeededRandomSource random(1);
  MemoryFileSystem files;
  JobFolder folder(files, "job", random);
  JobProgram program;
  checkpoint::Manifest manifest;
  cluster::JobRecord record;
  std::string stored(record_bytes);
  if (!manifest_bytes.empty()) {
    if (!manifest.ParseFromArray(manifest_bytes.data(), static_cast<int>(manifest_bytes.size())))
      return 0;
    if (!check_manifest(manifest, "input")) return 0;
    auto graph = graph::parse_job_graph(manifest.graph());
    if (!graph) return 0;
    program.graph = *std::move(graph);
    const auto written = folder.manifests().write(manifest);
    if (!written) return 0;
    if (record.ParseFromString(stored) && record.checkpoints().completed_size() > 0) {
      auto& completed = *record.mutable_checkpoints()->mutable_completed();
      *completed[completed.size() - 1].mutable_manifest() = *written;
      stored = record.SerializeAsString();
    }
  }
  program.vertices.resize(static_cast<std::size_t>(program.graph.vertices_size()));
  const auto plan = graph::plan(program.graph, {.slots = 2});
  if (!plan) return 0;
  require(folder.metadata().compare_and_set(JobFolder::kRecordKey, {}, stored).has_value());

  InlinePool io;
  const auto opened = open_job({.folder = &folder,
                                .clock = &clock,
                                .io = &io,
                                .program = &program,
                                .plan = &*plan,
                                .from = {},
                                .drop_state = {}});
  if (!opened) {
    require(!opened.error().empty());
    return 0;
  }
  require(record.ParseFromString(stored));
  require(opened->record.term() == record.term() + 1);
  require(!opened->from || opened->restored.plan.checkpoint.value == opened->from->checkpoint());
  return 0;
}
