// runtime/exec/channel.h
// One direction of one edge between two tasks of this process: credits, order of batches and
// control events, and the receiver's inbox. The batches themselves travel in the ring of the slot
// pair (slot.h), or straight into the inbox when both tasks share a slot.
//
// Thread: sender_*() calls by the sending slot, receiver_*() by the receiving one. Shared: two
// counters that the receiver raises (credit), and the control list under a mutex, which is taken
// only when there is a control event. Invariant: a control event with position n is seen after
// batch n - 1 and before batch n.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <variant>
#include <vector>

#include "runtime/exec/batch.h"
#include "runtime/exec/control_event.h"
#include "runtime/net/frame.h"

namespace tributary {

struct ChannelCredit {
  std::size_t bytes = 256 * 1024;
  std::uint32_t batches = 64;
};

class Channel {
 public:
  Channel(ChannelId id, ChannelCredit credit) : id_(id), credit_(credit) {}

  ChannelId id() const { return id_; }
  const ChannelCredit& credit() const { return credit_; }

  // ---- sender ----
  // True if one batch of any size may be sent: credit may go negative by one batch (rule 49).
  bool sender_has_credit() const {
    return sent_bytes_ - consumed_bytes_.load(std::memory_order_acquire) < credit_.bytes &&
           sent_batches_ - consumed_batches_.load(std::memory_order_acquire) < credit_.batches;
  }
  // Counts a batch as sent and returns its header. The caller then moves it.
  FrameHeader sender_account(const Batch& batch, std::uint32_t routing_version);
  // Puts a control event after everything sent so far and `queued` batches that wait for credit in
  // the outbox.
  void sender_control(const ControlEvent& event, std::uint64_t queued_batches);

  // ---- receiver ----
  // Takes a batch that arrived.
  void receiver_accept(const FrameHeader& header, BatchPtr batch);
  // Looks for control events that arrived; cheap when there is none. Called after the ring has been
  // emptied: a batch sent after an event is seen only together with it.
  void receiver_collect_control();
  // The next item in order: nothing, a control event, or a batch. Taking a batch returns its
  // credit.
  using Item = std::variant<std::monostate, ControlEvent, BatchPtr>;
  Item receiver_next(bool control_only);
  bool receiver_has_item() const;
  // Bytes waiting in the inbox.
  std::size_t inbox_bytes() const { return inbox_bytes_; }

 private:
  struct Positioned {
    std::uint64_t position = 0;  // batches before it
    ControlEvent event;
  };
  struct Arrived {
    BatchPtr batch;
    std::size_t bytes = 0;
  };
  template <typename List>
  static void append(List& list, const Positioned& positioned);

  const ChannelId id_;
  const ChannelCredit credit_;

  // Sender's.
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t sent_batches_ = 0;

  // Shared.
  alignas(64) std::atomic<std::uint64_t> consumed_bytes_{0};
  std::atomic<std::uint64_t> consumed_batches_{0};
  std::atomic<std::uint64_t> control_version_{0};
  std::mutex control_mutex_;
  std::vector<Positioned> control_;  // guarded by control_mutex_

  // Receiver's.
  alignas(64) std::deque<Arrived> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::deque<Positioned> inbox_control_;
  std::uint64_t seen_control_version_ = 0;
  std::uint64_t accepted_batches_ = 0;
  std::uint64_t taken_batches_ = 0;
};

}  // namespace tributary
