#include "runtime/exec/slot.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_executor.h"
#include "tests/runtime/exec/note.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;

struct CountingWaker final : Waker {
  void wake() override { ++count; }
  std::atomic<int> count{0};
};

// Two slots with a link and a channel each way, without tasks.
class SlotTest : public ::testing::Test {
 protected:
  SlotTest() {
    for (const std::uint32_t i : {0U, 1U}) {
      slots_.push_back(
          std::make_unique<Slot>(Slot::Options{.index = i, .slot_count = 2, .clock = &clock_}));
    }
    slots_[0]->add_outgoing(there_);
    slots_[1]->add_incoming(there_);
    for (const auto& slot : slots_) slot->set_wakers({&wakers_[0], &wakers_[1]});
  }
  void send(std::uint32_t index, std::int64_t number) {
    BatchPtr batch = notes(slots_[0]->pool(), number, 1);
    const FrameHeader header = channel_.sender_account(*batch, 1);
    slots_[0]->send(index, header, std::move(batch));
  }

  ManualClock clock_;
  CountingWaker wakers_[2];
  std::vector<std::unique_ptr<Slot>> slots_;
  SlotLink there_{0, 1, 4};
  Channel channel_{ChannelId::make(1, 0, 0, 1), {.bytes = 1 << 20, .batches = 4}};
};

TEST_F(SlotTest, CommandsRunInTheirOrderAndWakeTheSlot) {
  std::vector<int> ran;
  slots_[0]->post([&](Slot&) { ran.push_back(1); });
  slots_[0]->post([&](Slot&) { ran.push_back(2); });
  EXPECT_EQ(wakers_[0].count, 2);
  EXPECT_TRUE(slots_[0]->step().progressed);
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_FALSE(slots_[0]->step().progressed);
}

TEST_F(SlotTest, ACommandPostedByACommandRunsInTheNextStep) {
  int ran = 0;
  slots_[0]->post([&](Slot& slot) { slot.post([&](Slot&) { ++ran; }); });
  slots_[0]->step();
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(slots_[0]->step().progressed);
  EXPECT_EQ(ran, 1);
}

TEST_F(SlotTest, WithoutTasksItSleepsUntilItIsWoken) {
  const StepResult result = slots_[0]->step();
  EXPECT_FALSE(result.progressed);
  EXPECT_EQ(result.deadline_nanos, INT64_MAX);
}

TEST_F(SlotTest, AfterLeavingThereIsNoFurtherStep) {
  slots_[0]->post([](Slot& slot) { slot.leave(); });
  EXPECT_TRUE(slots_[0]->step().finished);
}

TEST_F(SlotTest, ABatchArrivesInTheOtherSlotsInboxAndComesHome) {
  const std::uint32_t index = slots_[0]->add_channel(channel_, 1);
  EXPECT_FALSE(slots_[0]->is_local(index));
  send(index, 7);
  EXPECT_FALSE(channel_.receiver_has_item());
  EXPECT_TRUE(slots_[1]->step().progressed);
  ASSERT_TRUE(channel_.receiver_has_item());
  Channel::Item item = channel_.receiver_next(false);
  BatchPtr& batch = std::get<BatchPtr>(item);
  EXPECT_THAT(numbers_of(*batch), ElementsAre(7));
  const Batch* memory = batch.get();
  batch.reset();
  EXPECT_EQ(slots_[0]->pool().take(type_info<Note>()).get(), memory);
}

TEST_F(SlotTest, ABatchForTheSameSlotArrivesAtOnce) {
  const std::uint32_t index = slots_[0]->add_channel(channel_, 0);
  EXPECT_TRUE(slots_[0]->is_local(index));
  send(index, 7);
  EXPECT_TRUE(channel_.receiver_has_item());
}

TEST_F(SlotTest, BatchesInFlightAreFreedWhenTheJobIsTornDown) {
  const std::uint32_t index = slots_[0]->add_channel(channel_, 1);
  send(index, 1);
  send(index, 2);
  slots_[1]->step();  // both in the inbox
  {
    Channel::Item item = channel_.receiver_next(false);
  }  // one on its way home
  send(index, 3);  // one in the ring
}

TEST_F(SlotTest, PostsOfManyThreadsAllRun) {
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) slots_[0]->post([&](Slot&) { ++ran; });
    });
  }
  while (ran < 3000) slots_[0]->step();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 3000);
}

}  // namespace
}  // namespace tributary::testing
