// What state costs when it fits into memory: a count and a sum per key, fetched and changed in
// place in chunks of 64 keys. Bare hash table, memory store, tiered store, and tiered store with a
// snapshot at each million updates, all of whose keys are dirty then, swept on the same thread and
// handed to a sink that keeps nothing.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/record.h"
#include "bench/harness.h"
#include "checkpoint/memory_state.h"
#include "checkpoint/tiered_store.h"

namespace tributary::bench {
namespace {

constexpr std::size_t kChunk = 64;
constexpr std::size_t kKeyBytes = 8;
constexpr std::uint64_t kBetweenSnapshots = 1'000'000;
constexpr std::size_t kSweptAtOnce = 2000;

struct CountAndSum {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(CountAndSum, count, sum);

// The keys of all updates, made beforehand.
struct Updates {
  std::string keys;  // 8 bytes each
  std::vector<std::uint64_t> hashes;

  std::string_view key(std::size_t i) const { return {keys.data() + i * kKeyBytes, kKeyBytes}; }
};

Updates made(std::uint64_t count, std::uint64_t keys, bool zipf) {
  Updates updates;
  Random random(1);
  const ZipfDistribution ranks(keys, 1.0);
  for (std::uint64_t i = 0; i < count; ++i) {
    append_big_endian(updates.keys, mix64(zipf ? ranks(random) : random.below(keys)));
    updates.hashes.push_back(xxh3_64(updates.key(i)));
  }
  return updates;
}

class KeepsNothing final : public DeltaSink {
 public:
  TieredStore* store = nullptr;
  std::uint64_t bytes = 0;

 private:
  void add(const DeltaChunk& chunk) override {
    bytes += chunk.bytes->size();
    stored.push_back({chunk.epoch, chunk.number});
  }

 public:
  struct Place {
    std::uint64_t epoch;
    std::uint64_t number;
  };
  std::vector<Place> stored;
  void acknowledge() {
    for (const Place& place : stored)
      store->chunks_stored(place.epoch, place.number, place.number, {});
    stored.clear();
  }
};

template <typename AfterChunk>
Work update(KeyedState& state, const Updates& updates, AfterChunk after_chunk) {
  ValueState& tallies = **state.value({.name = "tallies", .value_type = &type_info<CountAndSum>()});
  StateKey keys[kChunk];
  StateEntry* entries[kChunk];
  std::uint64_t sum = 0;
  const std::size_t count = updates.hashes.size();
  for (std::size_t from = 0; from + kChunk <= count; from += kChunk) {
    for (std::size_t i = 0; i < kChunk; ++i)
      keys[i] = {updates.hashes[from + i], updates.key(from + i), {}};
    tallies.fetch(keys, entries);
    for (std::size_t i = 0; i < kChunk; ++i) {
      auto& tally = *static_cast<CountAndSum*>(entries[i]->value);
      ++tally.count;
      tally.sum += static_cast<std::int64_t>(from + i);
      tallies.touch(*entries[i]);
      sum += static_cast<std::uint64_t>(tally.count);
    }
    after_chunk(from + kChunk);
  }
  return {.records = count, .checksum = sum};
}

Work bare(const Updates& updates) {
  struct Identity {
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };
  absl::flat_hash_map<std::uint64_t, CountAndSum, Identity> table;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < updates.hashes.size(); ++i) {
    CountAndSum& tally = table[updates.hashes[i]];
    ++tally.count;
    tally.sum += static_cast<std::int64_t>(i);
    sum += static_cast<std::uint64_t>(tally.count);
  }
  return {.records = updates.hashes.size(), .checksum = sum};
}

Work tiered(const Updates& updates, bool with_snapshots) {
  KeepsNothing sink;
  TieredStore store({}, {}, &sink, nullptr);
  sink.store = &store;
  (void)store.finish_restore();
  std::uint64_t next = kBetweenSnapshots;
  return update(**store.operator_state("op"), updates, [&](std::size_t done) {
    if (!with_snapshots) return;
    if (done >= next && store.sweep(SIZE_MAX)) {
      sink.acknowledge();
      (void)store.freeze();
      next += kBetweenSnapshots;
    }
    // Between two batches of 1,024 records or so.
    if (store.sweeping() && done % (16 * kChunk) == 0) (void)store.sweep(kSweptAtOnce);
    sink.acknowledge();
  });
}

void compare(Harness& harness, const std::string& name, std::uint64_t count, std::uint64_t keys,
             bool zipf) {
  if (!harness.wants(name)) return;
  const Updates updates = made(count, keys, zipf);
  harness.compare({.name = name,
                   .variants = {{"bare table", [&] { return bare(updates); }},
                                {"memory store",
                                 [&] {
                                   MemoryKeyedState state;
                                   return update(state, updates, [](std::size_t) {});
                                 }},
                                {"tiered store", [&] { return tiered(updates, false); }},
                                {"with snapshots", [&] { return tiered(updates, true); }}}});
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  const std::uint64_t count = harness.number("updates", 8'000'000) / 64 * 64;
  compare(harness, "state, 1 k keys", count, 1'000, false);
  compare(harness, "state, 1 M keys", count, 1'000'000, false);
  compare(harness, "state, 1 M keys, Zipf", count, 1'000'000, true);
  return harness.finish();
}
