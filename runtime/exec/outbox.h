// runtime/exec/outbox.h
// The sending end of one exchange in one task: partitions batches among the receiving tasks,
// collects small pieces until they are worth sending (linger), and holds what has no credit yet.
//
// Owner: the task. Thread: its slot's. The task calls flush() at the start and at the end of each
// turn, whatever waits in its chain (protocol rule 47). Control events never wait for credit.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/timestamp.h"
#include "checkpoint/key_groups.h"
#include "runtime/exec/channel.h"
#include "runtime/exec/job_program.h"
#include "runtime/graph/routing_table.h"

namespace tributary {

// Moves accounted batches to the receiving slot. Implemented by the slot.
class ChannelTransport {
 public:
  virtual ~ChannelTransport() = default;
  // Never fails: a ring has room for all the credit that it carries.
  virtual void send(std::uint32_t channel, const FrameHeader& header, BatchPtr batch) = 0;
  // Tells the receiver that there is something to look at (a control event).
  virtual void notify(std::uint32_t channel) = 0;
  // True if the receiver runs on the same slot, so that a batch may share bytes with others.
  virtual bool is_local(std::uint32_t channel) const = 0;
};

// One receiving task of an exchange.
struct OutboxTarget {
  Channel* channel = nullptr;
  std::uint32_t transport_index = 0;
};

struct OutboxOptions {
  graph::ExchangeKind kind = graph::FORWARD;
  const TypeInfo* type = nullptr;
  KeyHashKernel key_hash;                        // keyed
  const graph::RoutingTable* routing = nullptr;  // keyed; outlives the outbox
  Duration linger = milliseconds(5);
  std::size_t soft_limit_bytes = 64 * 1024;  // waiting for credit, over all targets
  // A piece is sent when it has so many bytes: it and its neighbours stay in L1.
  std::size_t batch_bytes = 32 * 1024;
};

class Outbox {
 public:
  Outbox(OutboxOptions options, std::vector<OutboxTarget> targets, ChannelTransport& transport,
         BatchPool& pool);

  const TypeInfo& type() const { return *options_.type; }

  // Takes a batch and partitions it. Always succeeds; ask full() first.
  void write(BatchPtr batch, Timestamp now);
  // To all receivers in one step, behind everything written so far.
  void control(const ControlEvent& event);

  // True when more than the soft limit waits for credit.
  bool full() const { return waiting_bytes_ > options_.soft_limit_bytes; }
  bool has_waiting() const { return waiting_bytes_ > 0; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  // Sends what has credit now. True if anything moved.
  bool flush();
  // Sends open pieces that are older than the linger, or all of them. True if there was one.
  bool close_open(Timestamp now, bool all);
  // When the oldest open piece is due, max() if there is none.
  Timestamp open_due() const { return open_due_; }

  std::uint64_t sent_records() const { return sent_records_; }

 private:
  struct Waiting {
    BatchPtr batch;
    std::size_t bytes = 0;
  };
  struct Lane {
    OutboxTarget target;
    // Of the batch that is being partitioned.
    std::array<std::uint16_t, Batch::kMaxRecords> rows;
    std::uint32_t row_count = 0;
    BatchPtr open;
    std::deque<Waiting> waiting;
  };
  void scatter(Batch& batch, Timestamp now);
  void copy_rows(Lane& lane, const Batch& batch);
  void close_lane(Lane& lane);
  void pass_whole(Lane& lane, BatchPtr batch);
  void put(Lane& lane, BatchPtr batch);

  OutboxOptions options_;
  std::vector<Lane> lanes_;
  ChannelTransport& transport_;
  BatchPool& pool_;
  const std::uint32_t records_per_piece_;  // by batch_bytes
  const std::uint32_t routing_version_;
  std::vector<std::uint32_t> lane_of_group_;  // keyed: receiving task by key group
  std::uint32_t next_lane_ = 0;               // rebalance
  Timestamp open_due_ = Timestamp::max();
  std::size_t waiting_bytes_ = 0;
  std::uint64_t sent_records_ = 0;
};

}  // namespace tributary
