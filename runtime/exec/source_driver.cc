#include "runtime/exec/source_driver.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/base64.h"
#include "runtime/exec/dead_letter.h"

namespace tributary {

namespace {
constexpr std::uint32_t kNode = 0;
constexpr std::uint32_t kDeadLetterPort = 1;
constexpr std::size_t kMaxRaw = 64 * 1024;
constexpr std::size_t kMaxValue = 256;
constexpr std::int64_t kTokenUnit = 1'000'000;
// Between two reads no more than this counts as listening.
constexpr Duration kLongestListen = milliseconds(10);

// Not in the middle of a UTF-8 sequence.
std::string_view cut_text(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}
}  // namespace

SourceDriver::SourceDriver(const VertexCode& code, Options options, OperatorChain& chain)
    : code_(code),
      options_(std::move(options)),
      chain_(chain),
      reader_(code.make_reader()),
      gate_open_(!options_.gated),
      idle_(options_.time.idle),
      watermark_(options_.time.watermark) {}

Status SourceDriver::open() {
  opened_ = true;
  return reader_->open(chain_.context(kNode));
}

void SourceDriver::close() {
  if (std::exchange(opened_, false)) reader_->close();
  ended_ = true;
}

void SourceDriver::add_splits(std::vector<Split> splits) {
  if (ended_ || stopping_) {  // a listing that was under way, or a restored task that had ended
    std::ranges::move(splits, std::back_inserter(unread_));
    return;
  }
  listed_ = true;
  for (Split& split : splits) {
    // One that had data before a restore is not idle before its time.
    const bool had_data = split.highest > Timestamp::min();
    splits_.push_back({.id = split.id,
                       .highest = std::max(split.highest, watermark_),
                       .last_data = had_data ? options_.clock->now() : Timestamp{},
                       .listened_at_data = listening_,
                       .has_data = had_data});
    Status added = reader_->add_split(split);
    if (!added && !split_error_) split_error_ = std::move(added).error();
  }
  next_turn_ = Timestamp::min();
}

void SourceDriver::no_more_splits() {
  if (ended_) return;
  listing_done_ = true;
  reader_->no_more_splits();
  next_turn_ = Timestamp::min();
}

bool SourceDriver::refill_tokens(Timestamp now) {
  if (code_.records_per_second <= 0) return true;
  const double per_micro =
      static_cast<double>(code_.records_per_second) * share_of_rate_;  // tokens: 1e-6
  if (per_micro <= 0) return true;  // no split yet, so nothing is read
  if (!tokens_started_) {
    tokens_started_ = true;
    tokens_at_ = now;
    tokens_ = 0;
  }
  if (now < tokens_at_) tokens_at_ = now;  // the wall clock went back
  const double earned = static_cast<double>((now - tokens_at_).micros) * per_micro;
  const double burst = per_micro * 100'000;  // 100 ms
  if (earned >= 1) {
    tokens_ = static_cast<std::int64_t>(std::min(static_cast<double>(tokens_) + earned, burst));
    tokens_at_ = now;
  }
  if (tokens_ >= 0) return true;
  ask_again(
      now + microseconds(static_cast<std::int64_t>(static_cast<double>(-tokens_) / per_micro) + 1),
      now);
  return false;
}

void SourceDriver::ask_again(Timestamp at, Timestamp now) {
  next_turn_ = at;
  asked_at_ = now;
}

Result<SourceDriver::Turn> SourceDriver::turn(Timestamp now, bool room) {
  wants_room_ = false;
  emitted_ = false;
  turn_now_ = now;
  if (ended_) return Turn::kNothing;
  if (split_error_) return std::unexpected(*split_error_);
  if (stopping_) {
    end(false);
    return Turn::kProgressed;
  }
  if (!gate_open_ || drained_) return Turn::kNothing;
  if (now < next_turn_ && now >= asked_at_) return Turn::kNothing;
  if (splits_.empty() && !listing_done_) {
    set_idle(true);
    if (listed_) caught_up_ = true;
    return Turn::kNothing;
  }
  if (splits_.empty() || at_end_) {
    // The marker of a gate goes out before the end; the task asks take_caught_up() before each
    // turn.
    if (!std::exchange(caught_up_, true)) return Turn::kProgressed;
    end(true);
    return Turn::kProgressed;
  }
  if (!refill_tokens(now)) return Turn::kNothing;
  if (!room) {
    wants_room_ = true;
    return Turn::kNothing;
  }
  if (last_read_)
    listening_ = listening_ + std::clamp(now - *last_read_, Duration{}, kLongestListen);
  last_read_ = now;
  const ReadResult read = TRY(reader_->read(*this));
  if (!caught_up_ && reader_->caught_up()) caught_up_ = true;
  if (read.state != ReadState::kMore) quiet_at_ = now;
  advance_watermark();
  // What was emitted may wait in the chain, which is then to go on at once.
  const Turn quiet = emitted_ ? Turn::kProgressed : Turn::kNothing;
  switch (read.state) {
    case ReadState::kMore:
      next_turn_ = Timestamp::min();
      return Turn::kProgressed;
    case ReadState::kIdle:
      ask_again(std::max(read.retry_at, now + milliseconds(1)), now);
      return quiet;
    case ReadState::kEnd:
      caught_up_ = true;
      if (listing_done_) {
        at_end_ = true;
        next_turn_ = Timestamp::min();
        return Turn::kProgressed;
      }
      ask_again(now + milliseconds(100), now);
      return quiet;
  }
  return Turn::kNothing;
}

// Nothing for `idle_after`, in time that the reader was listening or has vouched for (protocol rule
// 61): a split that was not looked at because of backpressure or a rate limit is not idle.
bool SourceDriver::is_idle(const SplitState& split) const {
  return split.has_data && (quiet_at_ >= saturating_add(split.last_data, code_.idle_after) ||
                            listening_ - split.listened_at_data >= code_.idle_after);
}

// The minimum over the splits that are not idle.
void SourceDriver::advance_watermark() {
  // Records without event time say nothing about it, and hold nobody back.
  if (!code_.event_time) return set_idle(true);
  Timestamp lowest = Timestamp::max();
  bool anyone = false;
  for (const SplitState& split : splits_) {
    if (!split.has_data || is_idle(split)) continue;
    anyone = true;
    lowest = std::min(lowest, split.highest);
  }
  const bool waiting_for_first =
      std::ranges::any_of(splits_, [&](const SplitState& s) { return !s.has_data; }) && !caught_up_;
  if (!anyone || waiting_for_first) {
    if (!anyone && caught_up_) set_idle(true);
    return;
  }
  set_idle(false);
  if (lowest == Timestamp::min()) return;
  const Timestamp watermark =
      saturating_add(lowest, microseconds(-code_.bounded_lateness.micros - 1));
  if (watermark <= watermark_) return;
  watermark_ = watermark;
  chain_.source_control(ControlEvent::at_watermark(watermark));
}

void SourceDriver::set_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  chain_.source_control({.kind = idle ? ControlKind::kIdle : ControlKind::kActive,
                         .has_no_event_time = !code_.event_time});
}

void SourceDriver::drain() {
  drained_ = true;
  if (ended_ || !code_.event_time) return;
  set_idle(false);
  watermark_ = Timestamp::max();
  chain_.source_control(ControlEvent::at_watermark(watermark_));
}

void SourceDriver::snapshot(checkpoint::TaskSnapshot& snapshot) const {
  const std::vector<Split> positions = reader_->positions();
  const auto add = [&](const Split& at, Timestamp highest) {
    checkpoint::SplitSnapshot& split = *snapshot.add_splits();
    split.set_source(options_.source_name);
    split.set_id(at.id);
    split.set_position(at.position);
    split.set_end(at.end);
    split.set_highest_micros(highest.micros);
    split.set_detail(at.detail);
  };
  for (std::size_t i = 0; i < positions.size() && i < splits_.size(); ++i)
    add(positions[i], splits_[i].has_data ? splits_[i].highest : Timestamp::min());
  for (const Split& split : unread_) add(split, split.highest);
}

void SourceDriver::end(bool drained) {
  ended_ = true;
  chain_.source_control(ControlEvent::end(drained));
}

Timestamp SourceDriver::next_turn() const {
  if (ended_) return Timestamp::max();
  if (stopping_) return Timestamp::min();
  // Woken by a command, or by credit.
  if (!gate_open_ || drained_) return Timestamp::max();
  if (caught_up_ && !reported_caught_up_) return Timestamp::min();
  if (wants_room_ || (splits_.empty() && !listing_done_)) return Timestamp::max();
  return next_turn_;
}

bool SourceDriver::take_caught_up() {
  if (!caught_up_ || reported_caught_up_) return false;
  reported_caught_up_ = true;
  return true;
}

BatchPtr SourceDriver::take(const TypeInfo& type) { return chain_.output(kNode).take(type); }

void SourceDriver::emit(std::uint32_t port, BatchPtr batch) {
  emitted_ = true;
  chain_.output(kNode).emit(port, std::move(batch));
}

void SourceDriver::emit_from(std::uint32_t split, BatchPtr batch) {
  if (batch == nullptr || batch->empty()) return;
  SplitState& state = splits_[split];
  emitted_ = true;
  state.last_data = turn_now_;
  state.listened_at_data = listening_;
  state.has_data = true;
  if (code_.event_time) {
    set_idle(false);
    code_.event_time(*batch);
    for (const Timestamp t : batch->event_times()) state.highest = std::max(state.highest, t);
  }
  options_.metrics->records_in.add(batch->size());
  if (code_.records_per_second > 0) tokens_ -= std::int64_t{batch->size()} * kTokenUnit;
  chain_.output(kNode).emit(0, std::move(batch));
}

bool SourceDriver::should_yield() { return chain_.output(kNode).should_yield(); }
bool SourceDriver::connected(std::uint32_t port) const {
  return chain_.output(kNode).connected(port);
}

Status SourceDriver::bad_record(std::uint32_t split, const BadRecord& record) {
  const std::string& id = splits_[split].id;
  options_.metrics->records_in.add(1);
  options_.metrics->count("bad_records", 1);
  if (code_.records_per_second > 0) tokens_ -= kTokenUnit;
  switch (code_.bad_records) {
    case BadRecordPolicy::kSkip:
      return {};
    case BadRecordPolicy::kDeadLetter: {
      BatchPtr batch = take(type_info<DeadLetter>());
      Arena& arena = batch->arena();
      const std::string encoded = base64_encode(record.raw.substr(0, kMaxRaw));
      // Beside the topic, which is the folder.
      const std::string_view partition = std::string_view(id).substr(id.rfind('/') + 1);
      *static_cast<DeadLetter*>(batch->append(Timestamp::min())) = DeadLetter{
          .reason = Text(record.reason, arena),
          .field = Text(record.field, arena),
          .value = Text(cut_text(record.value, kMaxValue), arena),
          .message = Text(record.message, arena),
          .tenant = {},
          .topic = Text(options_.topic, arena),
          .partition = Text(partition, arena),
          .offset = record.offset,
          .line = record.line,
          .ingest_time = options_.clock->now(),
          .raw = Text(encoded, arena),
      };
      emit(kDeadLetterPort, std::move(batch));
      return {};
    }
    default:
      return fail(ErrorCode::P804, "source {}: {} offset {} line {}: {}: {}", options_.source_name,
                  id, record.offset, record.line, record.reason, record.message);
  }
}

}  // namespace tributary
