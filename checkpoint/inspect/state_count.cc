#include "checkpoint/inspect/state_count.h"

#include <string>

namespace tributary {

Result<std::map<std::uint32_t, StateCount>> count_states(const StageStates& stage,
                                                         const InspectPlaces& places) {
  std::map<std::uint32_t, StateCount> counts;
  for (const checkpoint::TaskSnapshot* task : stage.tasks()) {
    if (!task->has_keyed_state()) continue;
    const std::string folder = TRY(places.scratch->new_path());
    const TaskContents contents =
        TRY(TaskContents::open(task->keyed_state(), places.layers, folder));
    ContentsCursor cursor(contents, {}, {});
    while (TRY(cursor.next())) {
      const auto head = head_of(cursor.key());
      const auto part = head ? stage.part_of(head->state) : std::nullopt;
      if (!part) return fail(ErrorCode::S441, "an entry is of no state that the catalog has");
      StateCount& count = counts[part->state->entry().state_id()];
      ++(part->kind == StatePart::Kind::kMapElement ? count.elements : count.keys);
      count.bytes += cursor.key().size() + cursor.value().size();
    }
  }
  return counts;
}

}  // namespace tributary
