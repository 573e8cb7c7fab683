#include "runtime/exec/slot.h"

#include <algorithm>
#include <utility>

namespace tributary {

namespace {
// Keeps an instant far away from overflowing the executor's clock.
constexpr Duration kLongestSleep = hours(24);
}  // namespace

SlotLink::~SlotLink() {
  InProcessFrame frame;
  while (frames.try_pop(frame)) BatchPool::free(frame.batch);
  Batch* batch = nullptr;
  while (returns.try_pop(batch)) BatchPool::free(batch);
}

// Tasks hold batches of the pool, so they go first.
Slot::~Slot() { tasks_.clear(); }

void Slot::add_incoming(SlotLink& link) { incoming_.push_back(&link); }

void Slot::add_outgoing(SlotLink& link) {
  outgoing_.resize(options_.slot_count, nullptr);
  outgoing_[link.to] = &link;
  pool_.add_returns(&link.returns);
}

std::uint32_t Slot::add_channel(Channel& channel, std::uint32_t to_slot) {
  channels_.push_back({.channel = &channel, .to = to_slot});
  return static_cast<std::uint32_t>(channels_.size() - 1);
}

void Slot::post(std::function<void(Slot&)> command) {
  {
    const std::lock_guard lock(commands_mutex_);
    commands_.push_back(std::move(command));
    has_commands_.store(true, std::memory_order_release);
  }
  wakers_[options_.index]->wake();
}

bool Slot::run_commands() {
  if (!has_commands_.load(std::memory_order_acquire)) return false;
  std::vector<std::function<void(Slot&)>> commands;
  {
    const std::lock_guard lock(commands_mutex_);
    commands.swap(commands_);
    has_commands_.store(false, std::memory_order_relaxed);
  }
  for (const auto& command : commands) command(*this);
  return true;
}

Task* Slot::find(const TaskId& id) {
  const auto found =
      std::ranges::find_if(tasks_, [&](const auto& task) { return task->id() == id; });
  return found == tasks_.end() ? nullptr : found->get();
}

void Slot::send(std::uint32_t index, const FrameHeader& header, BatchPtr batch) {
  const Outgoing& outgoing = channels_[index];
  if (outgoing.to == options_.index) {
    outgoing.channel->receiver_accept(header, std::move(batch));
    return;
  }
  InProcessFrame frame{.header = header, .channel = outgoing.channel, .batch = batch.release()};
  const bool pushed = outgoing_[outgoing.to]->frames.try_push(std::move(frame));
  TRIBUTARY_CHECK(pushed, "the ring to slot {} has less room than the credit it carries",
                  outgoing.to);
  touched_[outgoing.to] = true;
}

void Slot::notify(std::uint32_t index) { touched_[channels_[index].to] = true; }

// Empties the rings into the inboxes, before the tasks look for control events
// (Channel::receiver_collect_control).
bool Slot::receive() {
  bool received = false;
  for (SlotLink* link : incoming_) {
    InProcessFrame frame;
    while (link->frames.try_pop(frame)) {
      pool_.adopt(*frame.batch, &link->returns);
      frame.channel->receiver_accept(frame.header, BatchPtr(frame.batch));
      received = true;
    }
  }
  return received;
}

StepResult Slot::step() {
  bool progressed = run_commands();
  progressed |= receive();
  const Timestamp now = options_.clock->now();
  for (const auto& task : tasks_) {
    progressed |= task->turn(now, options_.slice.micros * 1000, credited_);
    // Nobody is woken per batch: once per slice.
    for (std::uint32_t slot = 0; slot < options_.slot_count; ++slot) {
      const bool wake = credited_[slot] || touched_[slot];
      credited_[slot] = false;
      touched_[slot] = false;
      if (!wake) continue;
      if (slot == options_.index) {
        progressed = true;  // a task of this slot has something to look at
      } else {
        wakers_[slot]->wake();
      }
    }
  }
  if (leaving_) return {.progressed = true, .finished = true};
  if (progressed) return {.progressed = true};
  Timestamp next = Timestamp::max();
  for (const auto& task : tasks_) next = std::min(next, task->next_turn());
  if (next == Timestamp::max()) return {};
  const std::int64_t in_micros =
      next <= now ? 0 : std::min((next - now).micros, kLongestSleep.micros);
  return {.progressed = false,
          .finished = false,
          .deadline_nanos = options_.clock->monotonic_nanos() + in_micros * 1000};
}

}  // namespace tributary
