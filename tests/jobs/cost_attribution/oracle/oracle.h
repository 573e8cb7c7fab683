// tests/jobs/cost_attribution/oracle/oracle.h
// What the cost attribution job must have written in the end, recomputed from all its input at
// once: slow, exact, obviously right, and sharing no code with the job. Covers charges as event
// streams and published rules; no deliveries, settling, telemetry or allocation. Thread: one at a
// time in a process.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/jobs/cost_attribution/oracle/oracle_values.h"

namespace tributary::cost_oracle {

// Sums in units of 1e-18. Entries whose four sums are all zero are absent.
struct Folded {
  // tenant, dimension, element, charge_id, source, service, currency, start, end; the instants as
  // integer microseconds. The dimension "(input)" has the source as its element.
  std::map<std::array<std::string, 9>, Amounts> ledger;
  // tenant, dimension, element, service, currency, hour; the hour as integer microseconds.
  std::map<std::array<std::string, 6>, Amounts> hourly;
  // tenant, currency: the totals of all surviving charges, whatever the rules.
  std::map<std::array<std::string, 2>, Amounts> input;

  bool operator==(const Folded&) const = default;
};

// `commands` in the order of the topic; `charges` in any order, each line once or several times.
// Throws if a line is malformed or beyond this oracle, or if two lines give one revision of a
// charge different texts.
Folded attribute(const std::vector<std::string>& commands, const std::vector<std::string>& charges);

// One line for each entry that differs, `limit` at most: what a failed comparison prints.
std::vector<std::string> differences(const Folded& expected, const Folded& actual,
                                     std::size_t limit = 20);

}  // namespace tributary::cost_oracle
