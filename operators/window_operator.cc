// Tumbling windows.
//
// Decides: the state's namespace is the window's start; a window fires by an event timer at its
// last microsecond, is forgotten by another one at the end of its lateness, and fires again for
// late records by a processing timer at the next whole second, so that many late records make one
// correction. Lateness is judged by this operator's event-time clock, never by whether a timer has
// run.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tributary/internal/window_core.h>

#include "operators/key_reader.h"
#include "operators/state_misses.h"
#include "operators/window_mark.h"

namespace tributary::internal {
namespace {

constexpr std::string_view kFire = "fire";
constexpr std::string_view kPurge = "purge";
constexpr std::string_view kCorrect = "correct";
constexpr std::string_view kAccumulatorState = "accumulator";
constexpr std::string_view kEmittedState = "emitted";
constexpr std::string_view kLateState = "late";
constexpr Duration kBetweenCorrections = seconds(1);
constexpr std::uint32_t kFiringsBetweenQuestions = 16;
constexpr std::size_t kStartBytes = 8;

// Big endian with the sign turned, so that namespaces sort by time.
void encode_start(Timestamp start, char* out) {
  std::uint64_t bits = static_cast<std::uint64_t>(start.micros) ^ (std::uint64_t{1} << 63);
  for (std::size_t i = kStartBytes; i-- > 0; bits >>= 8) out[i] = static_cast<char>(bits & 0xFF);
}

Timestamp decode_start(std::string_view bytes) {
  TRIBUTARY_CHECK(bytes.size() == kStartBytes, "a window's namespace of {} bytes", bytes.size());
  std::uint64_t bits = 0;
  for (const char c : bytes) bits = bits << 8 | static_cast<unsigned char>(c);
  return {static_cast<std::int64_t>(bits ^ (std::uint64_t{1} << 63))};
}

class WindowOperator final : public Operator {
 public:
  WindowOperator(const WindowKernels& kernels, const WindowOptions& options, CodePtr code,
                 const KeySpec& key, const TypeInfo& input, std::shared_ptr<const SideNames> sides)
      : kernels_(kernels),
        options_(options),
        code_(std::move(code)),
        reader_(key, std::make_shared<const KeyCodec>(*key.type)),
        key_type_(*key.type),
        input_(input),
        sides_(std::move(sides)),
        result_(new std::byte[kernels.output->size]),
        changed_(new std::byte[kernels.output->size]) {}

  Status open(OperatorContext& context) override {
    core_.open(context, std::move(sides_));
    state_ = &context.keyed_state();
    misses_.open(context, *state_);
    accumulators_ = TRY(value_state(kAccumulatorState, *kernels_.accumulator));
    if (kernels_.difference != nullptr)
      emitted_ = TRY(value_state(kEmittedState, *kernels_.output));
    if (options_.allowed_lateness > Duration{})
      marks_ = TRY(value_state(kLateState, type_info<WindowMark>()));
    return {};
  }

  // Corrections that were pending call again.
  Status restore(std::span<const std::string>) override {
    if (const auto next = state_->timers().earliest(TimeDomain::kProcessing))
      core_.engine().wake_at(*next);
    return {};
  }

  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output& out) override {
    core_.begin(out);
    const std::uint32_t size = batch->size();
    std::uint32_t done = from;
    const bool is_ready =
        misses_.in_memory(from, size, [&](std::uint32_t first, std::uint32_t last) {
          Chunk chunk;
          read_chunk(*batch, first, last, chunk, [](std::uint32_t) {});
          misses_.prefetch(*accumulators_, reader_.addresses(0, chunk.count));
        });
    while (is_ready && done < size) {
      const std::uint32_t to = std::min(size, done + KeyReader::kChunk);
      add_chunk(*batch, done, to);
      done = to;
      if (core_.emitter.yielding() || (done < size && core_.emitter.ask())) break;
    }
    if (done == size) misses_.next_batch();
    core_.emitter.end();
    return done;
  }

  Progress on_watermark(Timestamp watermark, Output& out) override {
    return fire_due(TimeDomain::kEvent, watermark, out);
  }
  Progress on_processing_time(Timestamp now, Output& out) override {
    const Progress progress = fire_due(TimeDomain::kProcessing, now, out);
    if (progress == Progress::kDone) {
      if (const auto next = state_->timers().earliest(TimeDomain::kProcessing))
        core_.engine().wake_at(*next);
    }
    return progress;
  }
  Progress on_end(Output& out) override {
    return fire_due(TimeDomain::kProcessing, Timestamp::max(), out);
  }

 private:
  Result<ValueState*> value_state(std::string_view name, const TypeInfo& type) {
    return state_->value({.name = std::string(name), .key_type = &key_type_, .value_type = &type});
  }

  Window window_of(Timestamp t) const {
    const Timestamp start = floor_to(t, options_.windows.width, options_.windows.offset);
    return {.start = start, .end = saturating_add(start, options_.windows.width)};
  }
  static Timestamp last_of(const Window& window) { return window.end - microseconds(1); }
  Timestamp purge_time(const Window& window) const {
    return saturating_add(last_of(window), options_.allowed_lateness);
  }

  // Of the records of a chunk that are not late: their rows, and, in the reader, as many addresses
  // with the window's start as namespace.
  struct Chunk {
    std::array<WindowRow, KeyReader::kChunk> rows;
    std::array<char[kStartBytes], KeyReader::kChunk> starts;
    std::size_t count = 0;
    bool any_fired = false;  // of their windows
  };

  template <typename OnLate>
  void read_chunk(Batch& batch, std::uint32_t from, std::uint32_t to, Chunk& chunk,
                  OnLate on_late) {
    const Timestamp passed = core_.engine().watermark();
    // Key groups that came here from a task that was ahead keep their own clock (rule 32).
    const bool groups_ahead = passed < state_->latest_event_time();
    Timestamp watermark = passed;
    reader_.read(batch, from, to, KeyReader::Hashes::kFromBatch);
    const std::span<StateKey> addresses = reader_.addresses(0, to - from);
    std::size_t count = 0;
    // Neighbours are mostly of one window, and finding a window divides.
    Window window;
    std::string_view name_space;
    bool is_late = false;
    for (std::uint32_t i = from; i < to; ++i) {
      const Timestamp time = batch.event_time(i);
      if (groups_ahead) watermark = std::max(passed, state_->event_time(addresses[i - from].hash));
      if (name_space.empty() || groups_ahead || time < window.start || time >= window.end) {
        window = window_of(time);
        is_late = watermark >= purge_time(window);
        chunk.any_fired |= watermark >= last_of(window);
        encode_start(window.start, chunk.starts[i - from]);
        name_space = {chunk.starts[i - from], kStartBytes};
      }
      if (is_late) {
        on_late(i);
        continue;
      }
      chunk.rows[count].record = i;
      if (count < i - from) addresses[count] = addresses[i - from];
      addresses[count++].name_space = name_space;
    }
    chunk.count = count;
  }

  void add_chunk(Batch& batch, std::uint32_t from, std::uint32_t to) {
    Chunk chunk;
    read_chunk(batch, from, to, chunk, [&](std::uint32_t i) { too_late(batch, i); });
    auto& rows = chunk.rows;
    const std::size_t count = chunk.count;
    if (count == 0) return;
    const std::span<StateKey> addresses = reader_.addresses(0, count);
    const Timestamp passed = core_.engine().watermark();
    const bool groups_ahead = passed < state_->latest_event_time();
    Timestamp watermark = passed;
    std::array<StateEntry*, KeyReader::kChunk> entries;
    accumulators_->fetch(addresses, {entries.data(), count});
    for (std::size_t r = 0; r < count; ++r) {
      rows[r].accumulator = entries[r];
      rows[r].fresh = !entries[r]->present;
      if (groups_ahead) watermark = std::max(passed, state_->event_time(addresses[r].hash));
      if (rows[r].fresh)
        begin_window(addresses[r], window_of(batch.event_time(rows[r].record)), *entries[r],
                     watermark);
    }
    for (std::size_t r = 0; chunk.any_fired && r < count; ++r) {
      if (groups_ahead) watermark = std::max(passed, state_->event_time(addresses[r].hash));
      if (watermark >= last_of(window_of(batch.event_time(rows[r].record))))
        correct_later(addresses[r]);
    }
    kernels_.add(code_.get(), batch, rows.data(), count, *accumulators_);
  }

  void begin_window(const StateKey& address, const Window& window, StateEntry& entry,
                    Timestamp watermark) {
    accumulators_->assign(entry, kernels_.accumulator->default_value);
    TimerStore& timers = state_->timers();
    if (watermark < last_of(window))
      timers.set(TimeDomain::kEvent, address, kFire, last_of(window));
    if (marks_ != nullptr) timers.set(TimeDomain::kEvent, address, kPurge, purge_time(window));
  }

  // Of a window that has fired and is not forgotten yet, so that there is allowed lateness.
  void correct_later(const StateKey& address) {
    TRIBUTARY_CHECK(marks_ != nullptr, "a late record without allowed lateness");
    StateEntry* mark = fetch_one(*marks_, address);
    if (mark->present) return;
    const Timestamp now = core_.processing_time();
    const WindowMark pending{
        .correct_at = saturating_add(floor_to(now, kBetweenCorrections), kBetweenCorrections)};
    marks_->assign(*mark, &pending);
    state_->timers().set(TimeDomain::kProcessing, address, kCorrect, pending.correct_at);
    core_.engine().wake_at(pending.correct_at);
    core_.engine().count("late_records_allowed", 1);
  }

  void too_late(Batch& batch, std::uint32_t i) {
    core_.engine().count("late_records", 1);
    core_.emit_side(kLateOutput, input_, batch.record(i), batch.event_time(i), batch.key_hash(i));
  }

  static StateEntry* fetch_one(ValueState& state, const StateKey& address) {
    StateEntry* entry = nullptr;
    state.fetch({&address, 1}, {&entry, 1});
    return entry;
  }

  Progress fire_due(TimeDomain domain, Timestamp until, Output& out) {
    core_.begin(out);
    TimerStore& timers = state_->timers();
    std::uint32_t fired = 0;
    Progress progress = Progress::kDone;
    while (const std::optional<Timer> timer = timers.pop_due(domain, until)) {
      fire(*timer);
      scratch_.reset();
      if (++fired % kFiringsBetweenQuestions == 0) core_.emitter.ask();
      if (core_.emitter.yielding()) {
        progress = Progress::kAgain;
        break;
      }
    }
    core_.emitter.end();
    return progress;
  }

  void fire(const Timer& timer) {
    reader_.set(timer.key_hash, timer.key);
    StateKey address = reader_.address(0);
    address.name_space = timer.name_space;
    const Timestamp start = decode_start(timer.name_space);
    const Window window{.start = start, .end = saturating_add(start, options_.windows.width)};
    if (timer.name == kFire) {
      emit_result(address, window);
      if (marks_ == nullptr) forget(address);
    } else if (timer.name == kCorrect) {
      marks_->clear(*fetch_one(*marks_, address));
      emit_result(address, window);
    } else {
      StateEntry* mark = fetch_one(*marks_, address);
      if (mark->present) {
        state_->timers().cancel(TimeDomain::kProcessing, address, kCorrect,
                                static_cast<const WindowMark*>(mark->value)->correct_at);
        marks_->clear(*mark);
        emit_result(address, window);
      }
      forget(address);
    }
  }

  void forget(const StateKey& address) {
    accumulators_->clear(*fetch_one(*accumulators_, address));
    if (emitted_ != nullptr) emitted_->clear(*fetch_one(*emitted_, address));
  }

  void emit_result(const StateKey& address, const Window& window) {
    const StateEntry* accumulator = fetch_one(*accumulators_, address);
    if (!accumulator->present) return;
    ResultContext context(scratch_);
    kernels_.result(code_.get(), reader_.key(0), window, accumulator->value, context,
                    result_.get());
    const void* record = result_.get();
    if (emitted_ != nullptr) {
      StateEntry* before = fetch_one(*emitted_, address);
      if (before->present) {
        if (!kernels_.difference(code_.get(), result_.get(), before->value, changed_.get())) return;
        record = changed_.get();
      }
    }
    core_.emitter.copy(0, *kernels_.output, record, last_of(window), address.hash,
                       Operation::kInsert);
    if (emitted_ != nullptr) emitted_->assign(*fetch_one(*emitted_, address), result_.get());
  }

  const WindowKernels kernels_;
  const WindowOptions options_;
  CodePtr code_;
  KeyReader reader_;
  const TypeInfo& key_type_;
  const TypeInfo& input_;
  std::shared_ptr<const SideNames> sides_;
  CallCore core_;
  KeyedState* state_ = nullptr;
  StateMisses misses_;
  ValueState* accumulators_ = nullptr;
  ValueState* emitted_ = nullptr;  // emit(difference)
  ValueState* marks_ = nullptr;    // with allowed lateness
  std::unique_ptr<std::byte[]> result_;
  std::unique_ptr<std::byte[]> changed_;
  Arena scratch_;
};

}  // namespace

std::vector<StateDeclaration> window_states(const WindowKernels& kernels,
                                            const TypeInfo& key_type) {
  std::vector<StateDeclaration> states{{.name = std::string(kAccumulatorState),
                                        .kind = "value",
                                        .key = &key_type,
                                        .value = kernels.accumulator}};
  if (kernels.difference != nullptr)
    states.push_back({.name = std::string(kEmittedState),
                      .kind = "value",
                      .key = &key_type,
                      .value = kernels.output});
  states.push_back({.name = std::string(kLateState),
                    .kind = "value",
                    .key = &key_type,
                    .value = &type_info<WindowMark>()});
  return states;
}

OperatorFactory make_window(const WindowKernels& kernels, const WindowOptions& options,
                            UserCode code, KeySpec key, const TypeInfo& input) {
  return [kernels, options, code = std::move(code), key = std::move(key),
          &input](std::shared_ptr<const SideNames> sides) {
    return std::make_unique<WindowOperator>(kernels, options, code.instance(), key, input,
                                            std::move(sides));
  };
}

Status check_window(const WindowOptions& options, std::string_view name) {
  if (options.windows.width > Duration{} && options.allowed_lateness >= Duration{}) return {};
  return fail(ErrorCode::G315,
              "window {}: width {} and allowed lateness {}; the width must be above zero and the "
              "lateness not negative",
              name, format_duration(options.windows.width),
              format_duration(options.allowed_lateness));
}

}  // namespace tributary::internal
