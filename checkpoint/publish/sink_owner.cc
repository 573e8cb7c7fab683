#include "checkpoint/publish/sink_owner.h"

#include <algorithm>
#include <utility>

namespace tributary {

SinkOwner::SinkOwner(Settings settings, LineageHistory history,
                     std::vector<InheritedWriter> writers)
    : settings_(std::move(settings)), history_(std::move(history)), completed_(settings_.restored) {
  std::ranges::sort(writers, {}, &InheritedWriter::number);
  numbers_.reserve(writers.size());
  for (InheritedWriter& writer : writers) {
    Number number{.number = writer.number,
                  .inherited = writer.number != settings_.own,
                  .queue = PublishQueue({.owner = {settings_.uid, settings_.sink, writer.number},
                                         .round = settings_.round,
                                         .restored = settings_.restored,
                                         .hazards = settings_.hazards},
                                        history_)};
    number.part_bytes = settings_.limits.part_bytes;
    for (checkpoint::StagedUnit& unit : writer.units) number.queue.add(std::move(unit));
    number.queue.resume(writer.confirmed, writer.mark_position);
    numbers_.push_back(std::move(number));
  }
  TRIBUTARY_CHECK(find(settings_.own) != nullptr, "an owner has its own writer number");
}

std::vector<OwnerAction> SinkOwner::step(const OwnerEvent& event, std::int64_t now_nanos) {
  Actions actions;
  if (stood_down_) return actions;
  std::visit([&](const auto& what) { on(what, now_nanos, actions); }, event);
  if (!stood_down_) drive(now_nanos, actions);
  return actions;
}

// ---- what happened here ----

void SinkOwner::on(const Started&, std::int64_t, Actions&) {}
void SinkOwner::on(const Tick&, std::int64_t, Actions&) {}

void SinkOwner::on(const BarrierPassed& barrier, std::int64_t, Actions&) {
  for (Number& number : numbers_) number.queue.on_barrier(barrier.epoch);
}

void SinkOwner::on(const UnitStaged& staged, std::int64_t, Actions& actions) {
  const Epoch epoch{staged.unit.epoch()};
  if (!staged.unit.segments().empty()) find(settings_.own)->queue.add(staged.unit);
  checkpoint::SinkSnapshot snapshot;
  snapshot.set_sink(settings_.sink);
  for (const Number& number : numbers_) *snapshot.add_writers() = number.queue.snapshot(epoch);
  actions.emplace_back(SnapshotReady{epoch, std::move(snapshot)});
}

// ---- what the coordinator says ----

void SinkOwner::on(const Order& order, std::int64_t now, Actions& actions) {
  if (order.round != settings_.round && !settings_.hazards.orders_of_any_round) return;
  std::visit([&](const auto& what) { on_order(what, now, actions); }, order.order);
}

void SinkOwner::on_order(const LeaseAnswer& answer, std::int64_t, Actions& actions) {
  if (!answer.granted) return stand_down("the coordinator gives no lease", actions);
  if (answer.asked_nanos < lease_not_before_) return;
  lease_asked_ = std::max(lease_asked_.value_or(answer.asked_nanos), answer.asked_nanos);
  asked_at_.reset();
}

void SinkOwner::on_order(const ReadMarks& order, std::int64_t, Actions&) {
  marks_from_ = order.from;
  read_for_all_ = !marks_known_;
}

void SinkOwner::on_order(const MarksKnown& order, std::int64_t, Actions& actions) {
  if (marks_known_ || !all_fenced()) return;
  marks_known_ = true;
  read_for_all_ = false;
  if (reading_ && reading_->for_all) reading_.reset();
  for (Number& number : numbers_) take_mark(number, order.read, actions);
}

void SinkOwner::on_order(const PublishOrder& order, std::int64_t, Actions& actions) {
  completed_ = std::max(completed_, order.completed);
  gate_ = std::max(gate_.value_or(Epoch{}), order.gate);
  report_progress(true, actions);
}

void SinkOwner::on_order(const RetryBlocked&, std::int64_t, Actions& actions) {
  for (Number& number : numbers_) {
    if (number.phase != Phase::kBlocked) continue;
    number.phase = number.after_pause;
    number.blocked.reset();
    actions.emplace_back(Report{SinkUnblocked{number.number}});
  }
}

void SinkOwner::on_order(const SkipEpoch& order, std::int64_t, Actions&) {
  Number* number = find(order.number);
  if (number == nullptr || number->phase != Phase::kBlocked ||
      number->after_pause != Phase::kReady || number->queue.front() != order.epoch) {
    return;
  }
  number->skipping = true;
  number->phase = Phase::kReady;
}

// ---- what the connector answers ----

SinkOwner::Number* SinkOwner::find(WriterNumber number) {
  const auto found = std::ranges::find(numbers_, number, &Number::number);
  return found == numbers_.end() ? nullptr : &*found;
}

SinkOwner::Number* SinkOwner::answered(WriterNumber number, CallId call, Phase phase) {
  Number* found = find(number);
  return found != nullptr && found->phase == phase && found->call == call ? found : nullptr;
}

void SinkOwner::on(const FenceAnswer& answer, std::int64_t now, Actions& actions) {
  Number* number = answered(answer.number, answer.call, Phase::kFencing);
  if (number == nullptr) return;
  if (!answer.result) {
    const PublishError& error = answer.result.error();
    if (error.failure != PublishFailure::kFenced || settings_.hazards.superseded_goes_on)
      return failed(*number, error, false, now);
    // Our coordinator grants its own round leases for ever: it does not know the other's.
    return stand_down(
        fmt::format("{}. Another run of this job owns the output; this one ends and publishes "
                    "nothing more. {}",
                    error.error.what(),
                    // Each start counts one further; take_mark() refuses who is behind then.
                    marks_known_ ? "End the one that you do not want"
                                 : "If none runs, start this one again: it takes the output over, "
                                   "unless its state folder is older than the output (S477)"),
        actions);
  }
  number->phase = Phase::kFenced;
  number->pause = 0;
}

void SinkOwner::on(const SegmentAnswer& answer, std::int64_t now, Actions& actions) {
  Number* number = answered(answer.number, answer.call, Phase::kLoading);
  if (number == nullptr) return;
  number->phase = Phase::kReady;
  Status loaded;
  if (answer.result)
    loaded = number->queue.loaded(*answer.result);
  else
    loaded = std::unexpected(answer.result.error());
  if (loaded) {
    number->loads_failed = 0;
    return;
  }
  // A store that does not answer will; one that answers with other bytes has lost output.
  const bool unreachable = loaded.error().code() == ErrorCode::F101;
  if (!unreachable && ++number->loads_failed >= settings_.limits.load_tries)
    return fail_job(std::move(loaded).error(), actions);
  pause(*number, Phase::kReady, now);
}

void SinkOwner::on(const PublishAnswer& answer, std::int64_t now, Actions&) {
  Number* number = answered(answer.number, answer.call, Phase::kPublishing);
  if (number == nullptr) return;
  if (!answer.result) return failed(*number, answer.result.error(), true, now);
  number->queue.part_out(*answer.result);
  number->phase = Phase::kReady;
  number->pause = 0;
  const PublishLimits& limits = settings_.limits;
  const std::int64_t took = now - number->sent_at;
  if (took > limits.part_nanos / 2)
    number->part_bytes = std::max(number->part_bytes / 2, limits.part_bytes_min);
  else if (took < limits.part_nanos / 8)
    number->part_bytes = std::min(number->part_bytes * 2, limits.part_bytes);
}

void SinkOwner::failed(Number& number, const PublishError& error, bool publishing,
                       std::int64_t now) {
  PublishFailure failure = error.failure;
  if (settings_.hazards.unknown_is_not_out && failure == PublishFailure::kFatal && publishing)
    failure = PublishFailure::kRetriable;
  const Phase again = publishing ? Phase::kReady : Phase::kToBeFenced;
  switch (failure) {
    case PublishFailure::kAbortAndResend:
      number.part_bytes = std::max(number.part_bytes / 2, settings_.limits.part_bytes_min);
      [[fallthrough]];
    case PublishFailure::kRetriable:
      if (publishing) number.queue.part_lost();
      return pause(number, again, now);
    case PublishFailure::kFatal:
      return pause(number, Phase::kToBeFenced, now);
    case PublishFailure::kFenced:
      // A zombie until the coordinator says otherwise, and the fence.
      lease_asked_.reset();
      asked_at_.reset();
      lease_not_before_ = now;
      return pause(number, Phase::kToBeFenced, now);
    case PublishFailure::kRefused:
      if (publishing) number.queue.part_lost();
      number.phase = Phase::kBlocked;
      number.after_pause = again;
      number.blocked =
          SinkBlocked{number.number, number.queue.front().value_or(completed_), error.error};
      number.blocked_said.reset();
      return;
  }
}

void SinkOwner::pause(Number& number, Phase then, std::int64_t now) {
  number.pause = number.pause == 0 ? settings_.limits.pause_nanos
                                   : std::min(number.pause * 2, settings_.limits.pause_nanos_max);
  number.phase = Phase::kPausing;
  number.after_pause = then;
  number.pause_until = now + number.pause;
}

// ---- marks ----

void SinkOwner::start_reading(bool for_all, Actions& actions) {
  reading_.emplace();
  reading_->for_all = for_all;
  for (const Number& number : numbers_) {
    if (number.phase == Phase::kFenced) reading_->numbers.push_back(number.number);
  }
  read_on(actions);
}

void SinkOwner::read_on(Actions& actions) {
  reading_->waiting = true;
  reading_->call = new_call();
  if (reading_->until)
    actions.emplace_back(ReadMarksOn{reading_->read.reached, *reading_->until, reading_->call});
  else
    actions.emplace_back(FindMarkEnd{reading_->call});
}

void SinkOwner::on(const MarkEndAnswer& answer, std::int64_t now, Actions& actions) {
  if (!reading_ || !reading_->waiting || reading_->call != answer.call) return;
  reading_->waiting = false;
  if (!answer.result) return read_failed(answer.result.error(), now, actions);
  reading_->until = *answer.result;
  reading_->read.reached = marks_from_;
  reading_->give_up = now + settings_.limits.marks_nanos;
  read_on(actions);
}

void SinkOwner::read_failed(const PublishError& error, std::int64_t now, Actions& actions) {
  if (error.failure == PublishFailure::kRefused) return fail_job(error.error, actions);
  reading_->again_at = now + settings_.limits.pause_nanos;
  // Nobody answers: that says nothing of transactions.
  reading_->give_up = now + settings_.limits.marks_nanos;
}

void SinkOwner::on(const MarksAnswer& answer, std::int64_t now, Actions& actions) {
  if (!reading_ || !reading_->waiting || reading_->call != answer.call) return;
  reading_->waiting = false;
  if (!answer.result) return read_failed(answer.result.error(), now, actions);
  reading_->again_at = now + settings_.limits.pause_nanos;
  for (const auto& [number, found] : answer.result->marks) {
    const auto [at, is_new] = reading_->read.marks.try_emplace(number, found);
    if (!is_new && at->second.mark.sequence < found.mark.sequence) at->second = found;
  }
  reading_->read.reached = answer.result->reached;
  reading_->read.log = answer.result->log;
  if (reading_->read.reached >= *reading_->until || settings_.hazards.committed_end_is_the_end)
    return finish_reading(actions);
  if (now < reading_->give_up) return;
  fail_job(Error(ErrorCode::S475,
                 fmt::format("reading the marks of sink {}: committed up to {} of {}, and no "
                             "further for {} s",
                             settings_.sink, reading_->read.reached.value, reading_->until->value,
                             settings_.limits.marks_nanos / kNanosPerSecond)),
           actions);
}

void SinkOwner::finish_reading(Actions& actions) {
  const Reading done = std::move(*reading_);
  reading_.reset();
  if (done.for_all) {
    read_for_all_ = false;
    actions.emplace_back(Report{MarksFound{done.read}});
    return;
  }
  for (const WriterNumber number : done.numbers) {
    if (Number* fenced = find(number); fenced->phase == Phase::kFenced)
      take_mark(*fenced, done.read, actions);
  }
}

void SinkOwner::take_mark(Number& number, const MarksRead& read, Actions& actions) {
  const auto found = read.marks.find(number.number);
  std::optional<Mark> mark;
  MarkPosition position = read.reached;
  if (found != read.marks.end()) {
    mark = found->second.mark;
    position = found->second.position;
    if (mark->uid != settings_.uid || !history_.knows(mark->lineage)) {
      return stand_down(fmt::format("the mark of writer {} is of lineage {}, which began later: "
                                    "another run of this job, with another state folder, owns the "
                                    "output",
                                    number.number.value, mark->lineage.to_hex()),
                        actions);
    }
    // Nothing is published before its completion is on record, and nothing is lost from a record.
    const LineageProgress* progress = mark->of(history_.current().id);
    if (progress != nullptr && progress->epoch > completed_) {
      return fail_job(
          Error(ErrorCode::S477,
                fmt::format("sink {}, writer {}: output of checkpoint {} is out, but the newest "
                            "that this state folder knows is {}: the folder is older than the "
                            "output (a copy?). Put the newer folder back, or begin anew into other "
                            "outputs (--fresh)",
                            settings_.sink, number.number.value, progress->epoch.value,
                            completed_.value)),
          actions);
    }
  }
  const std::optional<Mark>& confirmed = number.queue.mark();
  if (confirmed && (!mark || mark->sequence < confirmed->sequence)) {
    return fail_job(
        Error(ErrorCode::S476,
              fmt::format("sink {}, writer {}: part {} of epoch {} is known to be out, but the "
                          "newest mark found is {}",
                          settings_.sink, number.number.value, confirmed->sequence,
                          confirmed->epoch.value,
                          mark ? fmt::format("of part {}", mark->sequence) : "none")),
        actions);
  }
  number.queue.resume(mark, position);
  number.phase = Phase::kReady;
}

// ---- what is next ----

Epoch SinkOwner::limit() const {
  if (!gate_) return {};
  return settings_.hazards.no_drain_rule ? completed_ : std::min(completed_, *gate_);
}

bool SinkOwner::all_fenced() const {
  return std::ranges::all_of(numbers_, [](const Number& n) { return n.phase == Phase::kFenced; });
}

bool SinkOwner::has_lease(std::int64_t now, Actions& actions) {
  if (settings_.hazards.fence_without_lease) return true;
  if (lease_asked_ && now - *lease_asked_ < settings_.limits.lease_nanos) return true;
  if (is_due(asked_at_, now)) actions.emplace_back(Report{AskLease{now}});
  return false;
}

bool SinkOwner::is_due(std::optional<std::int64_t>& last, std::int64_t now) const {
  if (last && now - *last < settings_.limits.resend_nanos) return false;
  last = now;
  return true;
}

void SinkOwner::drive(std::int64_t now, Actions& actions) {
  if (failed_) return;
  for (Number& number : numbers_) {
    drive_number(number, now, actions);
    if (failed_ || stood_down_) return;
  }
  if (!marks_known_ && all_fenced() && is_due(said_fenced_, now))
    actions.emplace_back(Report{AllFenced{}});
  drive_reading(now, actions);
  report_progress(false, actions);
}

void SinkOwner::drive_number(Number& number, std::int64_t now, Actions& actions) {
  if (number.phase == Phase::kPausing && now >= number.pause_until)
    number.phase = number.after_pause;
  if (number.phase == Phase::kSkipping && number.queue.skip(completed_)) {
    number.phase = Phase::kReady;
    number.skipping = false;
    number.blocked.reset();
    actions.emplace_back(Report{SinkUnblocked{number.number}});
  }
  if (number.blocked && is_due(number.blocked_said, now))
    actions.emplace_back(Report{*number.blocked});
  if (number.phase == Phase::kToBeFenced && has_lease(now, actions)) {
    number.phase = Phase::kFencing;
    number.call = new_call();
    actions.emplace_back(Fence{number.number, number.call});
  }
  if (number.phase == Phase::kReady) compose(number, now, actions);
  if (number.phase == Phase::kReady && number.inherited && gate_ && limit() >= settings_.restored &&
      number.queue.drained(settings_.restored)) {
    number.phase = Phase::kClosed;
    actions.emplace_back(CloseNumber{number.number});
  }
}

void SinkOwner::compose(Number& number, std::int64_t now, Actions& actions) {
  for (;;) {
    PublishQueue::Step step = number.skipping ? number.queue.next_dead_letters(number.part_bytes)
                                              : number.queue.next(limit(), number.part_bytes);
    if (auto* load = std::get_if<PublishQueue::Load>(&step)) {
      number.phase = Phase::kLoading;
      number.call = new_call();
      actions.emplace_back(LoadSegment{number.number, load->piece, number.call});
      return;
    }
    Part* part = std::get_if<Part>(&step);
    if (part == nullptr) {
      if (number.skipping) number.phase = Phase::kSkipping;
      return;
    }
    if (!number.skipping) {
      number.phase = Phase::kPublishing;
      number.call = new_call();
      number.sent_at = now;
      actions.emplace_back(Publish{std::move(*part), number.call});
      return;
    }
    actions.emplace_back(DeadLetters{std::move(*part), number.queue.front().value_or(Epoch{})});
    number.queue.dead_letters_staged();
  }
}

void SinkOwner::drive_reading(std::int64_t now, Actions& actions) {
  if (reading_) {
    if (!reading_->waiting && now >= reading_->again_at) read_on(actions);
    return;
  }
  if (read_for_all_) return start_reading(true, actions);
  if (!marks_known_) return;
  const bool wanted =
      std::ranges::any_of(numbers_, [](const Number& n) { return n.phase == Phase::kFenced; });
  if (wanted) start_reading(false, actions);
}

void SinkOwner::report_progress(bool again, Actions& actions) {
  const auto drained = [&](const Number& number) { return number.queue.drained(limit()); };
  std::optional<Epoch> through = published_through_;
  if (gate_ && marks_known_ && std::ranges::all_of(numbers_, drained))
    through = std::max(through.value_or(Epoch{}), limit());
  if (through && (again || through != published_through_))
    actions.emplace_back(Report{PublishedThrough{*through}});
  published_through_ = through;
}

void SinkOwner::stand_down(std::string reason, Actions& actions) {
  stood_down_ = true;
  actions.emplace_back(StandDown{std::move(reason)});
}

void SinkOwner::fail_job(Error error, Actions& actions) {
  failed_ = true;
  reading_.reset();
  actions.emplace_back(Report{SinkFailed{std::move(error)}});
}

PublishQueue::Pending SinkOwner::pending() const {
  PublishQueue::Pending sum;
  for (const Number& number : numbers_) {
    const auto pending = number.queue.pending(completed_);
    sum.epochs += pending.epochs;
    sum.bytes += pending.bytes;
  }
  return sum;
}

bool SinkOwner::waits_for_time() const {
  if (failed_ || stood_down_) return false;
  if (!marks_known_ || reading_) return true;
  return std::ranges::any_of(numbers_, [](const Number& number) {
    return number.phase == Phase::kToBeFenced || number.phase == Phase::kPausing || number.blocked;
  });
}

bool SinkOwner::input_stopped() const {
  return std::ranges::any_of(numbers_, [&](const Number& number) {
    const auto pending = number.queue.pending(completed_);
    return number.blocked || pending.bytes > settings_.limits.pending_bytes ||
           pending.epochs > settings_.limits.pending_epochs;
  });
}

}  // namespace tributary
