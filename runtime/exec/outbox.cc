#include "runtime/exec/outbox.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace tributary {

Outbox::Outbox(OutboxOptions options, std::vector<OutboxTarget> targets,
               ChannelTransport& transport, BatchPool& pool)
    : options_(std::move(options)),
      transport_(transport),
      pool_(pool),
      records_per_piece_(static_cast<std::uint32_t>(
          std::max<std::size_t>(options_.batch_bytes / std::max(options_.type->size, 1U), 1))),
      routing_version_(options_.routing == nullptr
                           ? 0
                           : static_cast<std::uint32_t>(options_.routing->version())) {
  lanes_.reserve(targets.size());
  for (const OutboxTarget& target : targets) lanes_.emplace_back().target = target;
  if (options_.kind == graph::KEYED) {
    const std::uint32_t groups = options_.routing->group_count();
    lane_of_group_.resize(groups);
    for (std::uint32_t group = 0; group < groups; ++group) {
      lane_of_group_[group] =
          options_.routing->task_of_group(KeyGroup{static_cast<std::uint16_t>(group)});
    }
  }
}

void Outbox::write(BatchPtr batch, Timestamp now) {
  if (lanes_.empty()) return;
  sent_records_ += batch->size();
  switch (options_.kind) {
    case graph::KEYED:
      options_.key_hash(*batch);
      if (lanes_.size() == 1) {
        pass_whole(lanes_[0], std::move(batch));
      } else {
        scatter(*batch, now);
      }
      return;
    case graph::REBALANCE:
      pass_whole(lanes_[next_lane_], std::move(batch));
      next_lane_ = (next_lane_ + 1) % static_cast<std::uint32_t>(lanes_.size());
      return;
    case graph::BROADCAST:
      for (std::size_t i = 0; i + 1 < lanes_.size(); ++i) {
        BatchPtr copy = pool_.take(*options_.type);
        for (std::uint32_t r = 0; r < batch->size(); ++r) copy->append_copy(*batch, r);
        put(lanes_[i], std::move(copy));
      }
      pass_whole(lanes_.back(), std::move(batch));
      return;
    default:  // FORWARD, or a CHAIN edge that the planner made one
      pass_whole(lanes_[0], std::move(batch));
      return;
  }
}

void Outbox::scatter(Batch& batch, Timestamp now) {
  const auto groups = static_cast<std::uint32_t>(lane_of_group_.size());
  const std::span<const std::uint64_t> hashes = batch.key_hashes();
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    Lane& lane = lanes_[lane_of_group_[key_group_of(hashes[i], groups).value]];
    lane.rows[lane.row_count++] = static_cast<std::uint16_t>(i);
  }
  open_due_ = std::min(open_due_, now + options_.linger);
  for (Lane& lane : lanes_) {
    if (lane.row_count > 0) copy_rows(lane, batch);
    lane.row_count = 0;
  }
}

void Outbox::copy_rows(Lane& lane, const Batch& batch) {
  std::span<const std::uint16_t> rows(lane.rows.data(), lane.row_count);
  while (!rows.empty()) {
    if (lane.open == nullptr) lane.open = pool_.take(*options_.type);
    // Records with references are measured one by one, the others are all of one size.
    const std::size_t room =
        options_.type->has_references
            ? 1
            : std::min<std::size_t>(lane.open->capacity(), records_per_piece_) - lane.open->size();
    const auto some = rows.first(std::min(rows.size(), room));
    lane.open->append_copies(batch, some);
    rows = rows.subspan(some.size());
    if (lane.open->full() || lane.open->size() >= records_per_piece_ ||
        (options_.type->has_references && lane.open->bytes() >= options_.batch_bytes))
      close_lane(lane);
  }
}

// A batch for one receiver: handed over as it is, unless it shares bytes with batches of this slot
// and leaves it.
void Outbox::pass_whole(Lane& lane, BatchPtr batch) {
  if (batch->shares_bytes() && !transport_.is_local(lane.target.transport_index)) {
    BatchPtr own = pool_.take(*options_.type);
    for (std::uint32_t i = 0; i < batch->size(); ++i) own->append_copy(*batch, i);
    batch = std::move(own);
  }
  put(lane, std::move(batch));
}

void Outbox::close_lane(Lane& lane) {
  if (lane.open != nullptr) put(lane, std::move(lane.open));
}

void Outbox::put(Lane& lane, BatchPtr batch) {
  Channel& channel = *lane.target.channel;
  const std::size_t bytes = batch->bytes();
  if (lane.waiting.empty() && channel.sender_has_credit()) {
    const FrameHeader header = channel.sender_account(*batch, routing_version_);
    transport_.send(lane.target.transport_index, header, std::move(batch));
    return;
  }
  // At least 1, so that "something waits" and "bytes wait" are the same question.
  const std::size_t counted = std::max<std::size_t>(bytes, 1);
  waiting_bytes_ += counted;
  lane.waiting.push_back({.batch = std::move(batch), .bytes = counted});
}

void Outbox::control(const ControlEvent& event) {
  close_open(Timestamp::max(), true);
  for (Lane& lane : lanes_) {
    lane.target.channel->sender_control(event, lane.waiting.size());
    transport_.notify(lane.target.transport_index);
  }
}

bool Outbox::flush() {
  if (waiting_bytes_ == 0) return false;
  bool moved = false;
  for (Lane& lane : lanes_) {
    while (!lane.waiting.empty() && lane.target.channel->sender_has_credit()) {
      BatchPtr batch = std::move(lane.waiting.front().batch);
      waiting_bytes_ -= lane.waiting.front().bytes;
      lane.waiting.pop_front();
      const FrameHeader header = lane.target.channel->sender_account(*batch, routing_version_);
      transport_.send(lane.target.transport_index, header, std::move(batch));
      moved = true;
    }
  }
  return moved;
}

bool Outbox::close_open(Timestamp now, bool all) {
  if (open_due_ == Timestamp::max() || (!all && now < open_due_)) return false;
  for (Lane& lane : lanes_) close_lane(lane);
  open_due_ = Timestamp::max();
  return true;
}

}  // namespace tributary
