#include "base/spsc_ring.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(SpscRingTest, TakesAsManyAsItsCapacityAndGivesThemBackInOrder) {
  SpscRing<int> ring(5);
  ASSERT_EQ(ring.capacity(), 8U);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(ring.try_push(std::move(i)));
    int full = 99;
    EXPECT_FALSE(ring.try_push(std::move(full)));
    for (int i = 0; i < 8; ++i) {
      int value = -1;
      ASSERT_TRUE(ring.try_pop(value));
      EXPECT_EQ(value, i);
    }
    int value = -1;
    EXPECT_FALSE(ring.try_pop(value));
  }
}

TEST(SpscRingTest, HasRoomForTwoAtLeast) {
  EXPECT_EQ(SpscRing<int>(0).capacity(), 2U);
  EXPECT_EQ(SpscRing<int>(1).capacity(), 2U);
}

TEST(SpscRingTest, ARefusedPushLeavesTheValueWithTheCaller) {
  SpscRing<std::unique_ptr<int>> ring(2);
  ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
  ASSERT_TRUE(ring.try_push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(ring.try_push(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
}

// Litmus: what was written before a push is seen after the pop, through a ring so small that both
// sides wait.
TEST(SpscRingTest, WhatIsWrittenBeforeAPushIsSeenAfterThePop) {
  struct Message {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
  };
  constexpr std::uint64_t kMessages = 50'000;
  SpscRing<Message*> there(4);
  SpscRing<Message*> back(4);
  std::thread consumer([&] {
    for (std::uint64_t i = 0; i < kMessages;) {
      Message* message = nullptr;
      if (!there.try_pop(message)) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ(message->a, i);
      ASSERT_EQ(message->b, ~i);
      message->a = 0;
      message->b = 0;
      ++i;
      while (!back.try_push(std::move(message))) std::this_thread::yield();
    }
  });
  std::array<Message, 4> messages;
  for (Message& message : messages) ASSERT_TRUE(back.try_push(&message));
  for (std::uint64_t i = 0; i < kMessages;) {
    Message* message = nullptr;
    if (!back.try_pop(message)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(message->a, 0U);
    ASSERT_EQ(message->b, 0U);
    *message = {.a = i, .b = ~i};
    ++i;
    while (!there.try_push(std::move(message))) std::this_thread::yield();
  }
  consumer.join();
}

// Litmus (message passing with a second variable): the relaxed store before a push is not overtaken
// by it. Channels rest on it: a control event is announced before the batch that follows it is
// pushed.
TEST(SpscRingTest, APlainAnnouncementBeforeAPushIsNotOvertaken) {
  constexpr std::uint64_t kRounds = 50'000;
  SpscRing<std::uint64_t> ring(64);
  std::atomic<std::uint64_t> announced{0};
  std::thread producer([&] {
    for (std::uint64_t i = 1; i <= kRounds; ++i) {
      announced.store(i, std::memory_order_relaxed);
      while (!ring.try_push(std::uint64_t{i})) std::this_thread::yield();
    }
  });
  for (std::uint64_t seen = 0; seen < kRounds;) {
    std::uint64_t value = 0;
    if (!ring.try_pop(value)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(value, seen + 1);
    ASSERT_GE(announced.load(std::memory_order_relaxed), value);
    seen = value;
  }
  producer.join();
}

}  // namespace
}  // namespace tributary
