// tests/jobs/cost_attribution/oracle/oracle_charge.h
// One line of the charges topic as the oracle reads it. Only well-formed `charge` and
// `charge_delete` lines of event streams are read; everything else throws std::invalid_argument.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/jobs/cost_attribution/oracle/oracle_values.h"

namespace tributary::cost_oracle {

// Identity of a charge: tenant, source, period, shard, charge_id.
using ChargeIdentity = std::array<std::string, 5>;

struct Charge {
  std::map<std::string, std::string> columns;  // text columns that are neither null nor empty
  std::map<std::string, std::string> tags;     // tags that are neither null nor empty
  std::string currency;
  std::int64_t start = 0;  // microseconds
  std::int64_t end = 0;
  Amounts amounts;
};

struct ChargeEvent {
  ChargeIdentity identity;
  std::int64_t revision = 1;
  bool is_delete = false;
  Charge charge;  // if it is no delete
};

// The columns of a row that hold text and can be a rule's source.
const std::set<std::string>& text_columns();

ChargeEvent read_charge_event(const std::string& line);

}  // namespace tributary::cost_oracle
