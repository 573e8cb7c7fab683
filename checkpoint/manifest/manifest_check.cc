// Whether a manifest says only what an engine may have written: sizes, ranges, names.
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "checkpoint/manifest/manifest_blobs.h"
#include "checkpoint/manifest/manifest_file.h"
#include "checkpoint/publish/lineage.h"
#include "checkpoint/store_name.h"

namespace tributary {

using checkpoint::Manifest;
using checkpoint::TaskSnapshot;

namespace {

class Check {
 public:
  explicit Check(std::string_view name) : name_(name) {}

  // Keeps the first thing that is wrong.
  template <typename... Args>
  void require(bool holds, fmt::format_string<Args...> text, Args&&... args) {
    if (holds || !wrong_.empty()) return;
    wrong_ = fmt::format(text, std::forward<Args>(args)...);
  }
  void name(std::string_view what, std::string_view text) {
    require(!text.empty() && text.size() <= ManifestLimits::kNameBytesMax,
            "the name of {} has {} bytes", what, text.size());
  }
  template <typename Names>
  void names(std::string_view what, const Names& list) {
    require(!list.empty() && list.size() <= 4096, "{} has {} operators", what, list.size());
    for (const auto& one : list) name(what, one);
  }
  Status result() const {
    if (wrong_.empty()) return {};
    return fail(ErrorCode::S415, "{}: {}", name_, wrong_);
  }

 private:
  std::string_view name_;
  std::string wrong_;
};

void check_routing(Check& check, const Manifest& manifest) {
  for (const checkpoint::StageRouting& stage : manifest.routing()) {
    check.names("a stage", stage.operators());
    const auto& bounds = stage.bounds();
    bool ascending =
        bounds.size() >= 2 && bounds[0] == 0 && bounds[bounds.size() - 1] == manifest.key_groups();
    for (int i = 1; i < bounds.size(); ++i) ascending = ascending && bounds[i - 1] <= bounds[i];
    check.require(ascending, "the key groups of stage {} are not those of its tasks",
                  stage.operators().empty() ? "" : stage.operators(0));
  }
}

void check_sources(Check& check, const Manifest& manifest) {
  for (const checkpoint::SplitTable& table : manifest.sources()) {
    check.name("a source", table.source());
    check.require(table.splits_size() <= ManifestLimits::kSplitsMax, "source {} has {} splits",
                  table.source(), table.splits_size());
    const std::string* last = nullptr;
    for (const checkpoint::SplitEntry& split : table.splits()) {
      check.require(last == nullptr || *last < split.id(),
                    "the splits of source {} are not in order", table.source());
      last = &split.id();
    }
  }
  for (const checkpoint::GateSnapshot& gate : manifest.gates()) check.name("a gate", gate.source());
}

void check_task(Check& check, const Manifest& manifest, const TaskSnapshot& task) {
  check.names("a task", task.operators());
  check.require(task.task() < task.parallelism() && task.parallelism() <= 16384,
                "task {} of {} tasks", task.task(), task.parallelism());
  if (task.has_keyed_state()) {
    const checkpoint::StateSnapshot& state = task.keyed_state();
    check.require(state.key_group_count() == manifest.key_groups() &&
                      state.group_begin() <= state.group_end() &&
                      state.group_end() <= manifest.key_groups(),
                  "keyed state of groups [{}, {}) of {}; the job has {}", state.group_begin(),
                  state.group_end(), state.key_group_count(), manifest.key_groups());
  }
  for (const checkpoint::OperatorState& state : task.operator_states())
    check.name("an operator", state.operator_());
  for (const checkpoint::SplitSnapshot& split : task.splits())
    check.name("a source", split.source());
}

void check_blobs(Check& check, const Manifest& manifest) {
  for_each_blob(manifest, [&](const checkpoint::BlobRef& blob) {
    check.require(is_store_name(blob.name()), "it names a blob as no store does");
  });
  for_each_piece(manifest, [&](const checkpoint::PieceRef& piece) {
    const std::uint64_t size = piece.blob().size();
    check.require(piece.offset() <= size && piece.length() <= size - piece.offset(),
                  "a piece of {} bytes at {} of blob {}, which has {}", piece.length(),
                  piece.offset(), piece.blob().name(), size);
  });
}

}  // namespace

Status check_manifest(const Manifest& manifest, std::string_view name) {
  Check check(name);
  check.require(
      manifest.kind() == checkpoint::CHECKPOINT || manifest.kind() == checkpoint::SAVEPOINT,
      "neither checkpoint nor savepoint");
  check.require(manifest.uid().size() == 16, "the job's uid has {} bytes", manifest.uid().size());
  check.require(manifest.graph_digest().size() == 16, "the graph's digest has {} bytes",
                manifest.graph_digest().size());
  check.require(manifest.checkpoint() != 0, "it has no checkpoint id");
  check.require(
      manifest.key_groups() >= 1 && manifest.key_groups() <= ManifestLimits::kKeyGroupsMax,
      "{} key groups", manifest.key_groups());
  check.require(manifest.tasks_size() <= ManifestLimits::kTasksMax, "{} tasks",
                manifest.tasks_size());
  const auto lineages = LineageHistory::decode(manifest.lineages());
  check.require(lineages.has_value(), "{}", lineages ? "" : lineages.error().what());
  check_routing(check, manifest);
  check_sources(check, manifest);
  std::set<std::pair<std::string_view, std::uint32_t>> tasks;
  for (const TaskSnapshot& task : manifest.tasks()) {
    check_task(check, manifest, task);
    if (task.operators().empty()) continue;
    check.require(tasks.emplace(task.operators(0), task.task()).second,
                  "task {} of {} is there twice", task.task(), task.operators(0));
  }
  for (const checkpoint::SinkRecord& sink : manifest.sinks()) check.name("a sink", sink.sink());
  check_blobs(check, manifest);
  return check.result();
}

}  // namespace tributary
