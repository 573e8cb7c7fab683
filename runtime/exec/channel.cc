#include "runtime/exec/channel.h"

#include "base/error.h"

namespace tributary {

// Adjacent watermarks coalesce: both lists stay short however slow the receiver is.
template <typename List>
void Channel::append(List& list, const Positioned& positioned) {
  if (positioned.event.kind == ControlKind::kWatermark && !list.empty() &&
      list.back().position == positioned.position &&
      list.back().event.kind == ControlKind::kWatermark) {
    list.back().event = positioned.event;
  } else {
    list.push_back(positioned);
  }
}

FrameHeader Channel::sender_account(const Batch& batch, std::uint32_t routing_version) {
  const FrameHeader header{.channel = id_,
                           .sequence = sent_batches_,
                           .routing_version = routing_version,
                           .length = static_cast<std::uint32_t>(batch.bytes())};
  sent_bytes_ += header.length;
  ++sent_batches_;
  return header;
}

void Channel::sender_control(const ControlEvent& event, std::uint64_t queued_batches) {
  const std::uint64_t position = sent_batches_ + queued_batches;
  const std::lock_guard lock(control_mutex_);
  append(control_, {position, event});
  // Released before any later batch is pushed, so a receiver that sees that batch sees this
  // version.
  control_version_.fetch_add(1, std::memory_order_release);
}

void Channel::receiver_accept(const FrameHeader& header, BatchPtr batch) {
  TRIBUTARY_CHECK(header.sequence == accepted_batches_,
                  "channel {:x}: batch {} arrived, {} was due", id_.value, header.sequence,
                  accepted_batches_);
  ++accepted_batches_;
  inbox_bytes_ += header.length;
  inbox_.push_back({.batch = std::move(batch), .bytes = header.length});
}

void Channel::receiver_collect_control() {
  if (control_version_.load(std::memory_order_acquire) == seen_control_version_) return;
  const std::lock_guard lock(control_mutex_);
  seen_control_version_ = control_version_.load(std::memory_order_relaxed);
  for (const Positioned& positioned : control_) append(inbox_control_, positioned);
  control_.clear();
}

bool Channel::receiver_has_item() const {
  return !inbox_.empty() ||
         (!inbox_control_.empty() && inbox_control_.front().position <= taken_batches_);
}

Channel::Item Channel::receiver_next(bool control_only) {
  if (!inbox_control_.empty() && inbox_control_.front().position <= taken_batches_) {
    const ControlEvent event = inbox_control_.front().event;
    inbox_control_.pop_front();
    return event;
  }
  if (control_only || inbox_.empty()) return std::monostate{};
  BatchPtr batch = std::move(inbox_.front().batch);
  const std::size_t bytes = inbox_.front().bytes;
  inbox_.pop_front();
  inbox_bytes_ -= bytes;
  ++taken_batches_;
  consumed_bytes_.fetch_add(bytes, std::memory_order_release);
  consumed_batches_.fetch_add(1, std::memory_order_release);
  return batch;
}

}  // namespace tributary
