// checkpoint/publish/epoch_stager.h
// Collects what one writer emits into segments, epoch by epoch, and says when they are to be stored
// (rules 9, 10, 19).
//
// Owner: the sink's operator; thread: its slot's. Segments are stored by the I/O pool while the
// epoch runs, so that a barrier waits for the tail only. A unit is complete when all its segments
// are stored; an epoch without records has no segment. What could not be stored stays in memory and
// is asked for again: an aborted checkpoint loses nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/publish/publish_limits.h"
#include "checkpoint/publish/staged_segment.h"

namespace tributary {

class EpochStager {
 public:
  struct SegmentToStore {
    std::uint64_t id = 0;
    // Valid until stored() of this id or rollback.
    std::shared_ptr<const std::string> bytes;
  };

  EpochStager(SegmentOwner owner, Hash128 lineage, PublishLimits limits);

  // D102 if the record is over a limit: bad data, not staged (rule 14).
  Status add(const StagedRecord& record, std::int64_t now_nanos);
  // Cuts a segment that is old enough; call it about every PublishLimits::segment_nanos.
  void tick(std::int64_t now_nanos);
  // When tick() has something to do; none: before the next add() never.
  std::optional<std::int64_t> segment_due() const;
  // Barrier `epoch`: what was added since the one before is this epoch's.
  void close(Epoch epoch);
  // The epochs that were closed and are not yet taken, in order, as soon as their segments are
  // stored; an epoch without records is a unit without segments.
  std::optional<checkpoint::StagedUnit> take_unit();

  // Segments to be stored now; each is given once.
  std::vector<SegmentToStore> take_segments();
  void stored(std::uint64_t id, const checkpoint::PieceRef& piece);
  // take_segments() gives it again.
  void store_failed(std::uint64_t id);

  // The current epoch has reached its soft cap: true once an epoch. Input goes on (rule 9).
  bool wants_checkpoint();
  // Not stored yet: the quota that stops the input when storing fails (disk full).
  std::uint64_t unstored_bytes() const { return unstored_bytes_; }
  std::uint64_t epoch_bytes() const { return epoch_bytes_; }

 private:
  struct Segment {
    std::uint64_t id = 0;
    std::shared_ptr<const std::string> bytes;  // null when stored
    bool given = false;
    checkpoint::StagedSegment staged;
  };
  struct Unit {
    std::optional<Epoch> epoch;  // none: the current one
    std::vector<Segment> segments;
  };
  void cut();
  Segment* find(std::uint64_t id);

  const Hash128 lineage_;
  const PublishLimits limits_;
  SegmentWriter writer_;
  std::int64_t segment_since_ = 0;
  std::deque<Unit> units_;  // the last is the current one
  std::uint64_t last_id_ = 0;
  std::uint64_t unstored_bytes_ = 0;
  std::uint64_t epoch_bytes_ = 0;
  bool asked_ = false;
};

}  // namespace tributary
