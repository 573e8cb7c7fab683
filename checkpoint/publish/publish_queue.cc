#include "checkpoint/publish/publish_queue.h"

#include <algorithm>

namespace tributary {
namespace {

// What a reader of marks does that knows epochs but no lineages.
std::optional<std::uint64_t> records_out_by_epoch(const std::optional<Mark>& mark, Epoch epoch) {
  std::uint64_t out = 0;
  if (!mark) return out;
  for (const LineageProgress& progress : mark->progress) {
    if (progress.epoch > epoch || (progress.epoch == epoch && progress.whole)) return std::nullopt;
    if (progress.epoch == epoch) out = progress.records;
  }
  return out;
}

}  // namespace

PublishQueue::PublishQueue(Settings settings, const LineageHistory& history)
    : settings_(std::move(settings)), history_(history) {}

void PublishQueue::add(checkpoint::StagedUnit unit) {
  Unit added;
  added.lineage = {unit.lineage_high(), unit.lineage_low()};
  added.epoch = {unit.epoch()};
  TRIBUTARY_CHECK(units_.empty() || units_.back().epoch < added.epoch);
  for (const checkpoint::StagedSegment& segment : unit.segments()) {
    added.records += segment.records();
    added.bytes += segment.bytes();
  }
  added.out = added.dead_lettered = unit.dead_lettered();
  if (added.out > 0) added.barriers.push_back({settings_.restored, added.out});
  added.staged = std::move(unit);
  units_.push_back(std::move(added));
}

void PublishQueue::resume(const std::optional<Mark>& mark, MarkPosition position) {
  if (settings_.hazards.unit_dropped_when_sent && given_) part_out(position);
  mark_ = mark;
  mark_position_ = position;
  forget_composed();
  for (Unit& unit : units_) {
    const auto out = settings_.hazards.epochs_without_lineage
                         ? records_out_by_epoch(mark, unit.epoch)
                         : records_out(mark, history_, unit.lineage, unit.epoch);
    if (!out)
      unit.out = unit.records + 1;  // its mark, too
    else if (!settings_.hazards.parts_without_position)
      unit.out = std::max(unit.out, *out);
    else
      unit.out = 0;
  }
  std::erase_if(units_, [](const Unit& unit) { return unit.out > unit.records; });
}

bool PublishQueue::needs_start_mark() const {
  return !history_.is_first() && (!mark_ || mark_->of(history_.current().id) == nullptr);
}

void PublishQueue::forget_composed() {
  composing_ = given_ = false;
  part_ = {};
  segment_.reset();
}

void PublishQueue::begin(bool skipping) {
  composing_ = true;
  cursor_ = 0;
  if (!units_.empty()) {
    const Unit& front = units_.front();
    cursor_records_ = skipping ? std::max(front.out, front.dead_lettered) : front.out;
  }
  part_ = {};
  part_.number = settings_.owner.number;
  part_.round = settings_.round;
  next_mark_ = mark_.value_or(Mark{.uid = settings_.owner.uid});
  next_mark_.lineage = history_.current().id;
  ++next_mark_.sequence;
}

const checkpoint::StagedSegment& PublishQueue::find_segment(const Unit& unit) {
  segment_first_ = 0;
  for (const checkpoint::StagedSegment& segment : unit.staged.segments()) {
    if (cursor_records_ < segment_first_ + segment.records()) return segment;
    segment_first_ += segment.records();
  }
  TRIBUTARY_CHECK(false, "record {} of a unit of {}", cursor_records_, unit.records);
}

PublishQueue::Taken PublishQueue::take_records(const Unit& unit, std::uint64_t part_bytes) {
  while (cursor_records_ < unit.records) {
    if (segment_ == nullptr) return Taken::kNeedsSegment;
    TRIBUTARY_CHECK(cursor_records_ >= segment_first_ &&
                    cursor_records_ - segment_first_ < decoded_.records.size());
    const StagedRecord& record = decoded_.records[cursor_records_ - segment_first_];
    if (!part_.records.empty() && part_.bytes + record.bytes() > part_bytes)
      return Taken::kPartIsFull;
    part_.records.push_back(record);
    part_.bytes += record.bytes();
    if (part_.segments.empty() || part_.segments.back() != segment_)
      part_.segments.push_back(segment_);
    ++cursor_records_;
    if (cursor_records_ - segment_first_ == decoded_.records.size()) segment_.reset();
  }
  return Taken::kWholeUnit;
}

PublishQueue::Step PublishQueue::compose(Epoch limit, std::uint64_t part_bytes, bool skipping) {
  if (given_) return Idle{};
  if (!composing_) begin(skipping);
  Taken taken = Taken::kWholeUnit;
  while (cursor_ < units_.size() && units_[cursor_].epoch <= limit && !(skipping && cursor_ > 0)) {
    const Unit& unit = units_[cursor_];
    taken = take_records(unit, part_bytes);
    if (taken == Taken::kNeedsSegment) return Load{find_segment(unit).piece()};
    const bool whole = taken == Taken::kWholeUnit;
    if (whole || cursor_records_ > unit.out) {
      next_mark_.advance({unit.lineage, unit.epoch, whole, whole ? 0 : cursor_records_});
      next_mark_.epoch = unit.epoch;
    }
    if (!whole) break;
    segment_.reset();
    ++cursor_;
    cursor_records_ = cursor_ < units_.size() ? units_[cursor_].out : 0;
  }
  if (skipping && part_.records.empty()) {
    forget_composed();
    return Idle{};
  }
  const bool inherited_left =
      cursor_ < units_.size() && units_[cursor_].epoch <= settings_.restored;
  const bool starts = needs_start_mark() && limit >= settings_.restored && !inherited_left;
  if (starts) {
    next_mark_.advance({history_.current().id, settings_.restored, true});
    next_mark_.epoch = std::max(next_mark_.epoch, settings_.restored);
  }
  if (!starts && cursor_ == 0 && part_.records.empty()) {
    forget_composed();
    return Idle{};
  }
  given_ = true;
  part_.mark = next_mark_;
  return std::move(part_);
}

PublishQueue::Step PublishQueue::next(Epoch limit, std::uint64_t part_bytes) {
  if (settings_.hazards.only_the_epoch_named && !composing_) {
    std::erase_if(units_, [&](const Unit& unit) {
      return unit.epoch > settings_.restored && unit.epoch < limit;
    });
    segment_.reset();  // may have been one of theirs
  }
  return compose(limit, part_bytes, false);
}

PublishQueue::Step PublishQueue::next_dead_letters(std::uint64_t part_bytes) {
  const auto first = front();
  return first ? compose(*first, part_bytes, true) : Step{Idle{}};
}

Status PublishQueue::loaded(std::string bytes) {
  TRIBUTARY_CHECK(composing_ && cursor_ < units_.size());
  auto segment = std::make_shared<const std::string>(std::move(bytes));
  DecodedSegment decoded = TRY(decode_segment(*segment));
  const checkpoint::StagedSegment& expected = find_segment(units_[cursor_]);
  if (decoded.owner != settings_.owner || decoded.records.size() != expected.records()) {
    return fail(
        ErrorCode::S473,
        "reading staged output of sink {}, writer {}, epoch {}: blob {} holds {} records of "
        "sink {}, writer {}",
        settings_.owner.sink, settings_.owner.number.value, units_[cursor_].epoch.value,
        expected.piece().blob().name(), decoded.records.size(), decoded.owner.sink,
        decoded.owner.number.value);
  }
  segment_ = std::move(segment);
  decoded_ = std::move(decoded);
  return {};
}

void PublishQueue::part_out(MarkPosition position) {
  TRIBUTARY_CHECK(given_);
  mark_ = next_mark_;
  mark_position_ = position;
  units_.erase(units_.begin(), units_.begin() + static_cast<std::ptrdiff_t>(cursor_));
  if (!units_.empty()) units_.front().out = cursor_records_;
  cursor_ = 0;
  // The segment at the cursor may serve the next part.
  composing_ = given_ = false;
  part_ = {};
}

void PublishQueue::part_lost() {
  if (settings_.hazards.unit_dropped_when_sent && given_) return part_out(mark_position_);
  forget_composed();
}

void PublishQueue::dead_letters_staged() {
  TRIBUTARY_CHECK(given_);
  Unit& unit = units_.front();
  unit.dead_lettered = cursor_ > 0 ? unit.records : cursor_records_;
  forget_composed();
}

void PublishQueue::on_barrier(Epoch epoch) {
  for (Unit& unit : units_) {
    const std::uint64_t before = unit.barriers.empty() ? 0 : unit.barriers.back().dead_lettered;
    if (unit.dead_lettered != before) unit.barriers.push_back({epoch, unit.dead_lettered});
  }
}

bool PublishQueue::skip(Epoch completed) {
  if (units_.empty()) return false;
  Unit& unit = units_.front();
  const bool covered = std::ranges::any_of(unit.barriers, [&](const Unit::AtBarrier& at) {
    return at.epoch <= completed && at.dead_lettered == unit.records;
  });
  if (covered) {
    unit.out = unit.records;
    forget_composed();
  }
  return covered;
}

bool PublishQueue::drained(Epoch limit) const {
  if (!units_.empty() && units_.front().epoch <= limit) return false;
  return limit < settings_.restored || !needs_start_mark();
}

std::optional<Epoch> PublishQueue::front() const {
  if (units_.empty()) return std::nullopt;
  return units_.front().epoch;
}

checkpoint::WriterSnapshot PublishQueue::snapshot(Epoch epoch) const {
  checkpoint::WriterSnapshot snapshot;
  snapshot.set_number(settings_.owner.number.value);
  for (const Unit& unit : units_) {
    if (unit.epoch > epoch) break;
    if (settings_.hazards.snapshot_of_one_epoch && unit.epoch < epoch) continue;
    checkpoint::StagedUnit& listed = *snapshot.add_units();
    listed = unit.staged;
    listed.set_dead_lettered(0);
    for (const Unit::AtBarrier& at : unit.barriers) {
      if (at.epoch <= epoch) listed.set_dead_lettered(at.dead_lettered);
    }
  }
  if (mark_) {
    snapshot.set_mark(encode_mark(*mark_));
    snapshot.set_mark_position(mark_position_.value);
  }
  return snapshot;
}

PublishQueue::Pending PublishQueue::pending(Epoch epoch) const {
  Pending pending;
  for (const Unit& unit : units_) {
    if (unit.epoch > epoch) break;
    ++pending.epochs;
    pending.bytes += unit.bytes;
  }
  return pending;
}

}  // namespace tributary
