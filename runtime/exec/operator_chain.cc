#include "runtime/exec/operator_chain.h"

#include <algorithm>
#include <utility>

#include "runtime/exec/chain_node.h"

namespace tributary {

namespace {
constexpr std::int64_t kMeterOneIn = 16;
// The clock is read about so often, as long as questions whether to yield come evenly; and never
// less than once in so many questions.
constexpr std::int64_t kClockEveryNanos = 50'000;
constexpr std::int64_t kQuestionsSkippedMax = 15;
// How often an operator is asked again that waits for something outside and did not say until when.
constexpr Duration kPollInterval = milliseconds(1);
}  // namespace

// Reading the clock costs as much as some ten records, so questions that come fast share one
// reading.
bool OperatorChain::slice_is_over() {
  if (questions_to_skip_ > 0) {
    --questions_to_skip_;
    return false;
  }
  const std::int64_t now = environment_.clock->monotonic_nanos();
  const std::int64_t per_question =
      std::max<std::int64_t>((now - last_clock_reading_) / (questions_skipped_ + 1), 1);
  questions_to_skip_ = questions_skipped_ =
      std::min(kClockEveryNanos / per_question, kQuestionsSkippedMax);
  last_clock_reading_ = now;
  return now >= slice_deadline_;
}

void OperatorChain::hold(Node& node, Item item, bool in_front) {
  ++pending_;
  if (in_front) {
    node.waiting.push_front(std::move(item));
  } else {
    node.waiting.push_back(std::move(item));
  }
}

void OperatorChain::deliver(std::uint32_t index, std::uint32_t input, BatchPtr batch) {
  Node& node = *nodes_[index];
  if (node.leads_nowhere) node.dead_letters.add(*batch, *node.spec.metrics);
  Item item{.input = input,
            .batch = std::move(batch),
            .from = 0,
            .event = {},
            .phase = {},
            .drained = false};
  if (!node.waiting.empty() || node.running) {
    hold(node, std::move(item), false);
  } else {
    run_item(node, std::move(item));
  }
}

void OperatorChain::deliver_control(std::uint32_t index, std::uint32_t status,
                                    const ControlEvent& event) {
  Node& node = *nodes_[index];
  Item item{.input = status, .batch = {}, .from = 0, .event = event, .phase = {}, .drained = false};
  if (!node.waiting.empty() || node.running) {
    hold(node, std::move(item), false);
  } else {
    run_item(node, std::move(item));
  }
}

void OperatorChain::source_control(const ControlEvent& event) {
  Node& node = *nodes_[0];
  if (event.kind == ControlKind::kWatermark) node.passed_watermark = event.watermark;
  if (event.kind == ControlKind::kEnd && !node.ended) {
    node.ended = true;
    ++ended_nodes_;
  }
  forward(node, event);
}

void OperatorChain::run_item(Node& node, Item item) {
  if (failure_) return;
  node.running = true;
  node.told_to_yield = false;
  node.emitted = false;
  if (item.batch != nullptr) {
    run_batch(node, std::move(item));
  } else {
    run_control(node, std::move(item));
  }
  node.running = false;
}

void OperatorChain::run_batch(Node& node, Item item) {
  OperatorMetrics& metrics = *node.spec.metrics;
  const std::uint32_t size = item.batch->size();
  const bool metered = metrics.batches.get() % kMeterOneIn == 0;
  const std::int64_t started = metered ? environment_.clock->monotonic_nanos() : 0;
  std::uint32_t consumed = item.from;
  try {
    consumed = node.spec.op->process(item.input, item.batch, item.from, node);
  } catch (const RecordFailure& failure) {
    fail(node, item.batch.get(), failure.record, failure.cause);
    return;
  } catch (...) {
    fail(node, nullptr, 0, std::current_exception());
    return;
  }
  if (metered) {
    metrics.sampled_nanos.add(environment_.clock->monotonic_nanos() - started);
    metrics.sampled_batches.add(1);
  }
  metrics.records_in.add(consumed - item.from);
  if (item.batch != nullptr && consumed < size) {
    item.from = consumed;
    hold(node, std::move(item), true);
    return;
  }
  metrics.batches.add(1);
}

void OperatorChain::run_control(Node& node, Item item) {
  using Phase = Item::Phase;
  if (item.phase == Phase::kArrived) {
    const InputStatus::Change change = node.status.on_event(item.input, item.event);
    if (change.ended) {
      const bool watermark_is_due = change.drained && node.passed_watermark < Timestamp::max();
      item.phase = watermark_is_due ? Phase::kEndWatermark : Phase::kEnd;
      item.drained = change.drained;
      item.event.watermark = Timestamp::max();
    } else {
      if (change.became_active) forward(node, {.kind = ControlKind::kActive});
      if (change.event_time_ended) {
        item.phase = Phase::kLastWatermark;
        item.event.watermark = Timestamp::max();
      } else {
        if (change.became_idle)
          forward(node,
                  {.kind = ControlKind::kIdle, .has_no_event_time = change.has_no_event_time});
        if (!change.watermark) return;
        item.phase = Phase::kWatermark;
        item.event.watermark = *change.watermark;
      }
    }
  }
  if (item.phase != Phase::kEnd) {
    const Progress progress =
        guarded(node, [&] { return node.spec.op->on_watermark(item.event.watermark, node); });
    if (failure_) return;
    if (progress == Progress::kAgain) return hold(node, std::move(item), true);
    node.passed_watermark = item.event.watermark;
    if (environment_.event_time_passed) environment_.event_time_passed(watermark());
    if (item.phase == Phase::kWatermark)
      return forward(node, ControlEvent::at_watermark(item.event.watermark));
    // +inf is not sent on: the end says it, and only when all inputs of the receiver have ended or
    // are idle for good, not while some are merely idle.
    if (item.phase == Phase::kLastWatermark)
      return forward(node, {.kind = ControlKind::kIdle, .has_no_event_time = true});
    item.phase = Phase::kEnd;
  }
  const Progress progress = guarded(node, [&] { return node.spec.op->on_end(node); });
  if (failure_) return;
  if (progress == Progress::kAgain) return hold(node, std::move(item), true);
  const Status flushed = guarded(node, [&] { return node.spec.op->flush(); });
  if (failure_) return;
  if (!flushed) {
    failure_ = Error(flushed.error()).in(fmt::format("operator {}", node.spec.name));
    return;
  }
  node.ended = true;
  // Nobody emits after the end. A sink may still have to write what could not be written before.
  node.wake = node.leads_nowhere ? std::min(node.wake, node.postponed) : Timestamp::max();
  node.postponed = Timestamp::max();
  node.background = false;
  ++ended_nodes_;
  forward(node, ControlEvent::end(item.drained));
}

// To every target of every port; each operator and outbox once per edge.
void OperatorChain::forward(Node& node, const ControlEvent& event) {
  switch (event.kind) {
    case ControlKind::kWatermark:
      node.said.watermark = event.watermark;
      break;
    case ControlKind::kIdle:
    case ControlKind::kActive:
      node.said.idle = event.kind == ControlKind::kIdle;
      node.said.has_no_event_time = node.said.idle && event.has_no_event_time;
      break;
    case ControlKind::kEnd:
      node.said.ended = true;
      node.said.drained = event.drained;
      break;
    case ControlKind::kMarker:
    case ControlKind::kBarrier:
      break;
  }
  for (const std::vector<ChainTarget>& port : node.spec.ports) {
    for (const ChainTarget& target : port) {
      if (target.node == ChainTarget::kOutbox) {
        target.outbox->control(event);
      } else {
        deliver_control(target.node, target.status, event);
      }
    }
  }
}

bool OperatorChain::resume() {
  bool progressed = false;
  stalled_until_.reset();
  for (std::size_t i = nodes_.size(); i-- > 0 && pending_ > 0;) {
    Node& node = *nodes_[i];
    while (!node.waiting.empty() && !failure_) {
      // What waits downstream goes first, and nothing runs into a full outbox.
      if (blocked()) return progressed;
      Item item = std::move(node.waiting.front());
      node.waiting.pop_front();
      --pending_;
      const std::size_t waiting_before = node.waiting.size();
      const std::uint32_t from_before = item.from;
      const bool is_batch = item.batch != nullptr;
      // The call that is made again is also the answer to a request that is due;
      // on_processing_time() follows it.
      if (node.wake <= now_)
        node.postponed = std::min(node.postponed, std::exchange(node.wake, Timestamp::max()));
      run_item(node, std::move(item));
      if (node.waiting.size() > waiting_before) {
        // It yielded again. One that took nothing although nobody told it to yield waits for
        // something outside.
        if (node.waiting.front().from > from_before || node.told_to_yield || node.emitted)
          return true;
        const Timestamp poll = now_ + kPollInterval;
        const bool has_asked = is_batch && node.wake != Timestamp::max();
        stalled_until_ = has_asked ? node.wake : std::min(node.wake, poll);
        return progressed;
      }
      progressed = true;
      if (node.waiting.empty()) {
        node.wake = std::min(node.wake, std::exchange(node.postponed, Timestamp::max()));
      }
      if (waits_after(static_cast<std::uint32_t>(i))) return true;
      if (environment_.clock->monotonic_nanos() >= slice_deadline_) return true;
    }
  }
  return progressed;
}

std::size_t OperatorChain::first_free() const {
  std::size_t first = nodes_.size();
  while (first > 0 && nodes_[first - 1]->waiting.empty()) --first;
  return first;
}

bool OperatorChain::run_timers(Timestamp now) {
  bool progressed = false;
  const std::size_t pending_before = pending_;
  for (std::size_t i = first_free(); i < nodes_.size(); ++i) {
    Node& node = *nodes_[i];
    if (node.wake > now || node.spec.op == nullptr || failure_) continue;
    node.wake = Timestamp::max();
    node.told_to_yield = false;
    const Progress progress =
        guarded(node, [&] { return node.spec.op->on_processing_time(now, node); });
    if (progress == Progress::kAgain) node.wake = std::min(node.wake, now);
    progressed = true;
    if (pending_ > pending_before) break;
  }
  return progressed;
}

bool OperatorChain::waits_after(std::uint32_t index) const {
  if (pending_ == 0) return false;
  for (std::size_t i = index + 1; i < nodes_.size(); ++i) {
    if (!nodes_[i]->waiting.empty()) return true;
  }
  return false;
}

bool OperatorChain::has_background() const {
  return std::ranges::any_of(nodes_, [](const auto& node) { return node->background; });
}

bool OperatorChain::run_background() {
  for (std::size_t tried = 0; tried < nodes_.size(); ++tried) {
    Node& node = *nodes_[next_background_];
    next_background_ = (next_background_ + 1) % nodes_.size();
    if (!node.background || failure_) continue;
    node.told_to_yield = false;
    node.background = false;
    const Progress progress = guarded(node, [&] { return node.spec.op->run_background(node); });
    if (progress == Progress::kAgain) node.background = true;
    return true;
  }
  return false;
}

bool OperatorChain::blocked() const {
  return std::ranges::any_of(outboxes_, [](const Outbox* outbox) { return outbox->full(); });
}

Timestamp OperatorChain::next_wake() const {
  const std::size_t first = first_free();
  Timestamp earliest = Timestamp::max();
  for (std::size_t i = first; i < nodes_.size(); ++i)
    earliest = std::min(earliest, nodes_[i]->wake);
  return first == 0 ? earliest : std::min(earliest, stalled_until_.value_or(Timestamp::min()));
}

Timestamp OperatorChain::watermark() const {
  Timestamp lowest = Timestamp::max();
  for (const auto& node : nodes_) lowest = std::min(lowest, node->passed_watermark);
  return lowest;
}

}  // namespace tributary
