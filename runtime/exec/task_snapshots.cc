#include "runtime/exec/task_snapshots.h"

#include <utility>

#include "base/failpoint.h"
#include "base/hash.h"
#include "checkpoint/whole_piece.h"

namespace tributary {

namespace {
// Larger state of an operator is a blob of its own, not a part of the manifest.
constexpr std::size_t kInlineBytes = 16 * 1024;

}  // namespace

TaskSnapshots::TaskSnapshots(Parts parts)
    : parts_(std::move(parts)), aligner_(parts_.channels, parts_.hazards) {
  for (const std::uint32_t channel : parts_.ended_channels) aligner_.on_end(channel);
}

// ---- what comes ----

void TaskSnapshots::obey(const BarrierAligner::Step& step) {
  if (step.abandoned)
    decline(*step.abandoned,
            Error(ErrorCode::S418, fmt::format("the barrier of checkpoint {} did not come to all "
                                               "inputs before that of a later one",
                                               step.abandoned->value)));
  if (step.snapshot) due_ = step.snapshot;
}

Status TaskSnapshots::on_barrier(std::uint32_t channel, Barrier barrier) {
  obey(TRY(aligner_.on_barrier(channel, barrier)));
  failpoint("task.barrier_received");
  return {};
}

void TaskSnapshots::on_end(std::uint32_t channel) { obey(aligner_.on_end(channel)); }

void TaskSnapshots::on_order(const CheckpointOrder& order) {
  order_ = order;
  if (order.drain && parts_.source != nullptr) parts_.source->drain();
  obey(aligner_.on_trigger(order.barrier));
}

void TaskSnapshots::on_abort(CheckpointId id) {
  aligner_.on_abort(id);
  if (due_ && due_->id <= id) due_.reset();
  // What it has stored stays in the chain of the state (rule 26).
  if (pending_ && pending_->id <= id) pending_.reset();
  if (parts_.source != nullptr) parts_.source->go_on();
}

// A barrier that holds is not released by it: what a stopped job read behind its last checkpoint
// would be lost, and the job might even finish (rule 15).
void TaskSnapshots::on_completed(CheckpointId id) {
  if (last_.id != id) return;
  completed_ = last_;
  parts_.state->completed();
}

// ---- the task's turn ----

Result<bool> TaskSnapshots::run() {
  bool progressed = false;
  if (due_ && parts_.chain->at_rest()) {
    const Barrier barrier = *due_;
    due_.reset();
    TRY(take(barrier));
    progressed = true;
  }
  return advance() || progressed;
}

Status TaskSnapshots::take(Barrier barrier) {
  *parts_.newest = barrier.id;
  pending_ = std::make_shared<Pending>();
  pending_->id = barrier.id;
  const OperatorChain& chain = *parts_.chain;
  checkpoint::TaskSnapshot& snapshot = pending_->snapshot;
  snapshot.set_task(parts_.id.task);
  snapshot.set_parallelism(parts_.parallelism);
  snapshot.set_finished(chain.ended());
  parts_.state->advance_event_time(chain.watermark());
  for (StagedSink* sink : parts_.sinks) sink->on_barrier({barrier.id.value});
  take_operators(barrier.id, snapshot);
  if (chain.failure()) return std::unexpected(*chain.failure());
  if (parts_.source != nullptr) parts_.source->snapshot(snapshot);
  TRY(parts_.state->freeze());
  failpoint("task.frozen");
  // Who has sent its end has nothing to say behind it: an ended channel counts as aligned.
  if (!chain.ended()) {
    for (Outbox* outbox : parts_.outboxes)
      outbox->control({.kind = ControlKind::kBarrier, .barrier = barrier});
  }
  return {};
}

void TaskSnapshots::take_operators(CheckpointId id, checkpoint::TaskSnapshot& snapshot) {
  OperatorChain& chain = *parts_.chain;
  for (std::uint32_t node = 0; node < chain.node_count(); ++node) {
    const std::string& name = chain.name(node);
    snapshot.add_operators(name);
    const OperatorTime& said = chain.time(node);
    checkpoint::OperatorTime& time = *snapshot.add_times();
    time.set_operator_(name);
    time.set_watermark_micros(said.watermark.micros);
    time.set_idle(said.idle);
    time.set_has_no_event_time(said.has_no_event_time);
    time.set_ended(said.ended);
    time.set_drained(said.drained);

    OperatorSnapshot own = chain.snapshot(node, id);
    for (const auto& [state, hash] : own.broadcast) {
      checkpoint::BroadcastCopy& copy = *snapshot.add_broadcast();
      copy.set_operator_(name);
      copy.set_state(state);
      copy.set_hash_high(hash.high);
      copy.set_hash_low(hash.low);
    }
    if (own.bytes.empty()) continue;
    checkpoint::OperatorState& state = *snapshot.add_operator_states();
    state.set_operator_(name);
    if (own.bytes.size() <= kInlineBytes) {
      state.set_bytes(std::move(own.bytes));
    } else {
      store(static_cast<std::size_t>(snapshot.operator_states_size()) - 1, std::move(own.bytes));
    }
  }
}

// The blob stands where the bytes would: a state without bytes is the content of its blob.
void TaskSnapshots::store(std::size_t operator_state, std::string bytes) {
  ++pending_->blobs_awaited;
  const Hash128 hash = xxh3_128(bytes);
  // Large and mostly the same each time: as in the last completed one, its blob serves again.
  checkpoint::TaskSnapshot before;
  if (order_ && order_->base == completed_.id && completed_.id.value != 0 &&
      before.ParseFromString(completed_.bytes) &&
      operator_state < static_cast<std::size_t>(before.operator_states_size())) {
    const checkpoint::OperatorState& old = before.operator_states(static_cast<int>(operator_state));
    if (old.blobs_size() == 1 && old.blobs(0).hash_high() == hash.high &&
        old.blobs(0).hash_low() == hash.low && old.blobs(0).size() == bytes.size()) {
      --pending_->blobs_awaited;
      *pending_->snapshot.mutable_operator_states(static_cast<int>(operator_state))->add_blobs() =
          old.blobs(0);
      return;
    }
  }
  parts_.io->submit([&blobs = *parts_.blobs, prefix = parts_.blob_prefix(), pending = pending_,
                     operator_state, bytes = std::move(bytes)]() -> TaskIo::Answer {
    const std::string_view state[] = {bytes};
    Result<checkpoint::PieceRef> stored = store_whole(blobs, prefix, state);
    return [pending, operator_state, stored = std::move(stored)] {
      --pending->blobs_awaited;
      if (!stored) {
        pending->error = stored.error();
        return;
      }
      *pending->snapshot.mutable_operator_states(static_cast<int>(operator_state))->add_blobs() =
          stored->blob();
    };
  });
}

bool TaskSnapshots::advance() {
  if (!pending_) return false;
  if (!pending_->swept) {
    pending_->swept = parts_.state->sweep();
    if (!pending_->swept) return true;
  }
  if (parts_.state->upload_error()) pending_->error = parts_.state->upload_error();
  if (pending_->error) {
    decline(pending_->id, *pending_->error);
    pending_.reset();
    return true;
  }
  if (pending_->blobs_awaited > 0) return false;
  std::optional<checkpoint::StateSnapshot> keyed = parts_.state->snapshot();
  if (!keyed) return false;
  const auto sinks_had = static_cast<std::size_t>(pending_->snapshot.sinks_size());
  for (std::size_t i = sinks_had; i < parts_.sinks.size(); ++i) {
    std::optional<checkpoint::SinkSnapshot> taken =
        parts_.sinks[i]->take_snapshot({pending_->id.value});
    if (!taken) return false;
    *pending_->snapshot.add_sinks() = *std::move(taken);
  }
  if (parts_.state->exists()) *pending_->snapshot.mutable_keyed_state() = *std::move(keyed);
  answer();
  return true;
}

void TaskSnapshots::answer() {
  last_ = {pending_->id, pending_->snapshot.SerializeAsString()};
  SnapshotReport report{.task = parts_.id, .id = pending_->id};
  report.unchanged = order_ && order_->barrier.id == pending_->id && order_->base.value != 0 &&
                     order_->base == completed_.id && completed_.bytes == last_.bytes;
  if (!report.unchanged)
    report.snapshot =
        std::make_shared<const checkpoint::TaskSnapshot>(std::move(pending_->snapshot));
  pending_.reset();
  failpoint("task.before_ack");
  parts_.listener->on_snapshot(std::move(report));
}

void TaskSnapshots::decline(CheckpointId id, Error error) {
  parts_.listener->on_snapshot({.task = parts_.id, .id = id, .declined = std::move(error)});
}

}  // namespace tributary
