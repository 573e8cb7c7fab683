#include "base/clock.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(ManualClockTest, StandsStillUntilAdvanced) {
  ManualClock clock({100});
  EXPECT_EQ(clock.now().micros, 100);
  clock.advance(milliseconds(2));
  EXPECT_EQ(clock.now().micros, 2'100);
  EXPECT_EQ(clock.monotonic_nanos(), 2'000'000);
  EXPECT_EQ(clock.cycles(), 2'000'000U);
}

TEST(ManualClockTest, SetsTheWallWithoutMovingMonotonicTime) {
  ManualClock clock({100});
  clock.set({50});
  EXPECT_EQ(clock.now().micros, 50);
  EXPECT_EQ(clock.monotonic_nanos(), 0);
}

TEST(ManualClockTest, LosesNothingInStepsOfNanoseconds) {
  ManualClock clock;
  for (std::int64_t nanos = 0; nanos <= 10'000; nanos += 7) clock.advance_to_nanos(nanos);
  EXPECT_EQ(clock.now().micros, 9);
  clock.advance_to_nanos(5);
  EXPECT_EQ(clock.monotonic_nanos(), 9'996);
}

TEST(SystemClockTest, NeverGoesBack) {
  const SystemClock clock;
  std::int64_t nanos = clock.monotonic_nanos();
  std::int64_t cpu = clock.thread_cpu_nanos();
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t next = clock.monotonic_nanos();
    const std::int64_t next_cpu = clock.thread_cpu_nanos();
    ASSERT_GE(next, nanos);
    ASSERT_GE(next_cpu, cpu);
    nanos = next;
    cpu = next_cpu;
  }
  EXPECT_GT(clock.now(), parse_timestamp("2020-01-01").value());
  EXPECT_GT(clock.cycles(), 0U);
}

}  // namespace
}  // namespace tributary
