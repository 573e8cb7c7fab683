#include "runtime/exec/operator_chain.h"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <memory>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "base/json.h"
#include "runtime/exec/dead_letter_counts.h"

namespace tributary {

namespace {
constexpr std::int64_t kMeterOneIn = 16;
constexpr std::size_t kMaxRecordText = 512;
// The clock is read about so often, as long as questions whether to yield come evenly; and never
// less than once in so many questions.
constexpr std::int64_t kClockEveryNanos = 50'000;
constexpr std::int64_t kQuestionsSkippedMax = 15;
// How often an operator is asked again that waits for something outside and did not say until when.
constexpr Duration kPollInterval = milliseconds(1);

std::string type_name(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : mangled;
}

std::string describe(std::exception_ptr cause) {
  try {
    std::rethrow_exception(std::move(cause));
  } catch (const std::exception& e) {
    return fmt::format("{}: {}", type_name(typeid(e).name()), e.what());
  } catch (...) {
    return "an exception that is no std::exception";
  }
}
}  // namespace

// What waits in front of an operator: a batch from record `from` on, or a control event in some
// phase.
struct OperatorChain::Item {
  enum class Phase : std::uint8_t { kArrived, kWatermark, kLastWatermark, kEndWatermark, kEnd };

  std::uint32_t input = 0;  // of the operator for a batch, of the status for a control event
  BatchPtr batch;           // null: control
  std::uint32_t from = 0;
  ControlEvent event;
  Phase phase = Phase::kArrived;
  bool drained = false;  // kEnd
};

struct OperatorChain::Node final : Output, OperatorContext {
  Node(OperatorChain& chain, ChainNodeSpec node_spec, std::uint32_t node_index)
      : owner(chain),
        spec(std::move(node_spec)),
        index(node_index),
        status(spec.control_inputs),
        leads_nowhere(
            std::ranges::all_of(spec.ports, [](const auto& port) { return port.empty(); })),
        passed_watermark(spec.time.watermark),
        said(spec.time),
        ended(spec.time.ended) {
    for (std::uint32_t i = 0; i < spec.input_times.size(); ++i)
      status.restore(i, spec.input_times[i]);
    status.restore_merged(spec.time);
  }

  // Output
  BatchPtr take(const TypeInfo& type) override { return owner.environment_.pool->take(type); }
  void emit(std::uint32_t port, BatchPtr batch) override {
    if (batch == nullptr || batch->empty() || owner.failure_) return;
    emitted = true;
    spec.metrics->records_out.add(batch->size());
    // What it had begun for each port may still go out.
    if (told_to_yield && ++emitted_after > spec.ports.size()) spec.metrics->overruns.add(1);
    if (port >= spec.ports.size()) return;
    const std::vector<ChainTarget>& targets = spec.ports[port];
    for (std::size_t i = 0; i < targets.size(); ++i) {
      BatchPtr one;
      if (i + 1 == targets.size()) {
        one = std::move(batch);
      } else {
        one = take(batch->type());
        one->append_sharing(*batch);
      }
      if (targets[i].node == ChainTarget::kOutbox) {
        targets[i].outbox->write(std::move(one), owner.now_);
      } else {
        owner.deliver(targets[i].node, targets[i].input, std::move(one));
      }
    }
  }
  bool should_yield() override {
    const bool yield = owner.failure_.has_value() || owner.waits_after(index) || owner.blocked() ||
                       owner.slice_is_over();
    if (yield && !told_to_yield) emitted_after = 0;
    if (yield) told_to_yield = true;
    return yield;
  }
  bool connected(std::uint32_t port) const override {
    return port < spec.ports.size() && !spec.ports[port].empty();
  }

  // OperatorContext
  std::string_view job_name() const override { return owner.environment_.job_name; }
  std::string_view operator_name() const override { return spec.name; }
  std::uint32_t task_index() const override { return owner.environment_.task_index; }
  std::uint32_t parallelism() const override { return owner.environment_.parallelism; }
  std::uint32_t key_group_count() const override { return owner.environment_.key_group_count; }
  const Clock& clock() const override { return *owner.environment_.clock; }
  KeyedState& keyed_state() override {
    if (state == nullptr) {
      Result<KeyedState*> made = owner.environment_.keyed_state(spec.name);
      if (!made) throw OperatorFailure{std::move(made).error()};
      state = *made;
    }
    return *state;
  }
  StagedOutput* staged_output() override { return spec.staged; }
  Timestamp watermark() const override { return passed_watermark; }
  void wake_at(Timestamp at) override { wake = std::min(wake, at); }
  void request_background() override { background = true; }
  void count(std::string_view counter, std::int64_t n) override { spec.metrics->count(counter, n); }
  BatchPool& pool() override { return *owner.environment_.pool; }

  OperatorChain& owner;
  ChainNodeSpec spec;
  std::uint32_t index;
  InputStatus status;
  const bool leads_nowhere;  // a sink
  KeyedState* state = nullptr;
  std::deque<Item> waiting;
  DeadLetterCounts dead_letters;
  Timestamp passed_watermark;
  OperatorTime said;  // to those behind it
  Timestamp wake = Timestamp::max();
  Timestamp postponed =
      Timestamp::max();  // a request that came due while something older waited here
  bool background = false;
  bool told_to_yield = false;
  std::size_t emitted_after = 0;  // batches, since it was told
  bool emitted = false;
  bool opened = false;   // open() was called, so close() is due
  bool running = false;  // an item of this node is being run: what arrives now waits
  bool ended;
};

OperatorChain::OperatorChain(ChainEnvironment environment, std::vector<ChainNodeSpec> nodes,
                             std::vector<Outbox*> outboxes)
    : environment_(std::move(environment)), outboxes_(std::move(outboxes)) {
  for (ChainNodeSpec& spec : nodes) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(std::make_unique<Node>(*this, std::move(spec), index));
    if (nodes_.back()->ended) ++ended_nodes_;
  }
}

OperatorChain::~OperatorChain() = default;

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

Output& OperatorChain::output(std::uint32_t node) { return *nodes_[node]; }
OperatorContext& OperatorChain::context(std::uint32_t node) { return *nodes_[node]; }

template <typename Call>
auto OperatorChain::guarded(Node& node, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    fail(node, nullptr, 0, std::current_exception());
  }
  return {};
}

Status OperatorChain::open() {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    node->opened = true;
    const Status status = guarded(*node, [&] { return node->spec.op->open(*node); });
    if (failure_) return std::unexpected(*failure_);
    if (!status)
      return std::unexpected(Error(status.error()).in(fmt::format("opening {}", node->spec.name)));
  }
  return {};
}

Status OperatorChain::restore(std::span<const std::vector<std::string>> states) {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    const Status status =
        guarded(*node, [&] { return node->spec.op->restore(states[node->index]); });
    if (failure_) return std::unexpected(*failure_);
    if (!status)
      return std::unexpected(
          Error(status.error()).in(fmt::format("restoring {}", node->spec.name)));
  }
  return {};
}

OperatorSnapshot OperatorChain::snapshot(std::uint32_t index, CheckpointId id) {
  Node& node = *nodes_[index];
  if (node.spec.op == nullptr) return {};
  return guarded(node, [&] { return node.spec.op->snapshot(id); });
}

const OperatorTime& OperatorChain::time(std::uint32_t node) const { return nodes_[node]->said; }
const std::string& OperatorChain::name(std::uint32_t node) const { return nodes_[node]->spec.name; }

Status OperatorChain::close(bool clean) {
  Status first;
  for (const auto& node : nodes_) {
    if (!std::exchange(node->opened, false)) continue;
    const bool failed_before = failure_.has_value();
    const Status status = guarded(*node, [&] { return node->spec.op->close(clean); });
    // After a clean stop: windows and timers that event time did not reach.
    const std::size_t left =
        clean && node->state != nullptr ? node->state->timers().size(TimeDomain::kEvent) : 0;
    if (left > 0)
      node->spec.metrics->count(kEventTimersLeftCounter, static_cast<std::int64_t>(left));
    if (!first) continue;
    if (failure_ && !failed_before) first = std::unexpected(*failure_);
    if (!status)
      first = std::unexpected(Error(status.error()).in(fmt::format("closing {}", node->spec.name)));
  }
  return first;
}

Status OperatorChain::flush() {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    Status status = guarded(*node, [&] { return node->spec.op->flush(); });
    if (failure_) return std::unexpected(*failure_);
    if (!status) {
      failure_ = std::move(status).error().in(fmt::format("operator {}", node->spec.name));
      return std::unexpected(*failure_);
    }
  }
  return {};
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
  node.wake = node.postponed = Timestamp::max();
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

void OperatorChain::fail(Node& node, const Batch* batch, std::uint32_t record,
                         std::exception_ptr cause) {
  if (failure_) return;
  try {
    std::rethrow_exception(cause);
  } catch (OperatorFailure& expected) {
    failure_ = std::move(expected.error)
                   .in(fmt::format("job {}: operator {}", environment_.job_name, node.spec.name));
    return;
  } catch (...) {
  }
  std::string text;
  if (batch != nullptr && record < batch->size()) {
    write_json(batch->type(), batch->record(record), text);
    if (text.size() > kMaxRecordText) text.resize(kMaxRecordText);
    text = fmt::format(" at record {}", text);
  }
  failure_ = Error(
      ErrorCode::P801,
      fmt::format("job {}: operator {} failed{}: {}", environment_.job_name, node.spec.name, text,
                  describe(std::move(cause))),
      "mend the operator or filter the record out; the job stopped and changed nothing after it");
}

}  // namespace tributary
