#include "runtime/exec/staged_sink.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/failpoint.h"
#include "checkpoint/whole_piece.h"

namespace tributary {
namespace {

// Of OwnerEvent.
const std::size_t kPublishAnswer = OwnerEvent(PublishAnswer{}).index();

Error error_of(const Error& error) { return error; }
Error error_of(const PublishError& error) { return error.error; }

}  // namespace

StagedSink::StagedSink(Parts parts)
    : parts_(std::move(parts)),
      stager_({parts_.identity.uid, parts_.identity.sink, parts_.own}, parts_.history.current().id,
              parts_.limits),
      owner_({.sink = parts_.identity.sink,
              .uid = parts_.identity.uid,
              .own = parts_.own,
              .round = parts_.round,
              .restored = parts_.restored,
              .limits = parts_.limits,
              .hazards = parts_.hazards},
             parts_.history, std::move(parts_.writers)),
      passed_(parts_.restored),
      closed_(parts_.restored) {}

// ---- staging ----

Status StagedSink::add(const StagedRecord& record) {
  const std::uint64_t unstored = stager_.unstored_bytes();
  TRY(stager_.add(record, now()));
  if (stager_.unstored_bytes() != unstored) store_segments();
  if (stager_.wants_checkpoint()) parts_.report(AskCheckpoint{});
  return {};
}

void StagedSink::on_barrier(Epoch epoch) {
  TRIBUTARY_CHECK(epoch > passed_, "barriers pass in order");
  passed_ = epoch;
  step(BarrierPassed{epoch});
}

void StagedSink::close_epoch(Epoch epoch) {
  TRIBUTARY_CHECK(epoch > closed_ && epoch <= passed_,
                  "an epoch is closed once, in order, at its barrier or later");
  closed_ = epoch;
  stager_.close(epoch);
  store_segments();
  take_units();
}

void StagedSink::fail_epoch(Epoch epoch, Error error) {
  fail(Error(std::move(error))
           .in(fmt::format("sink {}, epoch {}", parts_.identity.sink, epoch.value)));
}

void StagedSink::store_segments() {
  if (failure_ || now() < store_at_) return;
  store_again_ = false;
  for (EpochStager::SegmentToStore& segment : stager_.take_segments()) {
    parts_.io->submit([this, blobs = parts_.blobs, prefix = parts_.blob_prefix(), id = segment.id,
                       bytes = std::move(segment.bytes)] {
      const std::string_view whole[] = {*bytes};
      return [this, id, piece = store_whole(*blobs, prefix, whole)] { stored(id, piece); };
    });
  }
}

void StagedSink::stored(std::uint64_t id, const Result<checkpoint::PieceRef>& piece) {
  if (piece) {
    store_pause_ = 0;
    store_held_.reset();
    stager_.stored(id, *piece);
    return take_units();
  }
  stager_.store_failed(id);
  store_held_ = piece.error();
  store_again_ = true;
  // Of several that fail at once, one makes the pause longer.
  if (now() < store_at_) return;
  const PublishLimits& limits = parts_.limits;
  store_pause_ = std::clamp(store_pause_ * 2, limits.pause_nanos, limits.pause_nanos_max);
  store_at_ = now() + store_pause_;
}

void StagedSink::take_units() {
  while (auto unit = stager_.take_unit()) step(UnitStaged{*std::move(unit)});
}

std::optional<checkpoint::SinkSnapshot> StagedSink::take_snapshot(Epoch epoch) {
  if (failure_ || !snapshot_ || snapshot_->epoch != epoch) return std::nullopt;
  return std::exchange(snapshot_, std::nullopt)->snapshot;
}

// ---- publishing ----

void StagedSink::start() {
  owner_tick_ = now() + parts_.limits.pause_nanos;
  step(Started{});
}

void StagedSink::on_order(OwnershipRound round, const OwnerOrder& order) {
  if (const auto* skip = std::get_if<SkipEpoch>(&order)) {
    return fail(Error(ErrorCode::S479,
                      fmt::format("sink {}: skipping epoch {} of writer {}", parts_.identity.sink,
                                  skip->epoch.value, skip->number.value)));
  }
  step(Order{round, order});
}

void StagedSink::tick() {
  if (now() < next_tick_nanos()) return;
  stager_.tick(now());
  store_segments();
  if (!owner_.waits_for_time() || now() < owner_tick_) return;
  owner_tick_ = now() + parts_.limits.pause_nanos;
  step(Tick{});
}

std::int64_t StagedSink::next_tick_nanos() const {
  if (failure_) return kNever;
  std::int64_t next = stager_.segment_due().value_or(kNever);
  if (store_again_) next = std::min(next, store_at_);
  if (owner_.waits_for_time()) next = std::min(next, owner_tick_);
  return next;
}

void StagedSink::step(const OwnerEvent& event) {
  if (failure_) return;
  for (OwnerAction& action : owner_.step(event, now()))
    std::visit([this](auto& what) { carry_out(std::move(what)); }, action);
}

void StagedSink::ask(std::function<OwnerEvent()> call) {
  parts_.io->submit(
      [this, call = std::move(call)] { return [this, answer = call()] { answered(answer); }; });
}

void StagedSink::answered(const OwnerEvent& answer) {
  const std::size_t kind = answer.index();
  std::visit(
      [&](const auto& what) {
        if constexpr (requires { what.result; }) {
          call_failures_.erase(kind);
          if (!what.result) call_failures_.emplace(kind, error_of(what.result.error()));
        }
      },
      answer);
  step(answer);
  // What failed may be out all the same, as its mark said.
  if (owner_.pending().epochs == 0) call_failures_.erase(kPublishAnswer);
}

void StagedSink::carry_out(Report&& report) { parts_.report(std::move(report.report)); }

void StagedSink::carry_out(Fence&& fence) {
  ask([connector = parts_.connector, fence, round = parts_.round]() -> OwnerEvent {
    return FenceAnswer{fence.number, fence.call, connector->fence(fence.number, round)};
  });
}

void StagedSink::carry_out(FindMarkEnd&& find) {
  ask([connector = parts_.connector, call = find.call]() -> OwnerEvent {
    return MarkEndAnswer{call, connector->mark_end()};
  });
}

void StagedSink::carry_out(ReadMarksOn&& read) {
  ask([connector = parts_.connector, read]() -> OwnerEvent {
    return MarksAnswer{read.call, connector->published(read.from, read.until)};
  });
}

void StagedSink::carry_out(LoadSegment&& load) {
  ask([blobs = parts_.blobs, load = std::move(load)]() -> OwnerEvent {
    return SegmentAnswer{load.number, load.call, blobs->get_piece(load.piece)};
  });
}

void StagedSink::carry_out(Publish&& publish) {
  ask([connector = parts_.connector, publish = std::move(publish)]() -> OwnerEvent {
    failpoint("sink.before_publish");
    PublishAnswer answer{publish.part.number, publish.call, connector->publish(publish.part)};
    failpoint("sink.after_publish");
    return answer;
  });
}

void StagedSink::carry_out(DeadLetters&&) {
  TRIBUTARY_CHECK(false, "an order to skip an epoch was refused");
}

void StagedSink::carry_out(CloseNumber&& close) {
  parts_.io->submit([connector = parts_.connector, number = close.number] {
    connector->close(number);
    return TaskIo::Answer();
  });
}

// Checkpoints pend one at a time: nobody asks for an older one any more.
void StagedSink::carry_out(SnapshotReady&& ready) { snapshot_ = std::move(ready); }

void StagedSink::carry_out(StandDown&& down) {
  stood_down_ = Error(ErrorCode::S480,
                      fmt::format("sink {}, writer {} of attempt {}: {}", parts_.identity.sink,
                                  parts_.own.value, parts_.round.attempt, down.reason));
}

// ---- how it is ----

void StagedSink::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

bool StagedSink::input_stopped() const {
  return stood_down() || owner_.input_stopped() ||
         stager_.unstored_bytes() > parts_.limits.unstored_bytes;
}

const Error* StagedSink::held() const {
  if (stood_down_) return &*stood_down_;
  if (!call_failures_.empty()) return &call_failures_.begin()->second;
  if (store_held_) return &*store_held_;
  return operator_held_ ? &*operator_held_ : nullptr;
}

// Of a lineage that was left, a savepoint may hold output that is not out.
bool StagedSink::earlier_rounds_are_over() const {
  const auto through = owner_.published_through();
  return parts_.history.is_first() && through && *through >= parts_.restored;
}

}  // namespace tributary
