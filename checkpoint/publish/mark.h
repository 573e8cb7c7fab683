// checkpoint/publish/mark.h
// How far the output of one writer number is out: the last record of every external transaction,
// committed with it or not at all.
//
// Invariant: of two marks of a number, the one with the greater sequence was committed later and
// says at least as much of every lineage. A mark with progress of its own lineage says that
// everything the lineage inherited is out (the "start mark" of rule 3 is the first such).
// Thread: values. Bytes: docs/formats/staged-output.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/publish/lineage.h"

namespace tributary {

// Of one lineage: every epoch before `epoch` is out, and of `epoch` all or the first `records`.
struct LineageProgress {
  Hash128 lineage;
  Epoch epoch;
  bool whole = false;
  std::uint64_t records = 0;  // 0 if whole
  friend bool operator==(const LineageProgress&, const LineageProgress&) = default;
};

struct Mark {
  Hash128 uid;
  Hash128 lineage;             // of the run that committed it
  std::uint64_t sequence = 0;  // parts of this number so far
  Epoch epoch;                 // the epoch that its part touched last
  std::vector<LineageProgress> progress;

  const LineageProgress* of(Hash128 lineage_id) const;
  // Sets the progress of a lineage; it never falls.
  void advance(const LineageProgress& to);
  friend bool operator==(const Mark&, const Mark&) = default;
};

std::string encode_mark(const Mark& mark);
// S472 if the bytes are not one mark.
Result<Mark> decode_mark(std::string_view bytes);

// How many records of the unit (lineage, epoch) are out; nullopt: all of them.
std::optional<std::uint64_t> records_out(const std::optional<Mark>& mark,
                                         const LineageHistory& history, Hash128 lineage,
                                         Epoch epoch);

}  // namespace tributary
