// jobs/nexmark/settings.h
// The settings of every Nexmark job, with their defaults: what `--config` and `--set` may say.
#pragma once

#include <cstdint>

#include "base/optional.h"
#include "base/record.h"
#include "jobs/nexmark/core/generator.h"

namespace tributary::nexmark {

struct NexmarkSettings {
  std::int64_t events = 1'000'000;  // persons, auctions and bids together; 0: no end
  std::uint64_t seed = 1;
  KeyChoice keys = KeyChoice::kHot;
  std::int64_t key_count = 10'000;           // of uniform and Zipf keys
  std::int64_t zipf_hundredths = 100;        // the exponent of Zipf keys: 99 is 0.99
  std::int64_t events_per_second = 100'000;  // of event time
  std::int64_t out_of_order_group = 1;       // 1: in order
  std::int64_t rate = 0;                     // events a second that are read; 0: as fast as may be
  Optional<Text> output;                     // a folder; absent: results are counted and forgotten
};
TRIBUTARY_RECORD(NexmarkSettings, events, seed, keys, key_count, zipf_hundredths, events_per_second,
                 out_of_order_group, rate, output);

}  // namespace tributary::nexmark
