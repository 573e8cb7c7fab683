// tests/jobs/nexmark/oracle/answers.h
// What each Nexmark query must answer, by a plain recomputation over all events at once that shares
// no code with the jobs, and what the lines that a job published amount to.
//
// Decides: lines are JSON as sinks write it; answers are sorted, so that arrival does not matter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jobs/nexmark/core/event.h"

namespace tributary::nexmark {

using Lines = std::vector<std::string>;

struct Oracle {
  std::string query;  // "q7"
  // Fields by which a later line replaces an earlier one; none: every line is a fact.
  std::vector<std::string> key;
  // A field that adds up over the lines of a key instead; the other fields are left out.
  std::string sum;
  Lines (*answer)(const std::vector<Bid>& bids);

  Lines expected(const std::vector<Event>& events) const;
  // Lines of a key come in the order in which they were published.
  Lines folded(const Lines& published) const;
};

const std::vector<Oracle>& oracles();
const Oracle& oracle_of(std::string_view query);

}  // namespace tributary::nexmark
