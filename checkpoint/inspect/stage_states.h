// checkpoint/inspect/stage_states.h
// The keyed state of one stage as a checkpoint has it: its tasks in the order of their key groups,
// its states by name and by the id that keys bear, and a cursor over one state of all tasks.
//
// Calls that open or move block. Thread: one at a time. The manifest must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "checkpoint/inspect/state_decoder.h"
#include "checkpoint/inspect/task_contents.h"
#include "checkpoint/lsm_key.h"
#include "checkpoint/manifest/manifest.pb.h"

namespace tributary {

// A folder for opened stores, gone with all of it at the end.
class ScratchFolder {
 public:
  // Made when the first name is asked for. `files` must outlive it.
  ScratchFolder(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // A path in it that nobody was given before.
  Result<std::string> new_path();

 private:
  FileSystem& files_;
  const std::string path_;
  std::uint64_t given_ = 0;
};

// Where a checkpoint is read from.
struct InspectPlaces {
  LayerPlaces layers;
  ScratchFolder* scratch = nullptr;
};

// What an entry is, by the id in its key.
struct StatePart {
  enum class Kind : std::uint8_t { kValue, kMapHead, kMapElement, kTimer };
  Kind kind = Kind::kValue;
  const StateDecoder* state = nullptr;
};

class StageStates {
 public:
  // Every stage of the manifest, in its order; those without keyed state too. S431 and S432 if the
  // catalogs are not what engines write.
  static Result<std::vector<StageStates>> all_of(const checkpoint::Manifest& manifest);

  const std::vector<std::string>& operators() const { return operators_; }
  const std::vector<const checkpoint::TaskSnapshot*>& tasks() const { return tasks_; }
  const std::vector<StateDecoder>& states() const { return states_; }
  // Nothing if no state has this id.
  std::optional<StatePart> part_of(StateId id) const;
  // Timers are the state without name. Null if there is none such.
  const StateDecoder* find(std::string_view operator_name, std::string_view state) const;

 private:
  std::vector<std::string> operators_;
  std::vector<const checkpoint::TaskSnapshot*> tasks_;  // by key groups
  std::vector<StateDecoder> states_;
};

// Tasks of a stage, opened: all, or those with one key group.
class StageContents {
 public:
  static Result<StageContents> open(const StageStates& stage, const InspectPlaces& places,
                                    std::optional<KeyGroup> only = {});
  const std::vector<std::unique_ptr<TaskContents>>& tasks() const { return tasks_; }

 private:
  std::vector<std::unique_ptr<TaskContents>> tasks_;
};

// The entries with one state id, in the order of key group, key, namespace and map key.
class StateCursor {
 public:
  StateCursor(const StageContents& stage, StateId id) : stage_(&stage), id_(id) {}

  Result<bool> next();
  std::string_view key() const { return cursor_->key(); }
  std::string_view value() const { return cursor_->value(); }

 private:
  const StageContents* stage_;
  const StateId id_;
  std::size_t task_ = 0;
  std::uint32_t group_ = 0;
  std::optional<ContentsCursor> cursor_;
};

}  // namespace tributary
