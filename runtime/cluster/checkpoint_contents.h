// runtime/cluster/checkpoint_contents.h
// A manifest as a restore looks at it: by operator, what each of its old tasks held. Says what is
// there; what becomes of it is for restore_match.h.
//
// A view: the manifest outlives it. Invariants once read: a stage has all of its tasks, an operator
// is in one stage, whatever a task says is of one of its own operators, and numbers of tasks are in
// range. A manifest that says otherwise is refused (S415), whoever wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/exec/restore_plan.h"
#include "runtime/graph/job_graph.pb.h"

namespace tributary {

struct OldStage {
  std::vector<const checkpoint::TaskSnapshot*> tasks;  // by number
  std::vector<checkpoint::StateInCatalog> catalog;     // of all tasks; also of states dropped
  std::uint64_t keyed_bytes = 0;                       // of the blobs and pieces of its keyed state
};

struct OldSplit {
  std::uint32_t task = 0;
  const checkpoint::SplitSnapshot* snapshot = nullptr;
};

struct OldOperator {
  const graph::Vertex* vertex = nullptr;
  const OldStage* stage = nullptr;
  std::vector<OperatorTime> times;                // by task
  std::vector<checkpoint::OperatorState> states;  // by task; empty if it had none
  std::vector<const checkpoint::StateInCatalog*> catalog;
  std::set<std::string_view> broadcast;           // names of its broadcast states
  const checkpoint::SplitTable* table = nullptr;  // of a source that was listed
  std::map<std::string_view, OldSplit> splits;    // that a task had, by id
  std::vector<checkpoint::SinkSnapshot> sinks;
  const checkpoint::SinkRecord* sink_record = nullptr;

  std::uint32_t parallelism() const { return static_cast<std::uint32_t>(stage->tasks.size()); }
  // It has states or timers, and its stage has any bytes of such.
  bool has_keyed_state() const { return !catalog.empty() && stage->keyed_bytes > 0; }
  // Bytes of its own or blobs, besides keyed state.
  bool has_operator_state() const;
  // As far as they can be told apart from those of other operators of its stage.
  std::uint64_t state_bytes() const;
};

class CheckpointContents {
 public:
  // `manifest` has passed check_manifest(). G313 for its graph, S431 and S432 for its catalogs.
  static Result<CheckpointContents> read(const checkpoint::Manifest& manifest);

  // By name; null if there was none.
  const OldOperator* find(std::string_view name) const;
  const std::map<std::string_view, OldOperator>& operators() const { return operators_; }
  const std::map<std::string_view, OldStage>& stages() const { return stages_; }

  // A state whose operator is gone stays in the snapshots that others need, under a name that no
  // operator can have and nobody had: operators' names have no control characters, and an id is
  // given once.
  static std::string dropped_name(const checkpoint::StateInCatalog& entry);
  static bool was_dropped(const checkpoint::StateInCatalog& entry);

 private:
  explicit CheckpointContents(const checkpoint::Manifest& manifest) : manifest_(manifest) {}

  Status read_graph();
  Status read_stages();
  Status read_catalog(std::string_view head, OldStage& stage);
  Status read_task(const checkpoint::TaskSnapshot& task);
  Status read_sources();
  Status read_sinks();
  // Null and S415 unless `name` is an operator of `task`.
  Result<OldOperator*> operator_of(const checkpoint::TaskSnapshot& task, const std::string& name);
  template <typename... Args>
  std::unexpected<Error> wrong(fmt::format_string<Args...> text, Args&&... args) const;

  const checkpoint::Manifest& manifest_;
  std::unique_ptr<graph::JobGraph> graph_;       // stays in place when this is moved
  std::map<std::string_view, OldStage> stages_;  // by the name of the first operator
  std::map<std::string_view, OldOperator> operators_;
};

}  // namespace tributary
