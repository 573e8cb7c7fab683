// What checkpoints cost a job, with its state on this machine's disk: the rate with one each second
// against the rate without, in one run; what a slot does at a barrier with a million changed keys;
// how soon a restored job is at its rate again. Keys are uniform, Zipf (1.0), or a hot set that
// moves; state fits, or is ten times the budget.
//
// One keyed count and sum per record, of keys made beforehand. Beside the harness's options:
// --records, --cold_records, --keys, --slots, --base_bytes, --folder.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tributary/generator.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "bench/harness.h"
#include "bench/job_run.h"
#include "bench/stored_run.h"
#include "checkpoint/tiered_store.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t kKeysAtHand = std::uint64_t{1} << 22;  // then they come again
constexpr std::uint64_t kHotKeys = 10'000;
constexpr std::uint64_t kHotFor = 500'000;  // records, until other keys are hot
constexpr std::uint64_t kBytesPerKey = 96;  // in memory, about: entry, index, value
constexpr Duration kBetweenCheckpoints = seconds(1);

struct Hit {
  std::int64_t key = 0;
  std::int64_t value = 0;
};
TRIBUTARY_RECORD(Hit, key, value);

struct CountAndSum {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(CountAndSum, count, sum);

class CountHits : public KeyedProcess<std::int64_t, Hit, CountAndSum> {
 public:
  void on_record(const Hit& hit, Context& ctx) {
    total_.update([&](CountAndSum& total) {
      ++total.count;
      total.sum += hit.value;
    });
    ctx.emit(*total_);
  }

 private:
  Value<CountAndSum> total_ = value<CountAndSum>("total");
};

std::uint64_t sum_of(const CountAndSum& total) {
  return static_cast<std::uint64_t>(total.count + total.sum);
}

enum class Keys : std::uint8_t { kUniform, kZipf, kMovingHot };
constexpr Keys kAllKeys[] = {Keys::kUniform, Keys::kZipf, Keys::kMovingHot};

std::string name_of(Keys keys) {
  return keys == Keys::kUniform ? "uniform" : keys == Keys::kZipf ? "Zipf" : "moving hot";
}

using KeyList = std::shared_ptr<const std::vector<std::uint32_t>>;

KeyList made(Keys kind, std::uint64_t keys) {
  std::vector<std::uint32_t> all(kKeysAtHand);
  Random random(1);
  const ZipfDistribution ranks(keys, 1.0);
  for (std::uint64_t i = 0; i < kKeysAtHand; ++i) {
    std::uint64_t key = 0;
    if (kind == Keys::kZipf)
      key = mix64(ranks(random)) % keys;
    else if (kind == Keys::kMovingHot && random.below(10) < 9)
      key = (i / kHotFor * kHotKeys * 7 + random.below(kHotKeys)) % keys;
    else
      key = random.below(keys);
    all[i] = static_cast<std::uint32_t>(key);
  }
  return std::make_shared<const std::vector<std::uint32_t>>(std::move(all));
}

// `count` 0: never ends.
JobProgram counting(const KeyList& keys, std::uint64_t count, const Sum& sum) {
  return program_of([&](Job& job) {
    job.source("hits", generate<Hit>(
                           [keys](std::uint64_t n) {
                             return Hit{.key = (*keys)[n % kKeysAtHand],
                                        .value = static_cast<std::int64_t>(n)};
                           },
                           {.count = count}))
        .key_by(&Hit::key)
        .process<CountHits>("count")
        .sink("sum", sum_sink<CountAndSum, &sum_of>(sum));
  });
}

struct Sizes {
  std::uint64_t records;
  std::uint64_t cold_records;  // where state does not fit
  std::uint64_t keys;
  std::uint32_t slots;
  std::uint64_t base_bytes;
  std::string folder;

  std::size_t tenth_of_state() const { return keys * kBytesPerKey / 10; }
};

void remove(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

void compare(Harness& harness, const Sizes& sizes, Keys kind, bool fits) {
  const std::string name =
      fmt::format("a checkpoint each second, {} keys, {}", name_of(kind), fits ? "fits" : "10 x");
  if (!harness.wants(name)) return;
  const std::uint64_t records = fits ? sizes.records : sizes.cold_records;
  auto sum = std::make_shared<std::atomic<std::uint64_t>>();
  const JobProgram program = counting(made(kind, sizes.keys), records, sum);
  const auto run = [&](Duration interval) {
    sum->store(0);
    const StoredRunReport report =
        run_stored(program, {.slots = sizes.slots,
                             .folder = sizes.folder,
                             .interval = interval,
                             .memory_bytes = fits ? 0 : sizes.tenth_of_state(),
                             .base_bytes_min = sizes.base_bytes});
    if (interval == kBetweenCheckpoints)
      std::fprintf(stderr, "  %llu checkpoints in %.1f s\n",
                   static_cast<unsigned long long>(report.checkpoints), report.samples.back().s);
    return Work{.records = records, .checksum = sum->load()};
  };
  const auto clean_up = [&] { remove(sizes.folder); };
  harness.compare(
      {.name = name,
       .variants = {{"none", [&] { return run(hours(1)); }, clean_up},
                    {"each second", [&] { return run(kBetweenCheckpoints); }, clean_up}},
       .aim = 0.95});
}

// ---- at a barrier ----

class KeepsNothing final : public DeltaSink {
 public:
  TieredStore* store = nullptr;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> added;

  void acknowledge() {
    for (const auto& [epoch, number] : added) store->chunks_stored(epoch, number, number, {});
    added.clear();
  }

 private:
  void add(const DeltaChunk& chunk) override { added.emplace_back(chunk.epoch, chunk.number); }
};

// Of this thread: others of the machine may stop it for longer than any slice lasts.
std::int64_t cpu_nanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A slot's stop at a barrier and its longest slice of sweeping, with every key changed.
void at_a_barrier(const Harness& harness, std::uint64_t keys) {
  const std::string name = fmt::format("at a barrier, {} changed keys", keys);
  if (!harness.wants(name)) return;
  KeepsNothing sink;
  TieredStore store({}, {}, &sink, nullptr);
  sink.store = &store;
  TRIBUTARY_CHECK(store.finish_restore().has_value(), "an empty store is not restored");
  ValueState& totals = **(*store.operator_state("op"))
                             ->value({.name = "totals", .value_type = &type_info<CountAndSum>()});
  std::vector<double> stops;
  std::vector<double> slices;
  std::string bytes;
  for (int round = 0; round < 8; ++round) {
    for (std::uint64_t key = 0; key < keys; ++key) {
      bytes.clear();
      append_big_endian(bytes, mix64(key));
      const StateKey at{xxh3_64(bytes), bytes, {}};
      StateEntry* entry = nullptr;
      totals.fetch({&at, 1}, {&entry, 1});
      ++static_cast<CountAndSum*>(entry->value)->count;
      totals.touch(*entry);
    }
    const std::int64_t frozen = cpu_nanos();
    TRIBUTARY_CHECK(store.freeze().has_value(), "the store does not freeze");
    stops.push_back(static_cast<double>(cpu_nanos() - frozen) / 1e3);
    double longest = 0;
    for (bool swept = false; !swept;) {
      const std::int64_t began = cpu_nanos();
      swept = store.sweep();
      longest = std::max(longest, static_cast<double>(cpu_nanos() - began) / 1e3);
      sink.acknowledge();
    }
    slices.push_back(longest);
  }
  std::ranges::sort(stops);
  std::ranges::sort(slices);
  std::printf(
      "%s: stop %.1f us CPU (greatest %.1f), longest slice of the sweep %.0f us (greatest %.0f)\n",
      name.c_str(), stops[stops.size() / 2], stops.back(), slices[slices.size() / 2],
      slices.back());
}

// ---- after a restore ----

struct Recovery {
  double first_record_s = 0;
  double nine_tenths_s = 0;
  double rate = 0;
};

Recovery recovery_of(const StoredRunReport& report) {
  constexpr std::size_t kWindow = 5;  // samples
  const auto& samples = report.samples;
  const auto rate_at = [&](std::size_t i) {
    return static_cast<double>(samples[i].records - samples[i - kWindow].records) /
           (samples[i].s - samples[i - kWindow].s);
  };
  Recovery recovery;
  std::vector<double> late;
  for (std::size_t i = samples.size() / 2; i < samples.size(); ++i)
    if (i >= kWindow) late.push_back(rate_at(i));
  TRIBUTARY_CHECK(!late.empty(), "the restored run was too short to have a rate");
  std::ranges::sort(late);
  recovery.rate = late[late.size() / 2];
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (recovery.first_record_s == 0 && samples[i].records > 0)
      recovery.first_record_s = samples[i].s;
    if (i < kWindow || rate_at(i) < recovery.rate * 0.9) continue;
    recovery.nine_tenths_s = samples[i].s;
    break;
  }
  return recovery;
}

void after_a_restore(const Harness& harness, const Sizes& sizes, Keys kind, bool fits) {
  const std::string name =
      fmt::format("after a restore, {} keys, {}", name_of(kind), fits ? "fits" : "10 x");
  if (!harness.wants(name)) return;
  const std::uint64_t records = fits ? sizes.records : sizes.cold_records;
  auto sum = std::make_shared<std::atomic<std::uint64_t>>();
  const JobProgram program = counting(made(kind, sizes.keys), 0, sum);
  std::vector<double> first;
  std::vector<double> nine_tenths;
  std::vector<double> rates;
  const std::uint64_t rounds = harness.number("rounds", 5);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const StoredRunOptions options{.slots = sizes.slots,
                                   .folder = sizes.folder,
                                   .interval = kBetweenCheckpoints,
                                   .memory_bytes = fits ? 0 : sizes.tenth_of_state(),
                                   .base_bytes_min = sizes.base_bytes,
                                   .stop_after = records};
    run_stored(program, options);
    const Recovery recovery = recovery_of(run_stored(program, options));
    first.push_back(recovery.first_record_s);
    nine_tenths.push_back(recovery.nine_tenths_s);
    rates.push_back(recovery.rate);
    remove(sizes.folder);
  }
  for (std::vector<double>* one : {&first, &nine_tenths, &rates}) std::ranges::sort(*one);
  const std::size_t middle = rounds / 2;
  std::printf("%s: first record after %.2f s, 90 %% of %.0f k/s after %.2f s (greatest %.2f)\n",
              name.c_str(), first[middle], rates[middle] / 1e3, nine_tenths[middle],
              nine_tenths.back());
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  const Sizes sizes{
      .records = harness.number("records", 20'000'000),
      .cold_records = harness.number("cold_records", 1'000'000),
      .keys = harness.number("keys", 1'000'000),
      .slots = static_cast<std::uint32_t>(harness.number("slots", 1)),
      .base_bytes = harness.number("base_bytes", StoredRunOptions{}.base_bytes_min),
      .folder = harness.text(
          "folder", (std::filesystem::temp_directory_path() / "checkpoint-bench").string())};
  for (const bool fits : {true, false})
    for (const Keys keys : kAllKeys) compare(harness, sizes, keys, fits);
  at_a_barrier(harness, sizes.keys);
  for (const bool fits : {true, false})
    for (const Keys keys : kAllKeys) after_a_restore(harness, sizes, keys, fits);
  return harness.finish();
}
