// jobs/cost_attribution/tools/envelope_writer.h
// Writes the JSON lines of topic cost.charges, and the name of a charge's shard.
//
// Thread: functions of values. Lines end with a newline. Nothing is judged here: what is given is
// written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/cost_attribution/tools/bill_row.h"

namespace tributary::cost {

// xxh3(charge_id) % shards, shards 1 to 64.
std::int32_t shard_of(std::string_view charge_id, std::int32_t shards);

// {"v":1,"kind":"charge",…,"revision":1 — the part before "row".
void append_envelope_head(std::string& out, std::string_view kind, const ChargeHead& head);

// A whole line of kind charge.
void append_charge(std::string& out, const ChargeHead& head, const BillRow& row);

}  // namespace tributary::cost
