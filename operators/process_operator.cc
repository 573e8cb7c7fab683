// The engine's side of keyed processes: chunks of records with their keys and prefetched values,
// timers in total order, woken keys.
//
// Invariants: the user's class sees records of a key in the order of arrival; what a call made due
// fires, resumably, before the watermark goes on; nothing stays in the emitter between calls of the
// engine.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tributary/internal/process_core.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "operators/broadcast_table.h"
#include "operators/key_reader.h"
#include "operators/state_misses.h"
#include "operators/wake_walk.h"

namespace tributary::internal {
namespace {

constexpr std::uint32_t kKeyedInput = 0;
constexpr std::uint32_t kCallsBetweenQuestions = 16;

class ProcessOperator final : public Operator, private ProcessCore {
 public:
  ProcessOperator(const ProcessKernels& kernels, std::shared_ptr<const void> factory, KeySpec key,
                  std::shared_ptr<const SideNames> sides)
      : kernels_(kernels),
        factory_(std::move(factory)),
        reader_(key, std::make_shared<const KeyCodec>(*key.type)),
        key_type_(*key.type),
        sides_(std::move(sides)) {}

  Status open(OperatorContext& context) override {
    CallCore::open(context, std::move(sides_));
    process_ = kernels_.make(factory_.get());  // the author's constructor: it may throw
    state_ = &context.keyed_state();
    misses_.open(context, *state_);
    for (const auto& owned : kernels_.base(process_.get()).slots()) {
      StateSlot& slot = *owned;
      const StateDescriptor descriptor{
          .name = slot.name,
          .key_type = &key_type_,
          .value_type = slot.value_type,
          .map_key_type = slot.map_key_type,
          .ttl = slot.expires ? slot.expires->after : Duration{},
          .ttl_clock = slot.expires ? slot.expires->clock : TimeDomain::kEvent};
      switch (slot.kind) {
        case SlotKind::kValue:
          slot.values = TRY(state_->value(descriptor));
          slot.entries.resize(KeyReader::kChunk);
          value_slots_.push_back(&slot);
          break;
        case SlotKind::kMap:
        case SlotKind::kList:
          slot.map = TRY(state_->map(descriptor));
          break;
        case SlotKind::kBroadcast:
          broadcast_slots_.push_back(&slot);
          break;
      }
      slot.core = this;
    }
    return {};
  }

  // Broadcast state: of the first task that wrote it down, for all are the same. Timers that were
  // pending call again.
  Status restore(std::span<const std::string> states) override {
    const auto written = std::ranges::find_if(states, [](const auto& s) { return !s.empty(); });
    if (written != states.end()) TRY(restore_broadcast(*written));
    tell_restored();
    wake_for_timers();
    return {};
  }

  OperatorSnapshot snapshot(CheckpointId) override {
    OperatorSnapshot snapshot;
    ByteWriter writer(snapshot.bytes);
    std::string table;
    for (const StateSlot* slot : broadcast_slots_) {
      table.clear();
      slot->broadcast->encode(table);
      snapshot.broadcast.emplace_back(slot->name, xxh3_128(table));
      // One copy is enough.
      if (engine().task_index() != 0) continue;
      writer.prefixed(slot->name);
      writer.prefixed(table);
    }
    return snapshot;
  }

  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override {
    begin(out);
    const std::uint32_t size = batch->size();
    std::uint32_t done = from;
    const bool is_ready =
        input != kKeyedInput || value_slots_.empty() ||
        misses_.in_memory(from, size, [&](std::uint32_t first, std::uint32_t last) {
          reader_.read(*batch, first, last, KeyReader::Hashes::kFromBatch);
          for (StateSlot* slot : value_slots_)
            misses_.prefetch(*slot->values, reader_.addresses(0, last - first));
        });
    while (is_ready && done < size) {
      const std::uint32_t to = std::min(size, done + KeyReader::kChunk);
      if (input == kKeyedInput) {
        reader_.read(*batch, done, to, KeyReader::Hashes::kFromBatch);
        at_keys(to - done);
        done = kernels_.on_records(process_.get(), *batch, done, to, *this);
      } else {
        has_key_ = false;
        done = kernels_.on_broadcast(process_.get(), *batch, done, to, *this);
      }
      scratch_.reset();
      if (emitter.yielding() || (done < size && emitter.ask())) break;
    }
    if (input == kKeyedInput && done == size) misses_.next_batch();
    emitter.end();
    return done;
  }

  Progress on_watermark(Timestamp watermark, Output& out) override {
    begin(out);
    advancing_to_ = watermark;
    const Progress progress = fire(TimeDomain::kEvent, watermark);
    if (progress == Progress::kDone) advancing_to_ = Timestamp::min();
    emitter.end();
    return progress;
  }

  Progress on_processing_time(Timestamp now, Output& out) override {
    begin(out);
    const Progress progress = fire(TimeDomain::kProcessing, now);
    emitter.end();
    if (progress == Progress::kDone) wake_for_timers();
    return progress;
  }

  Progress on_end(Output& out) override {
    begin(out);
    // A clean stop is not the end of event time: only a drained input fires event timers.
    const bool is_drained = engine().watermark() == Timestamp::max();
    if (is_drained) advancing_to_ = Timestamp::max();
    // Keys that were to be woken, then pending timers once, then what those set in event time.
    Progress progress = walk_keys();
    if (progress == Progress::kDone) {
      ending_ = true;
      progress = fire(TimeDomain::kProcessing, Timestamp::max());
    }
    if (progress == Progress::kDone && is_drained)
      progress = fire(TimeDomain::kEvent, Timestamp::max());
    emitter.end();
    return progress;
  }

  Progress run_background(Output& out) override {
    begin(out);
    const Progress progress = walk_keys();
    emitter.end();
    return progress;
  }

 private:
  const void* key() const override { return reader_.key(row_); }
  const StateKey& address() const override {
    TRIBUTARY_CHECK(
        has_key_, "keyed state is used where there is no key: in on_broadcast or in a constructor");
    return reader_.address(row_);
  }
  Timestamp watermark() const override {
    return std::max(advancing_to_, const_cast<ProcessOperator*>(this)->engine().watermark());
  }

  Status restore_broadcast(std::string_view bytes) {
    ByteReader reader(bytes);
    while (reader.ok() && reader.left() > 0) {
      const std::string_view name = reader.prefixed(bytes.size());
      const std::string_view table = reader.prefixed(bytes.size());
      if (!reader.ok()) break;
      const auto slot = std::ranges::find(broadcast_slots_, name, &StateSlot::name);
      // A state that the class has no more: the match report has said so.
      if (slot == broadcast_slots_.end()) continue;
      if (Status status = (*slot)->broadcast->decode(table); !status)
        return std::unexpected(std::move(status).error().in(fmt::format("state {}", name)));
    }
    if (!reader.finished())
      return fail(ErrorCode::S431, "the broadcast states of an operator are cut or damaged");
    return {};
  }

  // `rows` keys are in the reader: their values are fetched, all states at once.
  void at_keys(std::uint32_t rows) {
    has_key_ = true;
    row_ = 0;
    rows_ = rows;
    for (StateSlot* slot : value_slots_) {
      slot->values->fetch(reader_.addresses(0, rows), {slot->entries.data(), rows});
      slot->stale = false;
    }
  }

  // Each key that was restored, for what the class derives from its state. Reads all of them.
  void tell_restored() {
    if (kernels_.on_restored == nullptr) return;
    std::optional<std::string> position("");
    while (position) {
      position = state_->keys_from(*position, KeyReader::kChunk, [&](const StateKey& address) {
        at_key(address.hash, address.key);
        kernels_.on_restored(process_.get(), *this);
        scratch_.reset();
      });
    }
    has_key_ = false;
  }

  void refetch(StateSlot& slot) override {
    if (!has_key_) used_outside_a_call(slot);
    slot.values->fetch(reader_.addresses(row_, rows_), {slot.entries.data() + row_, rows_ - row_});
    slot.stale = false;
  }

  void at_key(std::uint64_t hash, std::string_view bytes) {
    reader_.set(hash, bytes);
    at_keys(1);
  }

  void set_timer(TimeDomain domain, std::string_view name, Timestamp at) override {
    if (domain == TimeDomain::kProcessing && ending_) {
      engine().count("timers_set_at_the_end", 1);
      return;
    }
    state_->timers().set(domain, address(), name, at);
    if (domain == TimeDomain::kProcessing) engine().wake_at(at);
  }
  void cancel_timer(TimeDomain domain, std::string_view name, Timestamp at) override {
    state_->timers().cancel(domain, address(), name, at);
  }
  void wake_for_timers() {
    if (const auto earliest = state_->timers().earliest(TimeDomain::kProcessing))
      engine().wake_at(*earliest);
  }

  void wake_keys(KeyPredicate predicate) override {
    walk_.request(std::move(predicate));
    engine().request_background();
  }

  // Whether to go on after one more call of the user's class.
  bool next_call(std::uint32_t& calls) {
    scratch_.reset();
    if (++calls % kCallsBetweenQuestions == 0) emitter.ask();
    return !emitter.yielding();
  }

  Progress fire(TimeDomain domain, Timestamp until) {
    TimerStore& timers = state_->timers();
    std::uint32_t calls = 0;
    while (const std::optional<Timer> timer = timers.pop_due(domain, until)) {
      at_key(timer->key_hash, timer->key);
      event_time_ = domain == TimeDomain::kEvent ? timer->at : watermark();
      kernels_.on_timer(process_.get(), {.at = timer->at, .domain = domain, .name = timer->name},
                        *this);
      if (!next_call(calls)) return Progress::kAgain;
    }
    return Progress::kDone;
  }

  Progress walk_keys() {
    std::uint32_t calls = 0;
    while (walk_.busy()) {
      if (const WakeWalk::Key* woken = walk_.current(*state_, reader_)) {
        at_key(woken->hash, woken->bytes);
        event_time_ = watermark();
        const Progress progress = kernels_.on_wake(process_.get(), *this);
        if (progress == Progress::kDone) {
          walk_.done();
        } else {
          emitter.ask();
        }
      }
      if (!next_call(calls)) return walk_.busy() ? Progress::kAgain : Progress::kDone;
    }
    return Progress::kDone;
  }

  const ProcessKernels kernels_;
  const std::shared_ptr<const void> factory_;
  KeyReader reader_;
  const TypeInfo& key_type_;
  std::shared_ptr<const SideNames> sides_;
  CodePtr process_{nullptr, nullptr};  // made in open()
  KeyedState* state_ = nullptr;
  StateMisses misses_;
  std::vector<StateSlot*> value_slots_;
  std::vector<StateSlot*> broadcast_slots_;
  std::uint32_t rows_ = 0;
  WakeWalk walk_;
  Timestamp advancing_to_ = Timestamp::min();
  bool ending_ = false;
};

}  // namespace

OperatorFactory make_process(const ProcessKernels& kernels, std::shared_ptr<const void> factory,
                             KeySpec key) {
  return [kernels, factory = std::move(factory),
          key = std::move(key)](std::shared_ptr<const SideNames> sides) {
    return std::make_unique<ProcessOperator>(kernels, factory, key, std::move(sides));
  };
}

}  // namespace tributary::internal
