// jobs/cost_attribution/tools/charge_ordinals.h
// Tells rows of equal identity apart: the ordinal of a row among its equals, sorted by (billed,
// effective, list, contracted), so that it does not depend on the order of the file.
//
// Two phases, so that a bill need not fit into memory: first every row's identity (24 bytes a row),
// then the costs of those that have equals. Rows of equal costs keep the order of the file; they
// are interchangeable. Thread: one.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

class ChargeOrdinals {
 public:
  // Phase 1: rows are numbered as the caller likes, each once.
  void add(std::uint64_t row, const Hash128& identity);
  // Ends phase 1. False: no row has an equal, phase 2 may be left out.
  bool seal_identities();

  // Phase 2: does the row have equals, so that its costs are wanted?
  bool has_equals(std::uint64_t row) const;
  void add_costs(std::uint64_t row, const Amounts& costs);
  void seal_costs();

  // 0 for a row without equals.
  std::uint32_t ordinal(std::uint64_t row) const;

 private:
  struct Row {
    Hash128 identity;
    std::uint64_t number = 0;
    Amounts costs;
    std::uint32_t ordinal = 0;
  };
  struct Identity {
    Hash128 identity;
    std::uint64_t number = 0;
  };

  const Row* find(std::uint64_t row) const;

  std::vector<Identity> identities_;
  std::vector<Row> equals_;  // by number
};

}  // namespace tributary::cost
