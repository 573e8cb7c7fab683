// runtime/cluster/match_report.h
// What a restore found, for people: what was kept, what is new, what was dropped, and what changed.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tributary {

// What becomes of what one operator keeps, or one of its states. Operators that keep nothing have
// no line; a source keeps its positions.
struct MatchLine {
  enum class Fate : std::uint8_t { kKept, kNew, kDropped, kNothingToDrop };
  Fate fate = Fate::kKept;
  std::string operator_name;
  std::string state;   // empty: the operator as a whole
  std::string change;  // "field units added", "2 tasks -> 3"; empty: as it was
};

// Kept, new, dropped, nothing to drop; by operator within, the operator as a whole before its
// states.
void sort_report(std::vector<MatchLine>& report);

// "kept 2, new 1 (unit-cost), dropped 0", which counts operators; then a line for each change:
// "charges: 2 tasks -> 3", "hourly-cost.by_hour: field units added", "hourly-cost.peak: new".
std::string match_text(const std::vector<MatchLine>& report);

}  // namespace tributary
