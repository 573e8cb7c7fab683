#include "runtime/exec/barrier_aligner.h"

#include <algorithm>

namespace tributary {

bool BarrierAligner::all_arrived() const {
  const auto is_awaited = [&](Channel channel) {
    return channel == Channel::kOpen || (channel == Channel::kEnded && hazards_.ends_count_as_open);
  };
  if (hazards_.first_barrier_counts &&
      std::ranges::find(channels_, Channel::kArrived) != channels_.end())
    return true;
  return std::ranges::none_of(channels_, is_awaited);
}

void BarrierAligner::open_again() {
  std::ranges::replace(channels_, Channel::kArrived, Channel::kOpen);
}

void BarrierAligner::complete(Step& step) {
  step.snapshot = current_;
  passed_ = current_.id;
  open_again();
  state_ = current_.hold ? State::kHolding : State::kIdle;
}

void BarrierAligner::give_up(Step& step) {
  if (state_ == State::kOrdered || state_ == State::kAligning) step.abandoned = current_.id;
  passed_ = std::max(passed_, current_.id);
  open_again();
  state_ = State::kIdle;
}

Result<BarrierAligner::Step> BarrierAligner::on_barrier(std::uint32_t channel, Barrier barrier) {
  TRIBUTARY_CHECK(channel < channels_.size(), "channel {} of {}", channel, channels_.size());
  if (channels_[channel] == Channel::kEnded)
    return fail(ErrorCode::X901, "barrier {} on channel {}, which has ended", barrier.id.value,
                channel);
  if (blocked(channel))
    return fail(ErrorCode::X901, "barrier {} on channel {}, which is blocked for barrier {}",
                barrier.id.value, channel, current_.id.value);
  Step step;
  const bool awaited = state_ != State::kIdle;
  // Of a checkpoint that was answered, aborted or left behind.
  if (!hazards_.passed_barriers_count &&
      (barrier.id <= passed_ || (awaited && barrier.id < current_.id)))
    return step;
  if (awaited && barrier.id > current_.id) give_up(step);
  state_ = State::kAligning;
  current_ = barrier;
  channels_[channel] = Channel::kArrived;
  if (all_arrived()) complete(step);
  return step;
}

BarrierAligner::Step BarrierAligner::on_end(std::uint32_t channel) {
  TRIBUTARY_CHECK(channel < channels_.size(), "channel {} of {}", channel, channels_.size());
  Step step;
  if (channels_[channel] == Channel::kEnded) return step;
  channels_[channel] = Channel::kEnded;
  if ((state_ == State::kAligning || state_ == State::kOrdered) && all_arrived()) complete(step);
  return step;
}

BarrierAligner::Step BarrierAligner::on_trigger(Barrier barrier) {
  Step step;
  if (barrier.id <= passed_) return step;
  if (state_ != State::kIdle && barrier.id <= current_.id) return step;
  // One checkpoint pends at a time: whatever was awaited has been given up by the coordinator.
  if (state_ != State::kIdle) give_up(step);
  state_ = State::kOrdered;
  current_ = barrier;
  if (all_arrived()) complete(step);
  return step;
}

BarrierAligner::Step BarrierAligner::on_abort(CheckpointId id) {
  Step step;
  if (state_ != State::kIdle && current_.id <= id) {
    give_up(step);
    step.abandoned.reset();  // who aborts it knows
  }
  passed_ = std::max(passed_, id);
  return step;
}

void BarrierAligner::on_release(CheckpointId id) {
  if (state_ == State::kHolding && current_.id == id) state_ = State::kIdle;
}

}  // namespace tributary
