// Protocol rule 47: cooperative slots with bounded queues do not deadlock. Every acyclic graph of
// up to four stages, each edge none, forward, keyed or broadcast, on one and two slots, runs to its
// end with one batch of credit.
#include <array>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/manual_executor.h"
#include "checkpoint/memory_metadata_store.h"
#include "runtime/cluster/local_job.h"
#include "runtime/graph/planner.h"
#include "tests/runtime/exec/range_job.h"

namespace tributary::testing {
namespace {

constexpr std::int64_t kRecords = 24;
constexpr std::array kKinds = {graph::EXCHANGE_KIND_UNSPECIFIED, graph::FORWARD, graph::KEYED,
                               graph::BROADCAST};

struct SmallGraph {
  int stages = 0;
  std::map<std::pair<int, int>, graph::ExchangeKind> edges;

  std::string text() const {
    std::string out;
    for (const auto& [pair, kind] : edges) {
      out += fmt::format("{}-{}->{} ", pair.first, graph::ExchangeKind_Name(kind), pair.second);
    }
    return out;
  }
};

// The graph with number `code` in base 4, one digit per possible edge.
SmallGraph graph_of(int stages, int code) {
  SmallGraph small{.stages = stages, .edges = {}};
  for (int i = 0; i < stages; ++i) {
    for (int j = i + 1; j < stages; ++j, code /= 4) {
      if (kKinds[code % 4] != graph::EXCHANGE_KIND_UNSPECIFIED)
        small.edges[{i, j}] = kKinds[code % 4];
    }
  }
  return small;
}

bool every_stage_is_used(const SmallGraph& small) {
  for (int i = 0; i < small.stages; ++i) {
    bool used = false;
    for (const auto& [pair, kind] : small.edges) used = used || pair.first == i || pair.second == i;
    if (!used) return false;
  }
  return true;
}

// Runs the graph and returns what is wrong, empty if nothing.
std::string run(const SmallGraph& small, std::uint32_t slots, std::uint64_t seed) {
  RangeJob job;
  std::vector<std::unique_ptr<Collected>> collected;
  std::vector<std::uint32_t> parallelism;
  std::vector<std::int64_t> expected(static_cast<std::size_t>(small.stages), 0);
  for (int v = 0; v < small.stages; ++v) {
    bool has_input = false;
    bool has_output = false;
    bool broadcasts = false;
    for (const auto& [pair, kind] : small.edges) {
      has_input = has_input || pair.second == v;
      has_output = has_output || pair.first == v;
      broadcasts = broadcasts || (pair.first == v && kind == graph::BROADCAST);
    }
    parallelism.push_back(broadcasts ? 1 : slots);
    const std::string name = "v" + std::to_string(v);
    collected.push_back(std::make_unique<Collected>());
    if (!has_input) {
      job.source(name,
                 {.count = kRecords, .splits = 2, .batch = 4, .parallelism = parallelism.back()});
      expected[static_cast<std::size_t>(v)] = kRecords;
    } else if (has_output) {
      job.pass(name, collected.back().get(), {}, parallelism.back());
    } else {
      job.sink(name, collected.back().get(), {}, parallelism.back());
    }
  }
  for (const auto& [pair, kind] : small.edges) {
    const auto from = static_cast<std::size_t>(pair.first);
    const auto to = static_cast<std::size_t>(pair.second);
    job.edge(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), kind);
    expected[to] += expected[from] * (kind == graph::BROADCAST ? parallelism[to] : 1);
  }

  const auto plan = graph::plan(job.program.graph, {.slots = slots});
  if (!plan) return "no plan: " + plan.error()[0].to_string();
  ManualClock clock;
  ManualExecutor executor(clock, seed);
  MemoryMetadataStore metadata;
  LocalJob::Options options;
  options.execution.clock = &clock;
  options.execution.credit_pool_bytes = 1;
  options.execution.credit_floor_bytes = 1;
  options.execution.credit_batches = 1;
  options.execution.outbox_soft_limit_bytes = 0;
  options.metadata = &metadata;
  LocalJob local(job.program, *plan, options);
  local.start(executor);
  for (int turn = 0; turn < 200 && !local.over(); ++turn) {
    executor.run_until_idle(100'000);
    clock.advance(milliseconds(10));
  }
  if (!local.over()) {
    local.cancel();
    executor.run_until_idle(100'000);
    return "did not end";
  }
  executor.run_until_idle(100'000);
  if (local.outcome().phase != cluster::FINISHED) return local.outcome().error->to_string();
  for (int v = 0; v < small.stages; ++v) {
    const auto i = static_cast<std::size_t>(v);
    bool has_input = false;
    for (const auto& [pair, kind] : small.edges) has_input = has_input || pair.second == v;
    if (has_input && static_cast<std::int64_t>(collected[i]->values.size()) != expected[i]) {
      return fmt::format("stage {} saw {} records, {} were due", v, collected[i]->values.size(),
                         expected[i]);
    }
    if (has_input && collected[i]->ends != static_cast<int>(parallelism[i])) {
      return fmt::format("stage {}: {} of {} tasks ended", v, collected[i]->ends, parallelism[i]);
    }
  }
  return {};
}

class SmallGraphs : public ::testing::TestWithParam<std::pair<int, std::uint32_t>> {};

TEST_P(SmallGraphs, Rule47_RunToTheirEndWithOneBatchOfCredit) {
  const auto [stages, slots] = GetParam();
  const int possible = stages * (stages - 1) / 2;
  int ran = 0;
  for (int code = 0; code < (1 << (2 * possible)); ++code) {
    const SmallGraph small = graph_of(stages, code);
    if (!every_stage_is_used(small)) continue;
    const std::string wrong = run(small, slots, static_cast<std::uint64_t>(code));
    ASSERT_EQ(wrong, "") << small.text() << "on " << slots << " slots";
    ++ran;
  }
  RecordProperty("graphs", ran);
  EXPECT_GT(ran, 0);
}

INSTANTIATE_TEST_SUITE_P(All, SmallGraphs,
                         ::testing::Values(std::pair{2, 1U}, std::pair{2, 2U}, std::pair{3, 1U},
                                           std::pair{3, 2U}, std::pair{4, 1U}, std::pair{4, 2U}));

}  // namespace
}  // namespace tributary::testing
