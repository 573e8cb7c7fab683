#include "runtime/cluster/local_job.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/manual_executor.h"
#include "base/thread_executor.h"
#include "checkpoint/memory_metadata_store.h"
#include "runtime/graph/planner.h"
#include "tests/runtime/exec/range_job.h"

namespace tributary::testing {
namespace {

using ::testing::HasSubstr;

LocalJob::Options options_with(const Clock& clock, MetadataStore& metadata) {
  LocalJob::Options options;
  options.execution.clock = &clock;
  options.metadata = &metadata;
  options.uid = std::string(16, 'u');
  return options;
}

// Runs on real threads to the end.
LocalJob::Outcome run_on_threads(const JobProgram& program, std::uint32_t slots) {
  const auto plan = graph::plan(program.graph, {.slots = slots});
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error()[0].to_string());
  SystemClock clock;
  MemoryMetadataStore metadata;
  LocalJob job(program, *plan, options_with(clock, metadata));
  ThreadExecutor executor(clock);
  job.start(executor);
  executor.join();
  return job.outcome();
}

// Runs in this thread on virtual time; `each_turn` is called between advances of the clock and may
// say stop.
class VirtualRun {
 public:
  VirtualRun(const JobProgram& program, std::uint32_t slots, std::uint64_t seed = 1,
             const std::function<void(LocalJob::Options&)>& adjust = {})
      : plan_(*graph::plan(program.graph, {.slots = slots})), executor_(clock_, seed) {
    LocalJob::Options options = options_with(clock_, metadata_);
    if (adjust) adjust(options);
    job_ = std::make_unique<LocalJob>(program, plan_, options);
    job_->start(executor_);
  }
  ~VirtualRun() {
    if (!job_->over()) job_->cancel();
    executor_.run_until_idle();
  }
  void run_for(Duration time, Duration step = milliseconds(10)) {
    for (Duration done{}; done < time && !job_->over(); done = done + step) {
      executor_.run_until_idle();
      clock_.advance(step);
    }
    executor_.run_until_idle();
  }
  LocalJob& job() { return *job_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_;
  graph::ExecutionPlan plan_;
  ManualExecutor executor_;
  MemoryMetadataStore metadata_;
  std::unique_ptr<LocalJob> job_;
};

class LocalJobOnSlots : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(LocalJobOnSlots, EveryRecordArrivesOnceWithItsBytesAndAKeyHasOneTask) {
  Collected keyed;
  Collected sunk;
  RangeJob job;
  const auto source = job.source("numbers", {.count = 20'000, .splits = 5});
  const auto count = job.pass("count", &keyed);
  const auto out = job.sink("out", &sunk);
  job.edge(source, count, graph::KEYED);
  job.edge(count, out, graph::REBALANCE);

  ASSERT_EQ(run_on_threads(job.program, GetParam()).phase, cluster::FINISHED);
  std::vector<std::int64_t> expected(20'000);
  std::iota(expected.begin(), expected.end(), 0);
  std::vector<std::int64_t> values = sunk.values;
  std::ranges::sort(values);
  EXPECT_EQ(values, expected);
  for (std::size_t i = 0; i < sunk.values.size(); ++i) {
    const std::int64_t value = sunk.values[i];
    EXPECT_EQ(sunk.notes[i],
              value % 3 == 0 ? "a note that is far too long to lie inline " + std::to_string(value)
                             : "short");
  }
  EXPECT_EQ(sunk.ends, static_cast<int>(GetParam()));
  std::set<int> tasks;
  for (const auto& [value, task] : keyed.tasks_by_value) tasks.insert(task);
  EXPECT_EQ(tasks.size(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Slots, LocalJobOnSlots, ::testing::Values(1U, 2U, 7U));

// E4 of the jobs' specification: order per (split, key) survives key_by.
TEST(LocalJobTest, RecordsOfOneSplitAndKeyKeepTheirOrder) {
  Collected sunk;
  RangeJob job;
  const auto source = job.source("numbers", {.count = 5'000, .splits = 1});
  const auto out = job.sink("out", &sunk);
  job.edge(source, out, graph::KEYED);
  job.program.edges[0].key_hash = [](Batch& batch) {
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      batch.key_hashes()[i] =
          mix64(static_cast<std::uint64_t>(batch.records<Number>()[i].value % 10));
    }
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sunk.values.clear();
    VirtualRun run(job.program, 3, seed);
    run.run_for(seconds(5));
    ASSERT_TRUE(run.job().over());
    std::map<std::int64_t, std::int64_t> last;
    for (const std::int64_t value : sunk.values) {
      ASSERT_TRUE(!last.contains(value % 10) || last[value % 10] < value);
      last[value % 10] = value;
    }
    ASSERT_EQ(sunk.values.size(), 5'000U);
  }
}

TEST(LocalJobTest, AUserExceptionNamesJobOperatorAndRecord) {
  RangeJob job("spend");
  const auto source = job.source("numbers", {.count = 100, .splits = 1});
  const auto check = job.pass("check", nullptr, [](const Number& number) {
    if (number.value == 77) throw std::out_of_range("no such team");
  });
  const auto out = job.sink("out", nullptr);
  job.edge(source, check, graph::KEYED);
  job.edge(check, out, graph::CHAIN);
  const LocalJob::Outcome outcome = run_on_threads(job.program, 2);
  ASSERT_EQ(outcome.phase, cluster::FAILED);
  EXPECT_EQ(outcome.error->code(), ErrorCode::P801);
  EXPECT_THAT(outcome.error->what(), HasSubstr("job spend"));
  EXPECT_THAT(outcome.error->what(), HasSubstr("operator check"));
  EXPECT_THAT(outcome.error->what(), HasSubstr("\"value\":77"));
  EXPECT_THAT(outcome.error->what(), HasSubstr("no such team"));
}

// A failure downstream of a fused chain is blamed on the operator that threw, not on the one that
// called it.
TEST(LocalJobTest, AFailureInAFusedChainIsTheInnermostOperators) {
  RangeJob job;
  const auto source = job.source("numbers", {.count = 10, .splits = 1});
  const auto outer = job.pass("outer", nullptr);
  const auto inner =
      job.sink("inner", nullptr, [](const Number&) { throw std::runtime_error("x"); });
  job.edge(source, outer, graph::CHAIN);
  job.edge(outer, inner, graph::CHAIN);
  const LocalJob::Outcome outcome = run_on_threads(job.program, 1);
  EXPECT_THAT(outcome.error->what(), HasSubstr("operator inner"));
}

// Two inputs: 0 the gated numbers, 1 the broadcast ones. Counts numbers that came before the last
// broadcast one.
class GateWitness final : public Operator {
 public:
  GateWitness(std::int64_t due, std::atomic<std::int64_t>* early, std::atomic<std::int64_t>* seen)
      : due_(due), early_(early), seen_(seen) {}
  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t, Output&) override {
    if (input == 1) {
      got_ += batch->size();
    } else {
      if (got_ < due_) *early_ += batch->size();
      *seen_ += batch->size();
    }
    return batch->size();
  }

 private:
  std::int64_t due_;
  std::int64_t got_ = 0;
  std::atomic<std::int64_t>* early_;
  std::atomic<std::int64_t>* seen_;
};

// Rule 44: the gated source reads nothing until every consumer has the gating source's records.
TEST(LocalJobTest, Rule44_AGatedSourceWaitsUntilTheRulesHaveArrivedEverywhere) {
  std::atomic<std::int64_t> early{0};
  std::atomic<std::int64_t> seen{0};
  RangeJob job;
  const auto rules =
      job.source("rules", {.count = 500, .splits = 1, .batch = 7, .event_time = false});
  const auto parse = job.pass("parse", nullptr, {}, 1);
  const auto charges = job.source("charges", {.count = 2'000, .splits = 3, .gated_by = "rules"});
  const auto attribute = job.sink("attribute", nullptr);
  job.program.vertices[attribute].make_operator = [&] {
    return std::make_unique<GateWitness>(500, &early, &seen);
  };
  job.edge(rules, parse, graph::CHAIN);
  job.edge(charges, attribute, graph::KEYED, 0);
  job.edge(parse, attribute, graph::BROADCAST, 1);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    seen = 0;
    VirtualRun run(job.program, 3, seed);
    run.run_for(seconds(5));
    ASSERT_TRUE(run.job().over());
    ASSERT_EQ(run.job().outcome().phase, cluster::FINISHED);
    ASSERT_EQ(early, 0) << "seed " << seed;
    ASSERT_EQ(seen, 2'000);
  }
}

TEST(LocalJobTest, TheWatermarkRisesToTheEndAndNeverFalls) {
  Collected sunk;
  RangeJob job;
  const auto source = job.source("numbers", {.count = 1'000, .splits = 2});
  const auto out = job.sink("out", &sunk, {}, 1);
  job.edge(source, out, graph::REBALANCE);
  VirtualRun run(job.program, 2);
  run.run_for(seconds(5));
  ASSERT_TRUE(run.job().over());
  ASSERT_FALSE(sunk.watermarks.empty());
  EXPECT_TRUE(std::ranges::is_sorted(sunk.watermarks));
  EXPECT_EQ(sunk.watermarks.back(), Timestamp::max());
}

TEST(LocalJobTest, ARateLimitHoldsForTheWholeSource) {
  Collected sunk;
  RangeJob job;
  const auto source = job.source(
      "numbers", {.count = 1'000'000, .splits = 2, .batch = 8, .records_per_second = 1'000});
  const auto out = job.sink("out", &sunk);
  job.edge(source, out, graph::CHAIN);
  VirtualRun run(job.program, 2);
  run.run_for(seconds(10), milliseconds(1));
  const auto read = static_cast<double>(sunk.values.size());
  EXPECT_GT(read, 9'000);
  EXPECT_LT(read, 11'000);
}

TEST(LocalJobTest, AStopReadsNoMoreAndDeliversWhatIsInFlight) {
  Collected first;
  Collected last;
  RangeJob job;
  const auto source =
      job.source("numbers", {.count = 1'000'000, .splits = 2, .records_per_second = 10'000});
  const auto pass = job.pass("pass", &first);
  const auto out = job.sink("out", &last);
  job.edge(source, pass, graph::KEYED);
  job.edge(pass, out, graph::REBALANCE);
  VirtualRun run(job.program, 2);
  run.run_for(milliseconds(300));
  run.job().request_stop();
  run.run_for(seconds(1));
  ASSERT_TRUE(run.job().over());
  EXPECT_EQ(run.job().outcome().phase, cluster::STOPPED);
  EXPECT_GT(last.values.size(), 1'000U);
  EXPECT_LT(last.values.size(), 100'000U);
  EXPECT_EQ(first.values.size(), last.values.size());
  // Not drained: event time did not jump to the end.
  EXPECT_NE(last.watermarks.back(), Timestamp::max());
}

// A sink that takes one batch and then says "no room" until the clock moves.
class SlowSink final : public Operator {
 public:
  explicit SlowSink(std::atomic<std::int64_t>* taken) : taken_(taken) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    if (context_->clock().now() == last_) {
      context_->wake_at(last_ + milliseconds(10));
      return from;
    }
    last_ = context_->clock().now();
    *taken_ += batch->size() - from;
    return batch->size();
  }

 private:
  std::atomic<std::int64_t>* taken_;
  OperatorContext* context_ = nullptr;
  Timestamp last_{-1};
};

TEST(LocalJobTest, ASlowSinkHoldsTheSourceBackAndWhatIsInFlightStaysWithinTheCredit) {
  std::atomic<std::int64_t> taken{0};
  RangeJob job;
  const auto source = job.source("numbers", {.count = 10'000'000, .splits = 2});
  const auto out = job.sink("out", nullptr);
  job.program.vertices[out].make_operator = [&] { return std::make_unique<SlowSink>(&taken); };
  job.edge(source, out, graph::KEYED);
  VirtualRun run(job.program, 2, 1, [](LocalJob::Options& options) {
    options.execution.credit_pool_bytes = 64 * 1024;
    options.execution.credit_floor_bytes = 16 * 1024;
  });
  run.run_for(seconds(2));
  std::int64_t read = 0;
  for (const TaskMetrics& task : run.job().execution().metrics()) {
    if (task.operators[0]->name == "numbers") {
      read += task.operators[0]->records_in.get();
      EXPECT_GT(task.backpressured_nanos.get(), task.idle_nanos.get());
    }
  }
  EXPECT_GT(taken, 1'000);
  // Channels, outboxes (soft limit and an open piece for each target), one batch in each operator's
  // hands.
  const std::int64_t in_flight_bytes = (read - taken) * static_cast<std::int64_t>(sizeof(Number));
  EXPECT_LT(in_flight_bytes, static_cast<std::int64_t>(run.job().execution().credit_bytes() +
                                                       4 * (64 + 3 * 48) * 1024));
  EXPECT_GT(read - taken, 0);
}

}  // namespace
}  // namespace tributary::testing
