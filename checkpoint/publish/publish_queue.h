// checkpoint/publish/publish_queue.h
// What one writer number still has to publish: cuts its staged units into parts and knows how far
// it is (rules 6, 7, 10, 19).
//
// Owner: SinkOwner; its thread. Invariants: strictly by epoch and record; one part at a time; a
// part ends with a mark that says exactly what it and all parts before it held. Empty epochs are
// not here.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checkpoint/publish/publish_limits.h"
#include "checkpoint/publish/sink_connector.h"

namespace tributary {

class PublishQueue {
 public:
  struct Settings {
    SegmentOwner owner;
    OwnershipRound round;
    Epoch restored;  // what the round inherits ends here
    PublishHazards hazards;
  };
  struct Idle {};
  struct Load {
    checkpoint::PieceRef piece;
  };
  using Step = std::variant<Idle, Load, Part>;

  // `history` must outlive it.
  PublishQueue(Settings settings, const LineageHistory& history);

  // A unit with records, of a later epoch than those before.
  void add(checkpoint::StagedUnit unit);
  // After a fence and a reading of marks: what is out is dropped, what was composed forgotten.
  void resume(const std::optional<Mark>& mark, MarkPosition position);

  // What is next among units <= `limit`: a segment is wanted, or a part of about `part_bytes` is
  // ready. Several epochs go into one part.
  Step next(Epoch limit, std::uint64_t part_bytes);
  // The segment that next() asked for. S473 if it is not what the unit says.
  Status loaded(std::string bytes);
  void part_out(MarkPosition position);  // the part that next() gave last
  void part_lost();                      // it is certainly not out

  // ---- skipping an epoch (rule 14) ----
  // The rest of the front unit, for the dead letters, part by part; ends with Idle.
  Step next_dead_letters(std::uint64_t part_bytes);
  void dead_letters_staged();  // the part that next_dead_letters() gave last
  void on_barrier(Epoch epoch);
  // True, and the front unit counts as out but for its mark, if all of it was staged as dead
  // letters and `completed` covers that.
  bool skip(Epoch completed);

  // Nothing <= limit is left, and the lineage's start mark is out if limit covers what it inherits.
  bool drained(Epoch limit) const;
  std::optional<Epoch> front() const;
  // What a snapshot at `epoch` says of this number.
  checkpoint::WriterSnapshot snapshot(Epoch epoch) const;
  const std::optional<Mark>& mark() const { return mark_; }

  struct Pending {
    std::uint64_t epochs = 0;
    std::uint64_t bytes = 0;
  };
  // Units <= `epoch` that are not out.
  Pending pending(Epoch epoch) const;

 private:
  struct Unit {
    checkpoint::StagedUnit staged;
    Hash128 lineage;
    Epoch epoch;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t out = 0;            // records that are out
    std::uint64_t dead_lettered = 0;  // records, from the front, that are out or dead letters
    struct AtBarrier {
      Epoch epoch;
      std::uint64_t dead_lettered = 0;
    };
    std::vector<AtBarrier> barriers;  // at which dead_lettered had changed
  };
  bool needs_start_mark() const;
  Step compose(Epoch limit, std::uint64_t part_bytes, bool skipping);
  void begin(bool skipping);
  enum class Taken : std::uint8_t { kWholeUnit, kPartIsFull, kNeedsSegment };
  Taken take_records(const Unit& unit, std::uint64_t part_bytes);
  // The segment that holds the record at the cursor.
  const checkpoint::StagedSegment& find_segment(const Unit& unit);
  void forget_composed();

  const Settings settings_;
  const LineageHistory& history_;
  std::deque<Unit> units_;
  std::optional<Mark> mark_;
  MarkPosition mark_position_;

  // The cursor of what is composed: units before it and `cursor_records_` of its unit are in the
  // part or before it.
  std::size_t cursor_ = 0;
  std::uint64_t cursor_records_ = 0;
  Part part_;
  Mark next_mark_;
  bool composing_ = false;
  bool given_ = false;
  // The segment at the cursor.
  std::shared_ptr<const std::string> segment_;
  DecodedSegment decoded_;
  std::uint64_t segment_first_ = 0;  // place of its first record in the unit
};

}  // namespace tributary
