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

// What is under way on the pool refers to the state and the sinks until the io has gone.
Task::~Task() { parts_.io.reset(); }

void Task::open() {
  Status opened = parts_.chain->open();
  if (opened) opened = parts_.state->finish_open();
  if (opened) opened = restore_operators();
  if (opened && parts_.source != nullptr && !parts_.finished) opened = parts_.source->open();
  if (!opened) return fail(std::move(opened).error());
  parts_.listener->on_report(
      {.task = parts_.id, .kind = TaskReportKind::kReady, .gate = 0, .error = {}});
}

Status Task::restore_operators() {
  std::vector<std::vector<std::string>> states(parts_.chain->node_count());
  for (std::size_t node = 0; node < parts_.operator_states.size(); ++node) {
    states[node].reserve(parts_.operator_states[node].size());
    for (const checkpoint::OperatorState& state : parts_.operator_states[node]) {
      states[node].push_back(state.blobs_size() == 0 ? state.bytes()
                                                     : TRY(parts_.blobs->get(state.blobs(0))));
    }
  }
  parts_.operator_states.clear();
  return parts_.chain->restore(states);
}

void Task::run() {
  running_ = true;
  for (const TaskSink& one : parts_.sinks) one.sink->start();
  if (parts_.finished) {
    finished_ = true;
    parts_.metrics->finished.set(1);
    if (parts_.source != nullptr) parts_.source->close();
  }
  for (TaskGate& gate : parts_.gates) {
    // Whoever has ended has read all there was.
    for (std::uint32_t i = 0; i < parts_.input_times.size(); ++i)
      gate.seen += parts_.input_times[i].ended && gate.from_channel[i] ? 1 : 0;
    // Or no channel of this task will bring the marker (a forward edge that leads to other tasks):
    // nothing to wait for.
    const bool from_source = parts_.source != nullptr && gate.expected == 0;
    if (from_source ? parts_.finished : gate.seen == gate.expected) marker_has_passed(gate);
  }
  if (finished_) {
    parts_.listener->on_report(
        {.task = parts_.id, .kind = TaskReportKind::kFinished, .gate = 0, .error = {}});
    return;
  }
  // Channels that ended before the snapshot bring nothing; their ends count once more.
  for (std::uint32_t i = 0; i < parts_.input_times.size(); ++i) {
    if (parts_.input_times[i].ended)
      parts_.chain->deliver_control(0, i, ControlEvent::end(parts_.input_times[i].drained));
  }
}

bool Task::turn(Timestamp now, std::int64_t slice_nanos, std::vector<bool>& credited) {
  if (over_ || !running_) return false;
  const std::int64_t started = parts_.clock->monotonic_nanos();
  OperatorChain& chain = *parts_.chain;
  bool progressed = run_services(now);
  if (over_) return true;
  if (finished_) {
    // A sink that could not write what its last epochs hold asks to be called again.
    chain.begin_slice(started + slice_nanos, now);
    if (chain.next_wake() <= now) progressed |= chain.run_timers(now);
    if (chain.failure()) fail(*chain.failure());
    return progressed;
  }
  chain.begin_slice(started + slice_nanos, now);

  for (const auto& outbox : parts_.outboxes) progressed |= outbox->flush();
  if (!chain.drained()) progressed |= chain.resume();
  if (chain.next_wake() <= now && !blocked()) progressed |= chain.run_timers(now);
  if (chain.drained()) {
    progressed |= take_inputs(started + slice_nanos, credited);
    if (parts_.source != nullptr) progressed |= run_source(now);
    if (over_) return true;
    if (chain.drained() && chain.has_background() && !blocked()) {
      // A share of its own: behind busy inputs the slice is always over by now. A barrier waits
      // for it.
      const bool is_awaited = parts_.snapshots != nullptr && parts_.snapshots->is_due();
      chain.begin_slice(
          parts_.clock->monotonic_nanos() + slice_nanos / (is_awaited ? 1 : kBackgroundShare), now);
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
  if (parts_.snapshots != nullptr && parts_.snapshots->has_work()) progressed |= run_services(now);
  if (over_) return true;
  finish_if_done();
  account(now, started, parts_.clock->monotonic_nanos(), progressed);
  return progressed;
}

bool Task::run_services(Timestamp now) {
  bool progressed = parts_.state->maintain();
  if (const Status status = parts_.state->status(); !status) {
    fail(Error(status.error()));
    return true;
  }
  if (parts_.io == nullptr) return progressed;
  progressed |= parts_.io->poll();
  next_service_ = Timestamp::max();
  const std::int64_t nanos = parts_.clock->monotonic_nanos();
  for (const TaskSink& one : parts_.sinks) {
    StagedSink& sink = *one.sink;
    if (sink.next_tick_nanos() <= nanos) sink.tick();
    if (sink.failure()) {
      fail(*sink.failure());
      return true;
    }
    // Another attempt owns the output: this one is a zombie, and says so.
    if (sink.stood_down()) {
      fail(*sink.held());
      return true;
    }
    const std::int64_t next = sink.next_tick_nanos();
    if (next != INT64_MAX)
      next_service_ = std::min(
          next_service_, now + microseconds(std::max<std::int64_t>(next - nanos, 0) / 1000 + 1));
  }
  const Result<bool> ran = parts_.snapshots->run();
  if (!ran) {
    fail(Error(ran.error()));
    return true;
  }
  return progressed || *ran;
}

bool Task::input_stopped() const {
  return std::ranges::any_of(parts_.sinks,
                             [](const TaskSink& one) { return one.sink->input_stopped(); });
}

void Task::on_sink_order(graph::VertexId sink, OwnershipRound round, const OwnerOrder& order) {
  for (std::size_t i = 0; i < parts_.sinks.size() && !over_; ++i) {
    if (parts_.sinks[i].vertex == sink) parts_.sinks[i].sink->on_order(round, order);
  }
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
  const bool stopped = input_stopped();
  const auto count = static_cast<std::uint32_t>(parts_.inputs.size());
  while (quiet < count && chain.drained() && !chain.failure() && !over_) {
    const std::uint32_t index = next_input_;
    next_input_ = (next_input_ + 1) % count;
    const TaskInput& input = parts_.inputs[index];
    if (parts_.snapshots != nullptr && parts_.snapshots->blocks(index)) {
      ++quiet;
      continue;
    }
    Channel::Item item = input.channel->receiver_next(blocked() || stopped);
    if (auto* batch = std::get_if<BatchPtr>(&item)) {
      parts_.metrics->records_in.add((*batch)->size());
      credited[input.from_slot] = true;
      chain.deliver(0, input.operator_input, std::move(*batch));
      progressed = true;
      quiet = 0;
      if (parts_.clock->monotonic_nanos() >= deadline) break;
    } else if (const auto* event = std::get_if<ControlEvent>(&item)) {
      on_control(index, *event);
      progressed = true;
      quiet = 0;
    } else {
      ++quiet;
    }
  }
  return progressed;
}

void Task::on_control(std::uint32_t index, const ControlEvent& event) {
  switch (event.kind) {
    case ControlKind::kMarker:
      return on_marker(index, event.marker);
    case ControlKind::kBarrier:
      if (const Status taken = parts_.snapshots->on_barrier(index, event.barrier); !taken)
        fail(Error(taken.error()));
      return;
    case ControlKind::kEnd:
      if (parts_.snapshots != nullptr) parts_.snapshots->on_end(index);
      [[fallthrough]];
    default:
      parts_.chain->deliver_control(0, index, event);
  }
}

void Task::on_marker(std::uint32_t channel, std::uint32_t marker) {
  for (TaskGate& gate : parts_.gates) {
    if (gate.gate != marker || gate.expected == 0 || !gate.from_channel[channel]) continue;
    if (++gate.seen == gate.expected) marker_has_passed(gate);
  }
}

void Task::marker_has_passed(const TaskGate& gate) {
  if (gate.passes_on && !finished_) {
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
  if (parts_.snapshots != nullptr && parts_.snapshots->stops_source()) return progressed;
  Result<SourceDriver::Turn> turn = source.turn(now, !blocked() && !input_stopped());
  if (!turn) {
    fail(std::move(turn).error());
    return true;
  }
  return progressed || *turn == SourceDriver::Turn::kProgressed;
}

void Task::finish_if_done() {
  if (over_ || finished_ || !parts_.chain->ended() || !parts_.chain->drained()) return;
  for (const auto& outbox : parts_.outboxes) {
    if (outbox->has_waiting()) return;
  }
  // With checkpoints its last snapshots are still to come, and its sinks publish after them: it is
  // closed when the job has ended. All that is to be written has been flushed by the end itself.
  if (parts_.snapshots == nullptr) {
    if (parts_.source != nullptr) parts_.source->close();
    const Status closed = parts_.chain->close(true);
    if (!closed) return fail(Error(closed.error()));
    over_ = true;
  }
  finished_ = true;
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

void Task::leave() {
  if (over_) return;
  over_ = true;
  if (parts_.source != nullptr) parts_.source->close();
  (void)parts_.chain->close(true);
}

void Task::cancel() {
  if (over_) return;
  over_ = true;
  if (parts_.source != nullptr) parts_.source->close();
  (void)parts_.chain->close(false);
}

Timestamp Task::next_turn() const {
  if (over_ || !running_) return Timestamp::max();
  if (parts_.snapshots != nullptr && parts_.snapshots->has_work()) return Timestamp::min();
  Timestamp next = next_service_;
  if (finished_) return std::min(next, parts_.chain->next_wake());
  // Without room there is nothing to wait for but credit, which wakes the slot. A source waits for
  // its chain.
  if (!blocked()) {
    next = std::min(next, parts_.chain->next_wake());
    const bool may_read = parts_.snapshots == nullptr || !parts_.snapshots->stops_source();
    if (parts_.source != nullptr && parts_.chain->drained() && may_read)
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
