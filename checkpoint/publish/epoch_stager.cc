#include "checkpoint/publish/epoch_stager.h"

#include <algorithm>
#include <utility>

namespace tributary {

EpochStager::EpochStager(SegmentOwner owner, Hash128 lineage, PublishLimits limits)
    : lineage_(lineage), limits_(limits), writer_(std::move(owner)), units_(1) {}

Status EpochStager::add(const StagedRecord& record, std::int64_t now_nanos) {
  if (writer_.records() == 0) segment_since_ = now_nanos;
  TRY(writer_.add(record));
  epoch_bytes_ += record.bytes();
  if (writer_.encoded_bytes() >= limits_.segment_bytes) cut();
  return {};
}

void EpochStager::tick(std::int64_t now_nanos) {
  if (writer_.records() > 0 && now_nanos - segment_since_ >= limits_.segment_nanos) cut();
}

std::optional<std::int64_t> EpochStager::segment_due() const {
  if (writer_.records() == 0) return std::nullopt;
  return segment_since_ + limits_.segment_nanos;
}

void EpochStager::cut() {
  if (writer_.records() == 0) return;
  Segment segment;
  segment.id = ++last_id_;
  segment.staged.set_records(writer_.records());
  segment.staged.set_bytes(writer_.bytes());
  segment.bytes = std::make_shared<const std::string>(writer_.finish());
  unstored_bytes_ += segment.bytes->size();
  units_.back().segments.push_back(std::move(segment));
}

void EpochStager::close(Epoch epoch) {
  cut();
  units_.back().epoch = epoch;
  units_.emplace_back();
  epoch_bytes_ = 0;
  asked_ = false;
}

std::optional<checkpoint::StagedUnit> EpochStager::take_unit() {
  const Unit& front = units_.front();
  const auto unstored = [](const Segment& segment) { return segment.bytes != nullptr; };
  if (!front.epoch || std::ranges::any_of(front.segments, unstored)) return std::nullopt;
  checkpoint::StagedUnit unit;
  unit.set_lineage_high(lineage_.high);
  unit.set_lineage_low(lineage_.low);
  unit.set_epoch(front.epoch->value);
  for (const Segment& segment : front.segments) *unit.add_segments() = segment.staged;
  units_.pop_front();
  return unit;
}

std::vector<EpochStager::SegmentToStore> EpochStager::take_segments() {
  std::vector<SegmentToStore> segments;
  for (Unit& unit : units_) {
    for (Segment& segment : unit.segments) {
      if (segment.bytes == nullptr || std::exchange(segment.given, true)) continue;
      segments.push_back({segment.id, segment.bytes});
    }
  }
  return segments;
}

EpochStager::Segment* EpochStager::find(std::uint64_t id) {
  for (Unit& unit : units_) {
    const auto found = std::ranges::find(unit.segments, id, &Segment::id);
    if (found != unit.segments.end()) return &*found;
  }
  return nullptr;
}

void EpochStager::stored(std::uint64_t id, const checkpoint::PieceRef& piece) {
  Segment* segment = find(id);
  if (segment == nullptr || segment->bytes == nullptr) return;
  unstored_bytes_ -= segment->bytes->size();
  segment->bytes.reset();
  *segment->staged.mutable_piece() = piece;
}

void EpochStager::store_failed(std::uint64_t id) {
  if (Segment* segment = find(id); segment != nullptr) segment->given = false;
}

bool EpochStager::wants_checkpoint() {
  return epoch_bytes_ >= limits_.epoch_soft_bytes && !std::exchange(asked_, true);
}

}  // namespace tributary
