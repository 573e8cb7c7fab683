// The whole of execution on threads: what the simulator's one thread cannot show. Meant for TSan
// and ASan too.
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/thread_executor.h"
#include "checkpoint/memory_metadata_store.h"
#include "runtime/cluster/local_job.h"
#include "runtime/graph/planner.h"
#include "tests/runtime/exec/range_job.h"

namespace tributary::testing {
namespace {

constexpr std::uint32_t kSlots = 4;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t kRecords = 40'000;
constexpr int kRepeats = 5;
#else
constexpr std::int64_t kRecords = 200'000;
constexpr int kRepeats = 20;
#endif

constexpr std::int64_t kRules = kRecords / 20;

// How often each value arrived, by value; one array for all tasks.
struct Tally {
  explicit Tally(std::int64_t values) : times(static_cast<std::size_t>(values)) {}
  std::vector<std::atomic<std::uint32_t>> times;
  std::atomic<std::int64_t> total{0};
  std::atomic<std::int64_t> bad_notes{0};
};

// Takes part of a batch at a time, sleeps now and then, passes copies or the batch itself.
class Erratic final : public Operator {
 public:
  Erratic(std::vector<Tally*> tallies, bool slow) : tallies_(std::move(tallies)), slow_(slow) {}
  Status open(OperatorContext& context) override {
    random_ = context.task_index() + 1;
    return {};
  }
  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override {
    if (slow_ && next() % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    const std::uint32_t size = batch->size();
    const std::uint32_t to =
        next() % 3 == 0 ? from + 1 + static_cast<std::uint32_t>(next() % (size - from)) : size;
    for (std::uint32_t i = from; i < to; ++i) count(*tallies_[input], batch->records<Number>()[i]);
    if (from == 0 && to == size && next() % 2 == 0) {
      out.emit(0, std::move(batch));
      return size;
    }
    BatchPtr part = out.take(batch->type());
    const bool borrows = next() % 2 == 0;
    if (borrows) part->borrow(*batch);
    for (std::uint32_t i = from; i < to; ++i) {
      if (borrows) {
        *static_cast<Number*>(part->append(batch->event_time(i), batch->key_hash(i))) =
            batch->records<Number>()[i];
      } else {
        part->append_copy(*batch, i);
      }
    }
    out.emit(0, std::move(part));
    if (to < size) out.should_yield();
    return to;
  }

 private:
  std::uint64_t next() {
    return random_ = random_ * 6364136223846793005U + 1442695040888963407U, random_ >> 33;
  }
  static void count(Tally& tally, const Number& number) {
    tally.times[static_cast<std::size_t>(number.value)].fetch_add(1, std::memory_order_relaxed);
    tally.total.fetch_add(1, std::memory_order_relaxed);
    const std::string note = number.note.str();
    const bool right = number.value % 3 == 0 ? note.ends_with(" " + std::to_string(number.value))
                                             : note == "short";
    if (!right) ++tally.bad_notes;
  }

  std::vector<Tally*> tallies_;  // by input
  bool slow_;
  std::uint64_t random_ = 1;
};

struct StressJob {
  // numbers -rebalance-> mixed -keyed-> counted <-broadcast- rules
  StressJob() : read(kRecords), counted(kRecords), rules(kRules) {
    const auto source = job.source(
        "numbers", {.count = kRecords, .splits = 8, .batch = 100, .parallelism = kSlots});
    const auto few =
        job.source("rules", {.count = kRules, .splits = 3, .batch = 10, .parallelism = 1});
    const auto mixed = add("mixed", {&read}, false, graph::OPERATOR);
    const auto keyed = add("counted", {&counted, &rules}, true, graph::SINK);
    job.edge(source, mixed, graph::REBALANCE);
    job.edge(mixed, keyed, graph::KEYED);
    job.edge(few, keyed, graph::BROADCAST, 1);
  }
  std::uint32_t add(const std::string& name, std::vector<Tally*> tallies, bool slow,
                    graph::VertexKind kind) {
    const std::uint32_t id = job.pass(name, nullptr, {}, kSlots);
    job.program.graph.mutable_vertices(static_cast<int>(id))->set_kind(kind);
    job.program.vertices[id].make_operator = [tallies, slow] {
      return std::make_unique<Erratic>(tallies, slow);
    };
    return id;
  }

  RangeJob job;
  Tally read;
  Tally counted;
  Tally rules;
};

enum class Ending : std::uint8_t { kByItself, kStop, kCancel };

LocalJob::Outcome run(StressJob& stress, Ending ending, int repeat) {
  const auto plan = graph::plan(stress.job.program.graph, {.slots = kSlots});
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error()[0].to_string());
  if (!plan) return {};
  SystemClock clock;
  MemoryMetadataStore metadata;
  LocalJob::Options options;
  options.execution.clock = &clock;
  // From one batch of credit to plenty.
  options.execution.credit_pool_bytes = std::size_t{1} << (repeat % 3 * 10);
  options.execution.credit_floor_bytes = 1;
  options.execution.credit_batches = 1U << (repeat % 5);
  options.execution.outbox_soft_limit_bytes = static_cast<std::size_t>(repeat % 2) * 16 * 1024;
  options.metadata = &metadata;
  options.uid = std::string(16, 'u');
  LocalJob local(stress.job.program, *plan, options);
  ThreadExecutor executor(clock);
  local.start(executor);
  if (ending != Ending::kByItself) {
    while (stress.counted.total < kRecords / 50 && !local.over()) std::this_thread::yield();
    ending == Ending::kStop ? local.request_stop() : local.cancel();
  }
  executor.join();
  return local.outcome();
}

TEST(JobStressTest, EveryRecordIsCountedExactlyOnceByKeyAndOnceByEveryTaskOfABroadcast) {
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    StressJob stress;
    ASSERT_EQ(run(stress, Ending::kByItself, repeat).phase, cluster::FINISHED) << repeat;
    EXPECT_EQ(stress.read.total, kRecords);
    EXPECT_EQ(stress.counted.total, kRecords);
    EXPECT_EQ(stress.rules.total, kRules * kSlots);
    for (std::size_t value = 0; value < kRecords; ++value)
      ASSERT_EQ(stress.counted.times[value], 1U) << value;
    for (std::size_t value = 0; value < kRules; ++value)
      ASSERT_EQ(stress.rules.times[value], kSlots) << value;
    EXPECT_EQ(stress.read.bad_notes + stress.counted.bad_notes + stress.rules.bad_notes, 0);
  }
}

TEST(JobStressTest, AStopInTheMiddleDeliversExactlyWhatWasRead) {
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    StressJob stress;
    const cluster::JobPhase phase = run(stress, Ending::kStop, repeat).phase;
    // It may be over before the stop arrives.
    ASSERT_TRUE(phase == cluster::STOPPED || phase == cluster::FINISHED) << repeat;
    for (std::size_t value = 0; value < kRecords; ++value) {
      const std::uint32_t times = stress.read.times[value];
      ASSERT_LE(times, 1U) << value;
      ASSERT_EQ(stress.counted.times[value], times) << value;
    }
    for (std::size_t value = 0; value < kRules; ++value) {
      ASSERT_TRUE(stress.rules.times[value] == 0 || stress.rules.times[value] == kSlots) << value;
    }
    EXPECT_EQ(stress.counted.bad_notes + stress.rules.bad_notes, 0);
  }
}

TEST(JobStressTest, ACancelInTheMiddleEndsAtOnceWithBatchesInFlight) {
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    StressJob stress;
    const cluster::JobPhase phase = run(stress, Ending::kCancel, repeat).phase;
    ASSERT_TRUE(phase == cluster::CANCELLED || phase == cluster::FINISHED) << repeat;
    for (std::size_t value = 0; value < kRecords; ++value)
      ASSERT_LE(stress.counted.times[value], 1U) << value;
  }
}

// What a job must bear before it starts.
TEST(LocalJobBeforeStartTest, ACancelBeforeTheStartIsTakenByTheFirstStep) {
  StressJob stress;
  const auto plan = graph::plan(stress.job.program.graph, {.slots = kSlots});
  ASSERT_TRUE(plan.has_value());
  SystemClock clock;
  MemoryMetadataStore metadata;
  LocalJob::Options options;
  options.execution.clock = &clock;
  options.metadata = &metadata;
  options.uid = std::string(16, 'u');
  LocalJob local(stress.job.program, *plan, options);
  local.cancel();
  ThreadExecutor executor(clock);
  local.start(executor);
  executor.join();
  EXPECT_EQ(local.outcome().phase, cluster::CANCELLED);
  EXPECT_EQ(stress.read.total, 0);
}

}  // namespace
}  // namespace tributary::testing
