#include "runtime/exec/task.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace tributary {

namespace {
// Of a slice, for background work beside live input.
constexpr std::int64_t kBackgroundShare = 4;
}  // namespace

Task::Task(Parts parts) : parts_(std::move(parts)) {}

void Task::open() {
  Status opened = parts_.chain->open();
  if (opened && parts_.source != nullptr) opened = parts_.source->open();
  if (!opened) return fail(std::move(opened).error());
  parts_.listener->on_report(
      {.task = parts_.id, .kind = TaskReportKind::kReady, .gate = 0, .error = {}});
}

void Task::run() {
  running_ = true;
  if (parts_.source != nullptr) return;
  // No channel of this task will bring the marker (a forward edge that leads to other tasks):
  // nothing to wait for.
  for (const TaskGate& gate : parts_.gates) {
    if (gate.expected == 0) marker_has_passed(gate);
  }
}

bool Task::turn(Timestamp now, std::int64_t slice_nanos, std::vector<bool>& credited) {
  if (over_ || !running_) return false;
  const std::int64_t started = parts_.clock->monotonic_nanos();
  OperatorChain& chain = *parts_.chain;
  chain.begin_slice(started + slice_nanos, now);

  bool progressed = false;
  for (const auto& outbox : parts_.outboxes) progressed |= outbox->flush();
  if (!chain.drained()) progressed |= chain.resume();
  if (chain.next_wake() <= now && !blocked()) progressed |= chain.run_timers(now);
  if (chain.drained()) {
    progressed |= take_inputs(started + slice_nanos, credited);
    if (parts_.source != nullptr) progressed |= run_source(now);
    if (over_) return true;
    if (chain.drained() && chain.has_background() && !blocked()) {
      // A share of its own: behind busy inputs the slice is always over by now.
      chain.begin_slice(parts_.clock->monotonic_nanos() + slice_nanos / kBackgroundShare, now);
      progressed |= chain.run_background();
    }
  }
  for (const auto& outbox : parts_.outboxes) {
    outbox->close_open(now, !progressed);
    progressed |= outbox->flush();
  }
  if (progressed) {
    flushed_since_progress_ = false;
  } else if (!flushed_since_progress_) {
    // Idle: what sinks wrote becomes visible.
    flushed_since_progress_ = true;
    (void)chain.flush();
  }
  if (chain.failure()) {
    fail(*chain.failure());
    return true;
  }
  finish_if_done();
  account(now, started, parts_.clock->monotonic_nanos(), progressed);
  return progressed;
}

// Round robin over the channels: control events always, batches while there is room and time.
bool Task::take_inputs(std::int64_t deadline, std::vector<bool>& credited) {
  OperatorChain& chain = *parts_.chain;
  if (parts_.inputs.empty()) {
    if (parts_.source == nullptr && !std::exchange(started_without_inputs_, true)) {
      chain.deliver_control(0, 0, ControlEvent::end(true));  // nobody will ever send here
      return true;
    }
    return false;
  }
  for (const TaskInput& input : parts_.inputs) input.channel->receiver_collect_control();
  bool progressed = false;
  std::uint32_t quiet = 0;
  const auto count = static_cast<std::uint32_t>(parts_.inputs.size());
  while (quiet < count && chain.drained() && !chain.failure()) {
    const std::uint32_t index = next_input_;
    next_input_ = (next_input_ + 1) % count;
    const TaskInput& input = parts_.inputs[index];
    Channel::Item item = input.channel->receiver_next(blocked());
    if (auto* batch = std::get_if<BatchPtr>(&item)) {
      parts_.metrics->records_in.add((*batch)->size());
      credited[input.from_slot] = true;
      chain.deliver(0, input.operator_input, std::move(*batch));
      progressed = true;
      quiet = 0;
      if (parts_.clock->monotonic_nanos() >= deadline) break;
    } else if (const auto* event = std::get_if<ControlEvent>(&item)) {
      if (event->kind == ControlKind::kMarker) {
        on_marker(index, event->marker);
      } else {
        chain.deliver_control(0, index, *event);
      }
      progressed = true;
      quiet = 0;
    } else {
      ++quiet;
    }
  }
  return progressed;
}

void Task::on_marker(std::uint32_t channel, std::uint32_t marker) {
  for (TaskGate& gate : parts_.gates) {
    if (gate.gate != marker || gate.expected == 0 || !gate.from_channel[channel]) continue;
    if (++gate.seen == gate.expected) marker_has_passed(gate);
  }
}

void Task::marker_has_passed(const TaskGate& gate) {
  if (gate.passes_on) {
    for (const auto& outbox : parts_.outboxes)
      outbox->control({.kind = ControlKind::kMarker, .marker = gate.gate});
  }
  parts_.listener->on_report(
      {.task = parts_.id, .kind = TaskReportKind::kMarker, .gate = gate.gate, .error = {}});
}

bool Task::run_source(Timestamp now) {
  SourceDriver& source = *parts_.source;
  bool progressed = false;
  if (parts_.chain->drained() && source.take_caught_up()) {
    for (const TaskGate& gate : parts_.gates) {
      if (gate.expected == 0) marker_has_passed(gate);
    }
    progressed = true;
  }
  if (!parts_.chain->drained()) return progressed;
  Result<SourceDriver::Turn> turn = source.turn(now, !blocked());
  if (!turn) {
    fail(std::move(turn).error());
    return true;
  }
  return progressed || *turn == SourceDriver::Turn::kProgressed;
}

void Task::finish_if_done() {
  if (over_ || !parts_.chain->ended() || !parts_.chain->drained()) return;
  for (const auto& outbox : parts_.outboxes) {
    if (outbox->has_waiting()) return;
  }
  if (parts_.source != nullptr) parts_.source->close();
  Status closed = parts_.chain->close(true);
  if (!closed) return fail(std::move(closed).error());
  over_ = true;
  parts_.metrics->finished.set(1);
  parts_.listener->on_report(
      {.task = parts_.id, .kind = TaskReportKind::kFinished, .gate = 0, .error = {}});
}

void Task::fail(Error error) {
  if (over_) return;
  over_ = true;
  (void)parts_.chain->close(false);
  if (parts_.source != nullptr) parts_.source->close();
  parts_.listener->on_report(
      {.task = parts_.id, .kind = TaskReportKind::kFailed, .gate = 0, .error = std::move(error)});
}

void Task::cancel() {
  if (over_) return;
  over_ = true;
  if (parts_.source != nullptr) parts_.source->close();
  (void)parts_.chain->close(false);
}

Timestamp Task::next_turn() const {
  if (over_ || !running_) return Timestamp::max();
  Timestamp next = Timestamp::max();
  // Without room there is nothing to wait for but credit, which wakes the slot. A source waits for
  // its chain.
  if (!blocked()) {
    next = parts_.chain->next_wake();
    if (parts_.source != nullptr && parts_.chain->drained())
      next = std::min(next, parts_.source->next_turn());
  }
  for (const auto& outbox : parts_.outboxes) next = std::min(next, outbox->open_due());
  return next;
}

bool Task::has_more(Timestamp now) const {
  if (parts_.source != nullptr) return parts_.source->next_turn() <= now;
  return std::ranges::any_of(
      parts_.inputs, [](const TaskInput& input) { return input.channel->receiver_has_item(); });
}

// Since the last look: busy while it worked; else backpressured if only room is missing, idle if
// data is.
void Task::account(Timestamp now, std::int64_t started, std::int64_t finished, bool progressed) {
  TaskMetrics& metrics = *parts_.metrics;
  const auto counter = [&](Waits waits) -> Counter& {
    switch (waits) {
      case Waits::kForRoom:
      case Waits::kForTurn:
        return metrics.backpressured_nanos;
      case Waits::kInside:
        return metrics.busy_nanos;
      case Waits::kForData:
        break;
    }
    return metrics.idle_nanos;
  };
  if (last_seen_nanos_ != 0) counter(waits_).add(started - last_seen_nanos_);
  const bool for_room = blocked() || (parts_.source != nullptr && parts_.source->wants_room());
  // An operator that holds a batch and waits for the outside is the busy one to those behind it.
  // One that has more to do is held up by the other tasks of its slot.
  waits_ = for_room                      ? Waits::kForRoom
           : !parts_.chain->drained()    ? Waits::kInside
           : progressed && has_more(now) ? Waits::kForTurn
                                         : Waits::kForData;
  (progressed ? metrics.busy_nanos : counter(waits_)).add(finished - started);
  last_seen_nanos_ = finished;

  std::int64_t sent = 0;
  std::size_t inbox = 0;
  std::size_t waiting = 0;
  for (const auto& outbox : parts_.outboxes) {
    sent += static_cast<std::int64_t>(outbox->sent_records());
    waiting += outbox->waiting_bytes();
  }
  for (const TaskInput& input : parts_.inputs) inbox += input.channel->inbox_bytes();
  metrics.records_out.set(sent);
  metrics.inbox_bytes.set(static_cast<std::int64_t>(inbox));
  metrics.waiting_bytes.set(static_cast<std::int64_t>(waiting));
  metrics.watermark.set(parts_.chain->watermark().micros);
  if (parts_.source != nullptr) {
    metrics.backlog.set(parts_.source->backlog());
    metrics.records_in.set(metrics.operators.front()->records_in.get());
  }
}

}  // namespace tributary
