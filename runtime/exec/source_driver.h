// runtime/exec/source_driver.h
// Drives one source reader in one task: gate, rate limit, event times, the watermark of its splits,
// bad records, the end. What it emits goes into the chain's node 0.
//
// Owner: the task. Thread: its slot's. Pausing happens here and nowhere else (protocol rule 47).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checkpoint/manifest/manifest.pb.h"
#include "runtime/exec/job_program.h"
#include "runtime/exec/operator_chain.h"
#include "runtime/exec/source.h"

namespace tributary {

class SourceDriver final : public SourceOutput {
 public:
  struct Options {
    std::string source_name;
    std::string topic;   // for dead letters: the source's property "path" or "topic"
    bool gated = false;  // starts closed
    OperatorMetrics* metrics = nullptr;
    const Clock* clock = nullptr;
    OperatorTime time;  // what it had told when the snapshot was taken that it starts from
  };
  SourceDriver(const VertexCode& code, Options options, OperatorChain& chain);

  Status open();
  void close();

  // ---- from the control plane ----
  void add_splits(std::vector<Split> splits);
  void no_more_splits();
  // What this task may use of the source's rate limit.
  void set_share_of_rate(double share) { share_of_rate_ = share; }
  void open_gate() { gate_open_ = true; }
  // No record is read any more; the stream ends without being drained.
  void stop() { stopping_ = true; }
  // Before the last barrier of a drained job: event time goes to its end, and nothing is read until
  // go_on(), which reads on behind it.
  void drain();
  void go_on() { drained_ = false; }

  // At a barrier: where it is in its splits.
  void snapshot(checkpoint::TaskSnapshot& snapshot) const;

  // ---- from the task's turn ----
  enum class Turn : std::uint8_t { kProgressed, kNothing };
  // Reads about one batch, if gate, rate and reader allow. `room`: the chain and outboxes can take
  // it.
  Result<Turn> turn(Timestamp now, bool room);
  // True once, when everything that existed at the start has been read (and the gate marker is
  // due).
  bool take_caught_up();
  bool ended() const { return ended_; }
  // When turn() should be called again although nothing else happens; max() if never.
  Timestamp next_turn() const;
  // Waits for room rather than for data.
  bool wants_room() const { return wants_room_; }
  std::int64_t backlog() const { return reader_->backlog(); }

  // SourceOutput
  BatchPtr take(const TypeInfo& type) override;
  void emit(std::uint32_t port, BatchPtr batch) override;
  void emit_from(std::uint32_t split, BatchPtr batch) override;
  bool should_yield() override;
  bool connected(std::uint32_t port) const override;
  Status bad_record(std::uint32_t split, const BadRecord& record) override;

 private:
  struct SplitState {
    std::string id;
    Timestamp highest = Timestamp::min();
    Timestamp last_data{};        // processing time of the last record
    Duration listened_at_data{};  // listening_ at that time
    bool has_data = false;
  };
  bool is_idle(const SplitState& split) const;
  bool refill_tokens(Timestamp now);
  void advance_watermark();
  void ask_again(Timestamp at, Timestamp now);
  void set_idle(bool idle);
  void end(bool drained);

  const VertexCode& code_;
  const Options options_;
  OperatorChain& chain_;
  std::unique_ptr<SourceReader> reader_;
  std::vector<SplitState> splits_;
  std::vector<Split> unread_;  // that came when it had ended; kept for snapshots
  bool gate_open_ = false;
  bool listing_done_ = false;
  bool stopping_ = false;
  bool drained_ = false;
  bool listed_ = false;  // the first listing is known, though it may have no split for this task
  bool opened_ = false;
  bool emitted_ = false;  // in this turn
  bool at_end_ = false;   // everything has been read; end() at the next turn
  bool ended_ = false;
  std::optional<Error> split_error_;
  bool idle_ = false;
  bool reported_caught_up_ = false;
  bool caught_up_ = false;
  bool wants_room_ = false;
  Timestamp watermark_ = Timestamp::min();
  Timestamp next_turn_ = Timestamp::min();
  Timestamp asked_at_ = Timestamp::min();  // when next_turn_ was set: wall time before it means
                                           // that the clock went back
  Timestamp turn_now_{};
  // Time in which this driver was reading. It stands still while there is no room, rate or gate:
  // splits that nobody looks at do not become idle.
  Duration listening_{};
  std::optional<Timestamp> last_read_;
  Timestamp quiet_at_ = Timestamp::min();  // when the reader last said that no split has anything
  double share_of_rate_ = 1.0;
  // Token bucket, in millionths of a record.
  std::int64_t tokens_ = 0;
  Timestamp tokens_at_{};
  bool tokens_started_ = false;
};

}  // namespace tributary
