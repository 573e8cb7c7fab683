// Nexmark: what the engine costs for each query on events that were made beforehand, and what
// making them costs. The base of every comparison is the same stream of events read and dropped.
//
// Options beside the harness's: --events (2,000,000), --slots (1), --events_per_second of event
// time (100,000), --key_count of uniform and Zipf keys (100,000). A comparison's "ns CPU/rec" is
// per event, persons and auctions too; events per second and core are a billion divided by it.
#include <memory>
#include <string>
#include <vector>

#include <tributary/blackhole.h>
#include <tributary/generator.h>

#include "bench/harness.h"
#include "bench/job_run.h"
#include "jobs/nexmark/core/event_log.h"
#include "jobs/nexmark/queries.h"
#include "jobs/nexmark/query_job.h"

namespace tributary::bench {
namespace {

using nexmark::Event;
using nexmark::EventLog;
using nexmark::Generator;
using nexmark::GeneratorOptions;
using nexmark::KeyChoice;
using nexmark::Query;

struct NamedQuery {
  std::string name;
  Query query;
};
const std::vector<NamedQuery> kStateless = {{.name = "q0", .query = &nexmark::q0},
                                            {.name = "q1", .query = &nexmark::q1},
                                            {.name = "q2", .query = &nexmark::q2},
                                            {.name = "q14", .query = &nexmark::q14}};
const std::vector<NamedQuery> kStateful = {{.name = "q7", .query = &nexmark::q7},
                                           {.name = "q11", .query = &nexmark::q11},
                                           {.name = "q12", .query = &nexmark::q12},
                                           {.name = "q17", .query = &nexmark::q17},
                                           {.name = "q18", .query = &nexmark::q18}};

struct Bench {
  Harness& harness;
  std::uint64_t count = harness.number("events", 2'000'000);
  std::uint32_t slots = static_cast<std::uint32_t>(harness.number("slots", 1));

  GeneratorOptions options(KeyChoice keys) const {
    return {.keys = keys,
            .key_count = harness.number("key_count", 100'000),
            .events_per_second =
                static_cast<std::int64_t>(harness.number("events_per_second", 100'000))};
  }

  Variant generating(KeyChoice keys) const {
    return {.name = std::string(enum_name(keys)),
            .run = [generator = std::make_shared<const Generator>(options(keys)), count = count] {
              constexpr std::uint64_t kBatch = 256;
              Arena arena;
              std::uint64_t sum = 0;
              for (std::uint64_t n = 0; n < count; ++n) {
                if (n % kBatch == 0) arena.reset();
                const Event event = generator->event(n, arena);
                sum += static_cast<std::uint64_t>(event.bid->price) + event.bid->extra.size();
              }
              return Work{.records = count, .checksum = sum};
            }};
  }

  SourceSpec<Event> logged(const std::shared_ptr<const EventLog>& log) const {
    return generate<Event>([log](std::uint64_t n) { return log->event(n); },
                           {.count = count, .splits = slots});
  }
  template <typename Author>
  Variant running(const std::string& name, const Author& author) const {
    return {.name = name, .run = [program = program_of(author), count = count, slots = slots] {
              run_to_end(program, slots);
              return Work{.records = count, .checksum = 0};
            }};
  }

  void compare(KeyChoice keys, const std::vector<std::vector<NamedQuery>>& queries) const {
    const std::string name = "Nexmark, " + std::string(enum_name(keys)) + " keys";
    if (!harness.wants(name)) return;
    const auto log = std::make_shared<const EventLog>(Generator(options(keys)), count);
    std::vector<Variant> variants{running("events", [&](Job& job) {
      nexmark::events(job, logged(log)).sink("results", blackhole<Event>());
    })};
    for (const std::vector<NamedQuery>& some : queries) {
      for (const NamedQuery& query : some) {
        variants.push_back(running(query.name, [&](Job& job) {
          query.query(nexmark::bids(nexmark::events(job, logged(log))), nexmark::Results(""));
        }));
      }
    }
    harness.compare({.name = name, .variants = std::move(variants), .aim = {}});
  }
};

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  const Bench bench{.harness = harness};
  harness.compare(
      {.name = "Nexmark, generator alone",
       .variants = {bench.generating(KeyChoice::kHot), bench.generating(KeyChoice::kUniform),
                    bench.generating(KeyChoice::kZipf)},
       .aim = {},
       .same_checksum = false});
  bench.compare(KeyChoice::kHot, {kStateless, kStateful});
  bench.compare(KeyChoice::kUniform, {kStateful});
  bench.compare(KeyChoice::kZipf, {kStateful});
  return harness.finish();
}
