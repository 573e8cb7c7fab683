// tests/jobs/cost_attribution/oracle/history.h
// Random inputs of the cost attribution job: the lines of the commands and charges topics, well
// formed, but for rule documents that have to be refused. All starts and all valid_from lie within
// 90 days, so that no retention of 100 days applies; revisions of a charge never conflict. A seed
// gives the same history on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tributary::cost_oracle {

struct History {
  std::vector<std::string> commands;
  std::vector<std::string> charges;
};

// About `events` lines in both topics together.
History random_history(std::uint64_t seed, std::size_t events);

// The same history as it may arrive too: charges in any order and some of them repeated; commands
// keep their order.
History permuted(const History& history, std::uint64_t seed);

}  // namespace tributary::cost_oracle
