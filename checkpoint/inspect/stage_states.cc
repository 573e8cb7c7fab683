#include "checkpoint/inspect/stage_states.h"

#include <algorithm>

#include "checkpoint/tiered_catalog.h"

namespace tributary {

using checkpoint::Manifest;
using checkpoint::StateInCatalog;
using checkpoint::TaskSnapshot;

namespace {

// Timers keep no schema of keys: they have those of the operator's other states.
StateInCatalog with_key_schema(StateInCatalog entry, const TieredCatalog& catalog) {
  if (entry.kind() != StateInCatalog::TIMERS || !entry.key_schema().empty()) return entry;
  for (const StateInCatalog& other : catalog.entries())
    if (other.operator_name() == entry.operator_name() && !other.key_schema().empty())
      entry.set_key_schema(other.key_schema());
  return entry;
}

}  // namespace

ScratchFolder::~ScratchFolder() {
  if (given_ > 0) (void)files_.remove_tree(path_);
}

Result<std::string> ScratchFolder::new_path() {
  if (given_ == 0) TRY(files_.make_directories(path_));
  return fmt::format("{}/{}", path_, given_++);
}

Result<std::vector<StageStates>> StageStates::all_of(const Manifest& manifest) {
  std::vector<StageStates> stages;
  std::vector<TieredCatalog> catalogs;
  for (const TaskSnapshot& task : manifest.tasks()) {
    const std::vector<std::string> operators(task.operators().begin(), task.operators().end());
    auto found = std::ranges::find(stages, operators, &StageStates::operators_);
    if (found == stages.end()) {
      catalogs.emplace_back();
      found = stages.insert(stages.end(), StageStates());
      found->operators_ = operators;
    }
    found->tasks_.push_back(&task);
    // Tasks of a stage agree about ids, as they must for a restore.
    const auto index = static_cast<std::size_t>(found - stages.begin());
    TRY(catalogs[index].restore(task.keyed_state().catalog()));
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::ranges::stable_sort(stages[i].tasks_, {}, [](const TaskSnapshot* task) {
      return std::pair(task->keyed_state().group_begin(), task->task());
    });
    for (const StateInCatalog& entry : catalogs[i].entries())
      stages[i].states_.push_back(TRY(StateDecoder::make(with_key_schema(entry, catalogs[i]))));
    // People ask for values first.
    std::ranges::stable_partition(stages[i].states_, [](const StateDecoder& state) {
      return state.entry().kind() != StateInCatalog::TIMERS;
    });
  }
  return stages;
}

std::optional<StatePart> StageStates::part_of(StateId id) const {
  for (const StateDecoder& state : states_) {
    const std::uint32_t first = state.entry().state_id();
    if (state.is_map() && id.value == first + 1)
      return StatePart{StatePart::Kind::kMapElement, &state};
    if (id.value != first) continue;
    if (state.is_map()) return StatePart{StatePart::Kind::kMapHead, &state};
    const bool is_timer = state.entry().kind() == StateInCatalog::TIMERS;
    return StatePart{is_timer ? StatePart::Kind::kTimer : StatePart::Kind::kValue, &state};
  }
  return std::nullopt;
}

const StateDecoder* StageStates::find(std::string_view operator_name,
                                      std::string_view state) const {
  const auto found = std::ranges::find_if(states_, [&](const StateDecoder& one) {
    return one.entry().operator_name() == operator_name && one.entry().name() == state;
  });
  return found == states_.end() ? nullptr : &*found;
}

Result<StageContents> StageContents::open(const StageStates& stage, const InspectPlaces& places,
                                          std::optional<KeyGroup> only) {
  StageContents opened;
  for (const TaskSnapshot* task : stage.tasks()) {
    if (!task->has_keyed_state()) continue;
    const auto& snapshot = task->keyed_state();
    if (only && (only->value < snapshot.group_begin() || only->value >= snapshot.group_end()))
      continue;
    const std::string folder = TRY(places.scratch->new_path());
    opened.tasks_.push_back(
        std::make_unique<TaskContents>(TRY(TaskContents::open(snapshot, places.layers, folder))));
  }
  return opened;
}

Result<bool> StateCursor::next() {
  for (;;) {
    if (cursor_ && TRY(cursor_->next())) return true;
    cursor_.reset();
    if (task_ == stage_->tasks().size()) return false;
    const TaskContents& task = *stage_->tasks()[task_];
    group_ = std::max(group_, task.groups().begin);
    if (group_ >= task.groups().end) {
      ++task_;
      continue;
    }
    std::string prefix;
    append_state_prefix({static_cast<std::uint16_t>(group_++)}, id_, prefix);
    cursor_.emplace(task, prefix, end_of_prefix(prefix));
  }
}

}  // namespace tributary
