#include "base/manual_executor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace tributary {

struct ManualExecutor::Entry final : public Waker {
  Entry(std::string name_of, Runnable& runs) : name(std::move(name_of)), runnable(runs) {}
  void wake() override { woken = true; }

  std::string name;
  Runnable& runnable;
  bool woken = true;
  StepResult last{};
};

ManualExecutor::ManualExecutor(const Clock& clock, std::uint64_t seed)
    : clock_(clock), random_(seed) {}
ManualExecutor::~ManualExecutor() = default;

Waker& ManualExecutor::spawn(std::string name, Runnable& runnable) {
  entries_.push_back(std::make_unique<Entry>(std::move(name), runnable));
  return *entries_.back();
}

bool ManualExecutor::step_one() {
  ready_.clear();
  const std::int64_t now = clock_.monotonic_nanos();
  for (const auto& entry : entries_) {
    const StepResult& last = entry->last;
    if (!last.finished && (entry->woken || last.progressed || now >= last.deadline_nanos))
      ready_.push_back(entry.get());
  }
  if (ready_.empty()) return false;
  Entry& entry = *ready_[random_.below(ready_.size())];
  entry.woken = false;
  entry.last = entry.runnable.step();
  return true;
}

bool ManualExecutor::run_until_idle(std::uint64_t steps_max) {
  for (std::uint64_t step = 0; step < steps_max; ++step)
    if (!step_one()) return true;
  return false;
}

void ManualExecutor::join() {
  while (step_one()) {
  }
  TRIBUTARY_CHECK(all_finished(), "waits for ever: {}", fmt::join(unfinished(), ", "));
}

std::int64_t ManualExecutor::next_deadline_nanos() const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  for (const auto& entry : entries_)
    if (!entry->last.finished) next = std::min(next, entry->last.deadline_nanos);
  return next;
}

bool ManualExecutor::all_finished() const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry->last.finished; });
}

std::vector<std::string> ManualExecutor::unfinished() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_)
    if (!entry->last.finished) names.push_back(entry->name);
  return names;
}

}  // namespace tributary
