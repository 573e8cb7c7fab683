// What the exchange costs: a keyed, windowed count and sum on two slots, every record sent to the
// slot of its key, against the same work without exchange: two threads that each count the records
// they make themselves in a hash map written for it. Numeric keys, 1 k and 100 k of them; Text keys
// with two more Texts on board.
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include <tributary/generator.h>

#include "bench/harness.h"
#include "bench/job_run.h"

namespace tributary::bench {
namespace {

constexpr std::uint32_t kSlots = 2;
constexpr std::int64_t kWindow = 3'600'000'000;  // an hour

std::uint64_t mixed(std::uint64_t n) {
  n = (n + 1) * 0x9E3779B97F4A7C15;
  return n ^ (n >> 32);
}
std::uint64_t key_of(std::uint64_t n, std::uint64_t keys) {
  return ((mixed(n) >> 32) * keys) >> 32;
}

// Each thread's share of the numbers, as two splits of the generator have them.
template <typename Count>
Work on_two_threads(std::uint64_t records, const Count& count) {
  std::uint64_t sums[kSlots] = {};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kSlots; ++t) {
      threads.emplace_back([&, t] { sums[t] = count(t, records); });
    }
  }
  return {.records = records, .checksum = sums[0] + sums[1]};
}

Work run(const JobProgram& program, const Sum& sum, std::uint64_t records) {
  sum->store(0);
  run_to_end(program, kSlots);
  return {.records = records, .checksum = sum->load()};
}

struct CountAndSum {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(CountAndSum, count, sum);

// ---- numbers ----

struct Event {
  std::int64_t key = 0;
  std::int64_t value = 0;
  Timestamp at;
  std::int64_t kind = 0;
  std::int64_t source = 0;
};
TRIBUTARY_RECORD(Event, key, value, at, kind, source);

struct KeyTotal {
  std::int64_t key = 0;
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(KeyTotal, key, count, sum);

struct CountEvents {
  using Accumulator = CountAndSum;
  void add(CountAndSum& so_far, const Event& event) {
    ++so_far.count;
    so_far.sum += event.value;
  }
  KeyTotal result(const std::int64_t& key, const Window&, const CountAndSum& total) {
    return {.key = key, .count = total.count, .sum = total.sum};
  }
};

std::uint64_t total_sum(const KeyTotal& total) {
  return static_cast<std::uint64_t>((total.key + 1) * total.count + total.sum);
}

void numbers(Harness& harness, std::uint64_t keys, const std::string& name, double aim) {
  const std::uint64_t count = harness.number("records", 16'000'000);
  // Four windows in all.
  const std::int64_t step = 4 * kWindow / static_cast<std::int64_t>(count);
  const auto made = [keys, step](std::uint64_t n) {
    return Event{.key = static_cast<std::int64_t>(key_of(n, keys)),
                 .value = static_cast<std::int64_t>(n & 1023),
                 .at = {static_cast<std::int64_t>(n) * step},
                 .kind = 1,
                 .source = 2};
  };
  const auto hand = [&] {
    return on_two_threads(count, [&](std::uint64_t first, std::uint64_t end) {
      absl::flat_hash_map<std::int64_t, CountAndSum> totals;
      std::int64_t window_end = kWindow;
      std::uint64_t sum = 0;
      const auto fire = [&] {
        for (const auto& [key, total] : totals)
          sum += total_sum({.key = key, .count = total.count, .sum = total.sum});
        totals.clear();
      };
      for (std::uint64_t n = first; n < end; n += kSlots) {
        const Event event = made(n);
        if (event.at.micros >= window_end) {
          fire();
          window_end += kWindow;
        }
        CountAndSum& total = totals[event.key];
        ++total.count;
        total.sum += event.value;
      }
      fire();
      return sum;
    });
  };
  const Sum sum = std::make_shared<std::atomic<std::uint64_t>>(0);
  const JobProgram program = program_of([&](Job& job) {
    job.source("events", generate<Event>(made, {.count = count, .splits = kSlots}))
        .event_time(&Event::at, bounded_lateness(Duration{}))
        .key_by(&Event::key)
        .window(tumbling(microseconds(kWindow)))
        .aggregate<CountEvents>("count", emit(total))
        .sink("sum", sum_sink<KeyTotal, &total_sum>(sum));
  });
  harness.compare(
      {.name = name,
       .variants = {{"no exchange", hand}, {"keyed", [&] { return run(program, sum, count); }}},
       .aim = aim});
}

// ---- texts ----

struct Usage {
  Text account;
  Text service;
  Text resource;
  std::int64_t value = 0;
  Timestamp at;
};
TRIBUTARY_RECORD(Usage, account, service, resource, value, at);

// Debian's absl has a string_view of its own.
struct HashBytes {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const {
    return std::hash<std::string_view>{}(bytes);
  }
};

struct AccountTotal {
  Text account;
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(AccountTotal, account, count, sum);

struct CountUsage {
  using Accumulator = CountAndSum;
  void add(CountAndSum& so_far, const Usage& usage) {
    ++so_far.count;
    so_far.sum += usage.value;
  }
  AccountTotal result(const Text& account, const Window&, const CountAndSum& total) {
    return {.account = account, .count = total.count, .sum = total.sum};
  }
};

std::uint64_t account_sum(std::string_view account, const CountAndSum& total) {
  const auto last = static_cast<unsigned char>(account.back());
  return last * static_cast<std::uint64_t>(total.count) + static_cast<std::uint64_t>(total.sum);
}
std::uint64_t account_total_sum(const AccountTotal& total) {
  return account_sum(total.account, {.count = total.count, .sum = total.sum});
}

void texts(Harness& harness) {
  constexpr std::uint64_t kKeys = 1'000;
  const std::uint64_t count = harness.number("text_records", 8'000'000);
  const std::int64_t step = 4 * kWindow / static_cast<std::int64_t>(count);
  std::vector<std::string> accounts;
  std::vector<std::string> resources;
  for (std::uint64_t k = 0; k < kKeys; ++k) {
    accounts.push_back(fmt::format("account-{:016}", mixed(k) % 1'000'000'000));
    resources.push_back(fmt::format("arn:bench:thing/{:016x}", mixed(k * 7)));
  }
  const std::string service = "compute-of-region-01";
  const auto made = [&](std::uint64_t n, Arena& arena) {
    const std::uint64_t key = key_of(n, kKeys);
    return Usage{.account = Text(accounts[key], arena),
                 .service = Text(service, arena),
                 .resource = Text(resources[n % kKeys], arena),
                 .value = static_cast<std::int64_t>(n & 1023),
                 .at = {static_cast<std::int64_t>(n) * step}};
  };
  const auto hand = [&] {
    return on_two_threads(count, [&](std::uint64_t first, std::uint64_t end) {
      absl::flat_hash_map<std::string, CountAndSum, HashBytes, std::equal_to<>> totals;
      std::int64_t window_end = kWindow;
      std::uint64_t sum = 0;
      const auto fire = [&] {
        for (const auto& [account, total] : totals) sum += account_sum(account, total);
        totals.clear();
      };
      Arena arena;
      std::uint32_t in_arena = 0;
      for (std::uint64_t n = first; n < end; n += kSlots) {
        if (++in_arena % 256 == 0) arena.reset();
        const Usage usage = made(n, arena);
        if (usage.at.micros >= window_end) {
          fire();
          window_end += kWindow;
        }
        CountAndSum& total = totals[usage.account.view()];
        ++total.count;
        total.sum += usage.value;
      }
      fire();
      return sum;
    });
  };
  const Sum sum = std::make_shared<std::atomic<std::uint64_t>>(0);
  const JobProgram program = program_of([&](Job& job) {
    job.source("usage",
               generate<Usage>(
                   [made](std::uint64_t n, GenerateContext& ctx) { return made(n, ctx.arena()); },
                   {.count = count, .splits = kSlots}))
        .event_time(&Usage::at, bounded_lateness(Duration{}))
        .key_by(&Usage::account)
        .window(tumbling(microseconds(kWindow)))
        .aggregate<CountUsage>("count", emit(total))
        .sink("sum", sum_sink<AccountTotal, &account_total_sum>(sum));
  });
  harness.compare(
      {.name = "keyed, Texts, 1 k keys",
       .variants = {{"no exchange", hand}, {"keyed", [&] { return run(program, sum, count); }}},
       .aim = 0.7});
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  numbers(harness, 1'000, "keyed, numbers, 1 k keys", 0.55);
  numbers(harness, 100'000, "keyed, numbers, 100 k keys", 0.85);
  texts(harness);
  return harness.finish();
}
