#include "checkpoint/inspect/checkpoint_diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace tributary {
namespace {

using Kind = StatePart::Kind;

// Behind group and state: what two checkpoints with other ids of states have in common.
constexpr std::size_t kGroupBytes = 2;
constexpr std::size_t kHeadBytes = 4;

using StateName = std::pair<std::string, std::string>;  // operator, state

// One checkpoint's states by name; the stages are opened one at a time.
class Side {
 public:
  explicit Side(const DiffSide& side) : side_(side) {}

  Status read() {
    stages_ = TRY(StageStates::all_of(*side_.manifest));
    for (const StageStates& stage : stages_)
      for (const StateDecoder& state : stage.states())
        states_[{state.entry().operator_name(), state.entry().name()}] = {&stage, &state};
    return {};
  }
  const StateDecoder* state(const StateName& name) const {
    const auto found = states_.find(name);
    return found == states_.end() ? nullptr : found->second.second;
  }
  void add_names(std::set<StateName>& names) const {
    for (const auto& [name, unused] : states_) names.insert(name);
  }
  // The stage of this state; null if it has none.
  Result<const StageContents*> contents(const StateName& name) {
    const auto found = states_.find(name);
    if (found == states_.end()) return nullptr;
    if (opened_ != found->second.first) {
      contents_.reset();
      contents_ = TRY(StageContents::open(*found->second.first, side_.places));
      opened_ = found->second.first;
    }
    return &*contents_;
  }

 private:
  const DiffSide& side_;
  std::vector<StageStates> stages_;
  std::map<StateName, std::pair<const StageStates*, const StateDecoder*>> states_;
  const StageStates* opened_ = nullptr;
  std::optional<StageContents> contents_;
};

// A state of one side, entry by entry; of maps the elements.
class SideCursor {
 public:
  SideCursor(const StageContents* contents, const StateDecoder* state) {
    if (contents == nullptr) return;
    const auto id = static_cast<std::uint16_t>(state->entry().state_id());
    const bool is_timer = state->entry().kind() == checkpoint::StateInCatalog::TIMERS;
    part_ = {is_timer ? Kind::kTimer : state->is_map() ? Kind::kMapElement : Kind::kValue, state};
    cursor_.emplace(*contents, StateId{static_cast<std::uint16_t>(state->is_map() ? id + 1 : id)});
  }

  Status next() {
    if (cursor_ && !TRY(cursor_->next())) cursor_.reset();
    order_.clear();
    if (!cursor_) return {};
    order_.append(cursor_->key().substr(0, kGroupBytes));
    order_.append(cursor_->key().substr(kHeadBytes));
    return {};
  }
  bool at_end() const { return !cursor_; }
  const std::string& order() const { return order_; }
  std::string_view value() const { return cursor_->value(); }
  Result<EntryText> text() const { return entry_text(part_, cursor_->key()); }
  Result<StateDecoder::Value> decoded() const {
    if (part_.kind == Kind::kTimer) return StateDecoder::Value{};
    return part_.state->value(cursor_->value());
  }

 private:
  StatePart part_;
  std::optional<StateCursor> cursor_;
  std::string order_;
};

class StateComparison {
 public:
  StateComparison(SideCursor& before, SideCursor& after, std::size_t examples_max, StateDiff& diff)
      : before_(before), after_(after), examples_max_(examples_max), diff_(diff) {}

  Status run() {
    TRY(before_.next());
    TRY(after_.next());
    while (!before_.at_end() || !after_.at_end()) {
      const bool only_before =
          after_.at_end() || (!before_.at_end() && before_.order() < after_.order());
      const bool only_after =
          before_.at_end() || (!after_.at_end() && after_.order() < before_.order());
      TRY(only_before ? removed() : only_after ? added() : both());
      if (!only_after) TRY(before_.next());
      if (!only_before) TRY(after_.next());
    }
    return {};
  }

 private:
  bool has_room() const { return diff_.examples.size() < examples_max_; }

  Status removed() {
    ++diff_.removed;
    if (!has_room()) return {};
    auto value = TRY(before_.decoded());
    diff_.examples.push_back({TRY(before_.text()), std::move(value.json), {}, true, false});
    return {};
  }
  Status added() {
    ++diff_.added;
    if (!has_room()) return {};
    auto value = TRY(after_.decoded());
    diff_.examples.push_back({TRY(after_.text()), {}, std::move(value.json), false, true});
    return {};
  }
  Status both() {
    if (before_.value() == after_.value()) return {};
    // Other bytes may say the same: written again with a newer schema.
    auto was = TRY(before_.decoded());
    auto is = TRY(after_.decoded());
    if (was.json == is.json && was.written == is.written) return {};
    ++diff_.changed;
    if (!has_room()) return {};
    diff_.examples.push_back(
        {TRY(after_.text()), std::move(was.json), std::move(is.json), true, true});
    return {};
  }

  SideCursor& before_;
  SideCursor& after_;
  const std::size_t examples_max_;
  StateDiff& diff_;
};

std::map<std::pair<std::string, std::string>, std::int64_t> positions_of(
    const checkpoint::Manifest& manifest) {
  std::map<std::pair<std::string, std::string>, std::int64_t> positions;
  for (const auto& table : manifest.sources())
    for (const auto& split : table.splits())
      positions[{table.source(), split.id()}] = split.position();
  for (const auto& task : manifest.tasks())
    for (const auto& split : task.splits())
      positions[{split.source(), split.id()}] = split.position();
  return positions;
}

std::vector<SplitDiff> diff_splits(const checkpoint::Manifest& before,
                                   const checkpoint::Manifest& after) {
  std::map<std::pair<std::string, std::string>, SplitDiff> all;
  for (const auto& [name, position] : positions_of(before)) all[name].before = position;
  for (const auto& [name, position] : positions_of(after)) all[name].after = position;
  std::vector<SplitDiff> moved;
  for (auto& [name, split] : all) {
    if (split.before == split.after) continue;
    split.source = name.first;
    split.split = name.second;
    moved.push_back(std::move(split));
  }
  return moved;
}

}  // namespace

Result<CheckpointDiff> diff_checkpoints(const DiffSide& before, const DiffSide& after,
                                        const DiffOptions& options) {
  if (before.manifest->key_groups() != after.manifest->key_groups())
    return fail(ErrorCode::S405, "one has {} key groups, the other one {}: they cannot be compared",
                before.manifest->key_groups(), after.manifest->key_groups());
  Side was(before);
  Side is(after);
  TRY(was.read());
  TRY(is.read());
  std::set<StateName> names;
  was.add_names(names);
  is.add_names(names);
  CheckpointDiff diff;
  for (const StateName& name : names) {
    if (!options.operator_name.empty() && name.first != options.operator_name) continue;
    StateDiff& state = diff.states.emplace_back();
    state.operator_name = name.first;
    state.state = name.second;
    const StateDecoder* was_state = was.state(name);
    const StateDecoder* is_state = is.state(name);
    if (was_state != nullptr && is_state != nullptr &&
        was_state->entry().kind() != is_state->entry().kind())
      return fail(ErrorCode::S401, "state \"{}\" of {} is of another kind in each", name.second,
                  name.first);
    SideCursor was_cursor(TRY(was.contents(name)), was_state);
    SideCursor is_cursor(TRY(is.contents(name)), is_state);
    TRY(StateComparison(was_cursor, is_cursor, options.examples_max, state).run());
  }
  if (!options.operator_name.empty() && diff.states.empty())
    return fail(ErrorCode::C113, "neither has keyed state of an operator {}",
                options.operator_name);
  diff.splits = diff_splits(*before.manifest, *after.manifest);
  return diff;
}

}  // namespace tributary
