#include "base/io_pool.h"

#include <atomic>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::UnorderedElementsAre;

TEST(ThreadIoPoolTest, RunsEveryJobBeforeItIsGone) {
  std::atomic<int> ran{0};
  {
    ThreadIoPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.submit([&] { ran.fetch_add(1); });
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(ThreadIoPoolTest, AJobMaySubmitAnother) {
  std::atomic<int> ran{0};
  {
    ThreadIoPool pool(1);
    pool.submit([&] { pool.submit([&] { ran.fetch_add(1); }); });
  }
  EXPECT_EQ(ran.load(), 1);
}

TEST(ManualIoPoolTest, RunsInAnOrderThatTheSeedDecides) {
  const auto order_of = [](std::uint64_t seed) {
    ManualIoPool pool(seed);
    std::vector<int> order;
    for (int i = 0; i < 8; ++i) pool.submit([&order, i] { order.push_back(i); });
    pool.run_all();
    return order;
  };
  EXPECT_THAT(order_of(1), UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(order_of(1), order_of(1));
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 8; ++seed) orders.insert(order_of(seed));
  EXPECT_GT(orders.size(), 4U);
}

TEST(ManualIoPoolTest, DropsWhatWasNeverRun) {
  int ran = 0;
  {
    ManualIoPool pool(1);
    pool.submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace tributary
