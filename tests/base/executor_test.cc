// Both executors against the contract of base/executor.h.
#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/manual_executor.h"
#include "base/thread_executor.h"

namespace tributary {
namespace {

class StepFunction final : public Runnable {
 public:
  explicit StepFunction(std::function<StepResult()> step) : step_(std::move(step)) {}
  StepResult step() override { return step_(); }

 private:
  std::function<StepResult()> step_;
};

constexpr StepResult kProgressed{.progressed = true};
constexpr StepResult kIdle{};
constexpr StepResult kFinished{.finished = true};

TEST(ThreadExecutorTest, LosesNoWakeHoweverItFallsInWithFallingAsleep) {
  const SystemClock clock;
  // Without looking again every message meets a thread that is about to sleep.
  for (const std::int64_t spin_nanos : {0, 50'000}) {
    constexpr int kRounds = 20'000;
    std::atomic<int> ping{0};
    std::atomic<int> pong{0};
    Waker* pinger_waker = nullptr;
    Waker* ponger_waker = nullptr;
    std::atomic<bool> ready{false};
    StepFunction pinger([&]() -> StepResult {
      if (!ready.load()) return kProgressed;
      const int answered = pong.load(std::memory_order_relaxed);
      if (answered == kRounds) return kFinished;
      if (ping.load(std::memory_order_relaxed) != answered) return kIdle;
      ping.store(answered + 1, std::memory_order_relaxed);
      ponger_waker->wake();
      return kIdle;
    });
    StepFunction ponger([&]() -> StepResult {
      if (!ready.load()) return kProgressed;
      const int asked = ping.load(std::memory_order_relaxed);
      if (pong.load(std::memory_order_relaxed) == asked) return kIdle;
      pong.store(asked, std::memory_order_relaxed);
      pinger_waker->wake();
      return asked == kRounds ? kFinished : kIdle;
    });
    ThreadExecutor executor(clock, spin_nanos);
    pinger_waker = &executor.spawn("pinger", pinger);
    ponger_waker = &executor.spawn("ponger", ponger);
    ready.store(true);
    executor.join();
    EXPECT_EQ(pong.load(), kRounds);
  }
}

TEST(ThreadExecutorTest, StepsAgainAtTheDeadlineThoughNobodyWakes) {
  const SystemClock clock;
  std::int64_t deadline = 0;
  StepFunction sleeper([&]() -> StepResult {
    const std::int64_t now = clock.monotonic_nanos();
    if (deadline == 0) deadline = now + 2'000'000;
    if (now >= deadline) return kFinished;
    return {.deadline_nanos = deadline};
  });
  ThreadExecutor executor(clock);
  executor.spawn("a name that is longer than the kernel takes", sleeper);
  executor.join();
  EXPECT_GE(clock.monotonic_nanos(), deadline);
}

TEST(ThreadExecutorTest, TakesWakesFromManyThreadsAndAfterTheEnd) {
  const SystemClock clock;
  std::atomic<int> posted{0};
  StepFunction counter([&]() -> StepResult { return posted.load() == 4'000 ? kFinished : kIdle; });
  ThreadExecutor executor(clock, 0);
  Waker& waker = executor.spawn("counter", counter);
  std::vector<std::thread> posters;
  for (int i = 0; i < 4; ++i)
    posters.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) {
        posted.fetch_add(1);
        waker.wake();
      }
    });
  for (std::thread& poster : posters) poster.join();
  executor.join();
  waker.wake();
}

std::string trace_of_three(std::uint64_t seed) {
  ManualClock clock;
  ManualExecutor executor(clock, seed);
  std::string trace;
  std::vector<std::unique_ptr<StepFunction>> runnables;
  for (const char name : {'a', 'b', 'c'})
    runnables.push_back(std::make_unique<StepFunction>([&trace, name, left = 5]() mutable {
      trace.push_back(name);
      return --left == 0 ? kFinished : kProgressed;
    }));
  for (auto& runnable : runnables) executor.spawn("x", *runnable);
  executor.join();
  return trace;
}

TEST(ManualExecutorTest, OrdersStepsByTheSeedAlone) {
  EXPECT_EQ(trace_of_three(1), trace_of_three(1));
  EXPECT_NE(trace_of_three(1), trace_of_three(2));
  EXPECT_EQ(trace_of_three(1).size(), 15U);
}

TEST(ManualExecutorTest, StepsTheIdleOnlyWhenWokenOrDue) {
  ManualClock clock;
  ManualExecutor executor(clock, 1);
  int steps = 0;
  StepFunction sleeper([&]() -> StepResult {
    ++steps;
    return {.finished = steps == 3, .deadline_nanos = 5'000'000};
  });
  Waker& waker = executor.spawn("sleeper", sleeper);
  EXPECT_TRUE(executor.run_until_idle());
  EXPECT_TRUE(executor.run_until_idle());
  EXPECT_EQ(steps, 1);
  waker.wake();
  EXPECT_TRUE(executor.run_until_idle());
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(executor.next_deadline_nanos(), 5'000'000);
  EXPECT_EQ(executor.unfinished(), std::vector<std::string>{"sleeper"});
  clock.advance_to_nanos(executor.next_deadline_nanos());
  EXPECT_TRUE(executor.run_until_idle());
  EXPECT_TRUE(executor.all_finished());
  EXPECT_EQ(executor.next_deadline_nanos(), INT64_MAX);
  waker.wake();
  EXPECT_FALSE(executor.step_one());
}

TEST(ManualExecutorTest, TellsEndlessProgress) {
  ManualClock clock;
  ManualExecutor executor(clock, 1);
  StepFunction endless([] { return kProgressed; });
  executor.spawn("endless", endless);
  EXPECT_FALSE(executor.run_until_idle(1'000));
}

}  // namespace
}  // namespace tributary
