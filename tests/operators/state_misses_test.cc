// Keyed operators over state that is not in memory: a batch waits in front of its operator for what
// the disk has, and everything else goes on.
#include "operators/state_misses.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tributary/generator.h>
#include <tributary/job.h>
#include <tributary/window.h>

#include "base/random.h"
#include "tests/operators/stored_job.h"

namespace tributary::testing {
namespace {

constexpr std::uint64_t kNumbers = 24'000;
constexpr std::uint64_t kKeys = 1'500;
constexpr std::uint64_t kOthers = 400'000;
constexpr std::size_t kMemory = 96 << 10;  // a tenth of what the values take

struct Number {
  std::int64_t key = 0;
  std::int64_t number = 0;
  Timestamp at;
};
TRIBUTARY_RECORD(Number, key, number, at);

struct Counted {
  std::int64_t count = 0;
  std::int64_t last = -1;
  Text padding;
};
TRIBUTARY_RECORD(Counted, count, last, padding);

struct Row {
  std::int64_t key = 0;
  std::int64_t count = 0;
  bool in_order = true;
};
TRIBUTARY_RECORD(Row, key, count, in_order);

class CountInOrder : public KeyedProcess<std::int64_t, Number, Row> {
 public:
  void on_record(const Number& number, Context& ctx) {
    const Counted before = counted_.get();
    counted_.set({.count = before.count + 1,
                  .last = number.number,
                  .padding = ctx.text(std::string(500, 'x'))});
    ctx.emit(
        {.key = ctx.key(), .count = before.count + 1, .in_order = number.number > before.last});
  }

 private:
  Value<Counted> counted_ = value<Counted>("counted");
};

struct PaddedCount {
  using Accumulator = Counted;
  void add(Counted& counted, const Number&) {
    ++counted.count;
    counted.padding = std::string_view(kPadding);
  }
  Row result(const std::int64_t& key, const Window&, const Counted& counted) {
    return {.key = key, .count = counted.count};
  }
  inline static const std::string kPadding = std::string(500, 'x');
};

// What the sinks of a job got.
struct Got {
  std::map<std::int64_t, std::int64_t> counts;  // the last of each key
  std::uint64_t rows = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t others = 0;
};

class GotRows final : public Operator {
 public:
  explicit GotRows(Got* got) : got_(got) {}
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    for (const Row& row : batch->records<Row>().subspan(from)) {
      ++got_->rows;
      got_->counts[row.key] = row.count;
      got_->out_of_order += row.in_order ? 0 : 1;
    }
    return batch->size();
  }

 private:
  Got* got_;
};
class GotOthers final : public Operator {
 public:
  explicit GotOthers(Got* got) : got_(got) {}
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    got_->others += batch->size() - from;
    return batch->size();
  }

 private:
  Got* got_;
};
template <typename T, typename Sink>
SinkSpec<T, kAppend, kDelta, kUpsert> into(Got* got) {
  return {.untyped = {.operator_type = "got",
                      .record_type = nullptr,
                      .parallelism = 1,
                      .properties = {},
                      .make_operator = [got] { return std::make_unique<Sink>(got); }}};
}

Number number_of(std::uint64_t n) {
  return {.key = static_cast<std::int64_t>(mix64(n) % kKeys),
          .number = static_cast<std::int64_t>(n),
          .at = Timestamp{static_cast<std::int64_t>(n)}};
}
// One split, so that numbers arrive in order.
SourceSpec<Number> numbers(std::uint64_t count) {
  return generate<Number>([](std::uint64_t n) { return number_of(n); },
                          {.count = count, .splits = 1});
}

std::map<std::int64_t, std::int64_t> recomputed() {
  std::map<std::int64_t, std::int64_t> counts;
  for (std::uint64_t n = 0; n < kNumbers; ++n) ++counts[number_of(n).key];
  return counts;
}

template <typename Author>
JobProgram program_with(const Author& author) {
  tributary::internal::GraphBuilder graph("misses");
  Job job(graph);
  author(job);
  JobProgram program;
  const std::vector<Error> mistakes = graph.finish(program);
  TRIBUTARY_CHECK(mistakes.empty(), "{}", mistakes.front().to_string());
  return program;
}

std::int64_t batches_awaiting_state(StoredJob& run) {
  std::int64_t all = 0;
  for (const TaskMetrics& task : run.job().execution().metrics()) {
    for (const auto& one : task.operators) {
      const auto counters = one->named();
      const auto found = counters.find("batches_awaiting_state");
      if (found != counters.end()) all += found->second;
    }
  }
  return all;
}

TEST(StateMisses, Rule40_ABatchWaitsForItsStateWhileOtherTasksGoOn) {
  Got got;
  const JobProgram program = program_with([&](Job& job) {
    job.source("numbers", numbers(kNumbers))
        .key_by(&Number::key)
        .process<CountInOrder>("count")
        .parallelism(1)
        .sink("rows", into<Row, GotRows>(&got));
    job.source("others", numbers(kOthers)).sink("others-out", into<Number, GotOthers>(&got));
  });
  StoredJob run(program, {.slots = 2, .memory_bytes = kMemory});
  while (got.rows < kNumbers / 2 && (run.step() | run.io().run_one())) {
  }
  ASSERT_LT(got.others, kOthers);
  // The disk is silent: the keyed task comes to a halt, the others to their end.
  for (int i = 0; i < 2'000'000 && got.others < kOthers; ++i) run.step();
  EXPECT_EQ(got.others, kOthers);
  EXPECT_LT(got.rows, kNumbers);
  EXPECT_GT(run.io().waiting(), 0U);
  run.run_to_end();
  EXPECT_EQ(run.job().outcome().phase, cluster::FINISHED);
  EXPECT_EQ(got.rows, kNumbers);
  EXPECT_EQ(got.out_of_order, 0U);
  EXPECT_EQ(got.counts, recomputed());
  EXPECT_GT(batches_awaiting_state(run), 0);
}

TEST(StateMisses, Rule40_WindowsWaitForTheirStateToo) {
  Got got;
  const JobProgram program = program_with([&](Job& job) {
    job.source("numbers", numbers(kNumbers))
        .event_time(&Number::at, bounded_lateness(0s))
        .key_by(&Number::key)
        .window(tumbling(1h))
        .aggregate<PaddedCount>("windows", emit(total))
        .sink("rows", into<Row, GotRows>(&got));
  });
  StoredJob run(program, {.slots = 1, .memory_bytes = kMemory});
  run.run_to_end();
  EXPECT_EQ(run.job().outcome().phase, cluster::FINISHED);
  EXPECT_EQ(got.counts, recomputed());
  EXPECT_GT(batches_awaiting_state(run), 0);
}

TEST(StateMisses, StateThatFitsWaitsForNothing) {
  Got got;
  const JobProgram program = program_with([&](Job& job) {
    job.source("numbers", numbers(kNumbers))
        .key_by(&Number::key)
        .process<CountInOrder>("count")
        .sink("rows", into<Row, GotRows>(&got));
  });
  StoredJob run(program, {.slots = 1});
  run.run_to_end();
  EXPECT_EQ(got.counts, recomputed());
  EXPECT_EQ(batches_awaiting_state(run), 0);
}

}  // namespace
}  // namespace tributary::testing
