#include "runtime/exec/channel.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/spsc_ring.h"
#include "tests/runtime/exec/note.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;

class ChannelTest : public ::testing::Test {
 protected:
  void send(std::int64_t number, std::int64_t count = 1) {
    BatchPtr batch = notes(pool_, number, count);
    const FrameHeader header = channel_.sender_account(*batch, 1);
    channel_.receiver_accept(header, std::move(batch));
  }
  // "b<first number>" for a batch, "w<micros>" for a watermark, "e" for the end, "" for nothing.
  std::string next(bool control_only = false) {
    channel_.receiver_collect_control();
    Channel::Item item = channel_.receiver_next(control_only);
    if (auto* batch = std::get_if<BatchPtr>(&item))
      return "b" + std::to_string(numbers_of(**batch).front());
    if (const auto* event = std::get_if<ControlEvent>(&item)) {
      return event->kind == ControlKind::kWatermark ? "w" + std::to_string(event->watermark.micros)
                                                    : "e";
    }
    return "";
  }
  std::vector<std::string> all() {
    std::vector<std::string> out;
    for (std::string item = next(); !item.empty(); item = next()) out.push_back(item);
    return out;
  }

  BatchPool pool_;
  Channel channel_{ChannelId::make(1, 2, 3, 4), {.bytes = 1000, .batches = 3}};
};

TEST_F(ChannelTest, ControlEventsKeepTheirPlaceAmongBatches) {
  send(1);
  channel_.sender_control(ControlEvent::at_watermark(Timestamp{10}), 0);
  send(2);
  channel_.sender_control(ControlEvent::end(true), 0);
  EXPECT_THAT(all(), ElementsAre("b1", "w10", "b2", "e"));
}

TEST_F(ChannelTest, Rule47_AControlEventStandsBehindTheBatchesThatWaitForCredit) {
  send(1);
  channel_.sender_control(ControlEvent::at_watermark(Timestamp{10}), 2);
  EXPECT_THAT(all(), ElementsAre("b1"));
  send(2);
  EXPECT_THAT(all(), ElementsAre("b2"));
  send(3);
  EXPECT_THAT(all(), ElementsAre("b3", "w10"));
}

TEST_F(ChannelTest, Rule47_ControlEventsNeedNoCreditAndNoRoom) {
  for (int i = 0; i < 3; ++i) send(i);
  EXPECT_FALSE(channel_.sender_has_credit());
  EXPECT_EQ(next(), "b0");
  channel_.sender_control(ControlEvent::end(false), 0);
  EXPECT_EQ(next(true), "");
  EXPECT_THAT(all(), ElementsAre("b1", "b2", "e"));
}

TEST_F(ChannelTest, AControlEventIsTakenWhereNoBatchMayBe) {
  channel_.sender_control(ControlEvent::at_watermark(Timestamp{10}), 0);
  send(1);
  EXPECT_EQ(next(true), "w10");
  EXPECT_EQ(next(true), "");
  EXPECT_TRUE(channel_.receiver_has_item());
}

TEST_F(ChannelTest, CreditComesBackWhenABatchIsTakenNotWhenItArrives) {
  for (int i = 0; i < 3; ++i) send(i);
  EXPECT_FALSE(channel_.sender_has_credit());
  next();
  EXPECT_TRUE(channel_.sender_has_credit());
}

TEST_F(ChannelTest, Rule49_ABatchLargerThanTheCreditIsSentAndTheNextOneWaits) {
  EXPECT_TRUE(channel_.sender_has_credit());
  send(1, 100);
  EXPECT_GT(channel_.inbox_bytes(), 1000U);
  EXPECT_FALSE(channel_.sender_has_credit());
  next();
  EXPECT_EQ(channel_.inbox_bytes(), 0U);
  EXPECT_TRUE(channel_.sender_has_credit());
}

TEST_F(ChannelTest, Rule49_ARecordOf32MiBPassesAndItsCreditComesBackWhole) {
  BatchPtr batch = pool_.take(type_info<Note>());
  const std::string bytes(32 * 1024 * 1024, 'x');
  *static_cast<Note*>(batch->append(Timestamp{1})) = {.number = 1,
                                                      .text = Text(bytes, batch->arena())};
  const FrameHeader header = channel_.sender_account(*batch, 1);
  EXPECT_GE(header.length, bytes.size());
  channel_.receiver_accept(header, std::move(batch));
  EXPECT_FALSE(channel_.sender_has_credit());
  channel_.receiver_next(false);
  EXPECT_TRUE(channel_.sender_has_credit());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(channel_.sender_has_credit());
    send(i);
  }
}

TEST_F(ChannelTest, WatermarksThatNobodyTakesDoNotPileUp) {
  send(1);
  for (int i = 0; i < 1000; ++i) {
    channel_.sender_control(ControlEvent::at_watermark(Timestamp{i}), 0);
    if (i % 2 == 0) {
      EXPECT_EQ(next(true), "");  // looks, but has no room
    }
  }
  EXPECT_THAT(all(), ElementsAre("b1", "w999"));
}

TEST_F(ChannelTest, AWatermarkDoesNotCoalesceAcrossABatch) {
  channel_.sender_control(ControlEvent::at_watermark(Timestamp{1}), 0);
  send(5);
  channel_.sender_control(ControlEvent::at_watermark(Timestamp{2}), 0);
  EXPECT_THAT(all(), ElementsAre("w1", "b5", "w2"));
}

TEST_F(ChannelTest, TheHeaderCarriesChannelSequenceAndTable) {
  BatchPtr batch = notes(pool_, 1, 2);
  EXPECT_EQ(channel_.sender_account(*batch, 7).sequence, 0U);
  const FrameHeader second = channel_.sender_account(*batch, 7);
  EXPECT_EQ(second.sequence, 1U);
  EXPECT_EQ(second.channel, channel_.id());
  EXPECT_EQ(second.routing_version, 7U);
  EXPECT_EQ(second.length, batch->bytes());
}

using ChannelDeathTest = ChannelTest;
TEST_F(ChannelDeathTest, AMissingBatchStopsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  BatchPtr lost = notes(pool_, 1, 1);
  channel_.sender_account(*lost, 1);
  BatchPtr second = notes(pool_, 2, 1);
  const FrameHeader header = channel_.sender_account(*second, 1);
  EXPECT_DEATH(channel_.receiver_accept(header, std::move(second)), "batch 1 arrived, 0 was due");
}

// Sender and receiver on threads of their own, as slots use it: ring first, then the control list.
TEST(ChannelThreadsTest, ControlEventsKeepTheirPlaceAcrossThreads) {
  constexpr std::int64_t kBatches = 20'000;
  Channel channel(ChannelId::make(1, 0, 0, 0), {.bytes = 1 << 20, .batches = 8});
  struct Frame {
    FrameHeader header;
    Batch* batch = nullptr;
  };
  SpscRing<Frame> ring(8);
  BatchRing returns(8);
  BatchPool sender_pool;
  BatchPool receiver_pool;
  sender_pool.add_returns(&returns);
  std::thread sender([&] {
    for (std::int64_t n = 1; n <= kBatches; ++n) {
      channel.sender_control(ControlEvent::at_watermark(Timestamp{n}), 0);
      while (!channel.sender_has_credit()) std::this_thread::yield();
      BatchPtr batch = notes(sender_pool, n, 1);
      const FrameHeader header = channel.sender_account(*batch, 1);
      ASSERT_TRUE(ring.try_push({header, batch.release()}))
          << "a ring has room for the credit it carries";
    }
    channel.sender_control(ControlEvent::end(true), 0);
  });
  std::int64_t watermark = 0;
  std::int64_t batches = 0;
  bool ended = false;
  while (!ended) {
    Frame frame;
    while (ring.try_pop(frame)) {
      receiver_pool.adopt(*frame.batch, &returns);
      channel.receiver_accept(frame.header, BatchPtr(frame.batch));
    }
    channel.receiver_collect_control();
    for (bool more = true; more;) {
      Channel::Item item = channel.receiver_next(false);
      if (auto* batch = std::get_if<BatchPtr>(&item)) {
        const std::int64_t number = numbers_of(**batch).front();
        ASSERT_EQ(number, ++batches);
        ASSERT_EQ(watermark, number)
            << "the watermark before a batch is seen before it, the one after it is not";
      } else if (const auto* event = std::get_if<ControlEvent>(&item)) {
        if (event->kind == ControlKind::kEnd) {
          ended = true;
        } else {
          watermark = event->watermark.micros;
        }
      } else {
        more = false;
        std::this_thread::yield();
      }
    }
  }
  sender.join();
  EXPECT_EQ(batches, kBatches);
  Batch* batch = nullptr;
  while (returns.try_pop(batch)) BatchPool::free(batch);
}

}  // namespace
}  // namespace tributary::testing
