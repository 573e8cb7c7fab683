// jobs/cost_attribution/core/content_hash.h
// When two rows of a charge are the same row: XXH3-128 over a canonical form of the parsed values.
//
// Canonical form, version 1: times, currency and amounts as little-endian binary, then the present
// text columns as (column, length, bytes), then the tags in key order as (length, key, length,
// value). So the order of JSON keys, white space, number spelling ("1.50", 1.5, 15E-1), time
// spelling and escapes do not matter, and neither does what has no effect: an absent cost equals a
// cost of 0, an absent column equals an empty or null one. The head (identity, revision) is not
// part of it. The hash is stored in state: the form may not change.
#pragma once

#include <string>

#include "base/hash.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

using ContentHash = Hash128;

// `scratch` holds the canonical bytes; reusing it saves the allocation.
ContentHash content_hash(const ChargeRow& row, std::string& scratch);

}  // namespace tributary::cost
