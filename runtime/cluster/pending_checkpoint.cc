#include "runtime/cluster/pending_checkpoint.h"

#include <string_view>
#include <tuple>

namespace tributary {

PendingCheckpoint::PendingCheckpoint(Plan plan, const std::vector<TaskId>& tasks)
    : plan_(std::move(plan)), tasks_(tasks.size()) {
  for (const TaskId& task : tasks) waiting_.emplace(task.stage, task.task);
}

void PendingCheckpoint::add(const checkpoint_event::TaskAcked& ack) {
  const Key key{ack.task.stage, ack.task.task};
  if (waiting_.erase(key) == 0) return;
  if (ack.unchanged)
    unchanged_.insert(key);
  else
    snapshots_.emplace(key, ack.snapshot);
}

std::string PendingCheckpoint::missing() const {
  std::string text = fmt::format("{} of {} tasks did not answer:", waiting_.size(), tasks_);
  int shown = 0;
  for (const auto& [stage, task] : waiting_) {
    if (++shown > 5) return text + " …";
    text += fmt::format("{} stage {} task {}", shown == 1 ? "" : ",", stage, task);
  }
  return text;
}

Status PendingCheckpoint::join(const Snapshots& base) {
  for (const Key& key : unchanged_) {
    const auto found = base.find(key);
    if (found == base.end())
      return fail(ErrorCode::S418,
                  "stage {} task {} says that nothing has changed since a checkpoint that it has "
                  "not made",
                  key.first, key.second);
    snapshots_.insert(*found);
  }
  unchanged_.clear();
  using Copy = std::tuple<std::uint32_t, std::string_view, std::string_view>;
  std::map<Copy, std::pair<std::uint64_t, std::uint64_t>> copies;
  for (const auto& [key, snapshot] : snapshots_) {
    for (const checkpoint::BroadcastCopy& copy : snapshot.broadcast()) {
      const std::pair hash{copy.hash_high(), copy.hash_low()};
      const auto [first, added] =
          copies.emplace(Copy{key.first, copy.operator_(), copy.state()}, hash);
      if (!added && first->second != hash)
        return fail(ErrorCode::S418,
                    "the copies of broadcast state {} of {} differ between tasks: stage {} task {}",
                    copy.state(), copy.operator_(), key.first, key.second);
    }
  }
  return {};
}

}  // namespace tributary
