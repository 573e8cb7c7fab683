// jobs/cost_attribution/core/condition.h
// A rule's `when`: a tree of tests on the values of one row.
//
// Thread: immutable once parsed; holds() needs the caller's SourceValues. On a missing source every
// test is false, and `not` turns that. Comparison is by bytes, case-sensitive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "jobs/cost_attribution/core/pattern.h"
#include "jobs/cost_attribution/core/rule_source.h"

namespace tributary::cost {

struct Condition {
  enum class Test : std::uint8_t {
    kAll,
    kAny,
    kNot,  // of parts[0]
    kHas,
    kEquals,
    kContains,
    kBeginsWith,
    kEndsWith,
    kMatches,
    kChargeTime,  // from <= ChargePeriodStart < until
  };

  Test test = Test::kAll;
  RuleSource source;
  std::vector<Condition> parts;     // kAll, kAny, kNot
  std::vector<std::string> values;  // kEquals (sorted) … kEndsWith: any of
  std::vector<Pattern> patterns;    // kMatches: any of
  Timestamp from = Timestamp::min();
  Timestamp until = Timestamp::max();

  bool holds(SourceValues& values_of_row) const;
};

}  // namespace tributary::cost
