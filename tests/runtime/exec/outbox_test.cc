#include "runtime/exec/outbox.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/runtime/exec/note.h"
#include "tests/runtime/exec/recording_transport.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Timestamp kNow{1'000'000};

class OutboxTest : public ::testing::Test {
 protected:
  Outbox& make(graph::ExchangeKind kind, std::uint32_t targets, ChannelCredit credit = {},
               bool local = false, std::size_t soft_limit = 1000) {
    transport_ = std::make_unique<RecordingTransport>(local);
    std::vector<OutboxTarget> to;
    for (std::uint32_t i = 0; i < targets; ++i) {
      channels_.push_back(std::make_unique<Channel>(ChannelId::make(1, 0, 0, i), credit));
      to.push_back({.channel = channels_.back().get(),
                    .transport_index = transport_->add(*channels_.back())});
    }
    routing_ = graph::RoutingTable::contiguous(1024, std::max(targets, 1U), 5);
    OutboxOptions options{.kind = kind,
                          .type = &type_info<Note>(),
                          .key_hash = {},
                          .routing = &routing_,
                          .soft_limit_bytes = soft_limit};
    options.key_hash = [](Batch& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        const std::int64_t number = batch.records<Note>()[i].number;
        batch.key_hashes()[i] = xxh3_64({reinterpret_cast<const char*>(&number), sizeof number});
      }
    };
    outbox_ = std::make_unique<Outbox>(options, to, *transport_, pool_);
    return *outbox_;
  }
  // The first numbers of the batches and control events as negative kinds, in order.
  std::vector<std::int64_t> take(std::uint32_t channel) {
    std::vector<std::int64_t> out;
    channels_[channel]->receiver_collect_control();
    while (true) {
      Channel::Item item = channels_[channel]->receiver_next(false);
      if (auto* batch = std::get_if<BatchPtr>(&item)) {
        for (const std::int64_t n : numbers_of(**batch)) out.push_back(n);
      } else if (std::holds_alternative<ControlEvent>(item)) {
        out.push_back(-1);
      } else {
        return out;
      }
    }
  }

  BatchPool pool_;
  graph::RoutingTable routing_;
  std::unique_ptr<RecordingTransport> transport_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, AKeyAlwaysGoesToTheTaskThatOwnsItsGroup) {
  Outbox& outbox = make(graph::KEYED, 3);
  outbox.write(notes(pool_, 0, 100), kNow);
  outbox.write(notes(pool_, 0, 100), kNow);
  outbox.close_open(kNow, true);
  std::vector<std::int64_t> all;
  std::set<std::int64_t> seen;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::vector<std::int64_t> got = take(i);
    const std::set<std::int64_t> unique(got.begin(), got.end());
    EXPECT_EQ(got.size(), 2 * unique.size());
    for (const std::int64_t n : unique)
      EXPECT_TRUE(seen.insert(n).second) << n << " went to two tasks";
    all.insert(all.end(), got.begin(), got.end());
  }
  EXPECT_EQ(all.size(), 200U);
  EXPECT_EQ(outbox.sent_records(), 200U);
}

TEST_F(OutboxTest, SmallPiecesWaitForTheLinger) {
  Outbox& outbox = make(graph::KEYED, 2);
  outbox.write(notes(pool_, 0, 10), kNow);
  EXPECT_THAT(take(0), IsEmpty());
  EXPECT_EQ(outbox.open_due(), kNow + milliseconds(5));
  EXPECT_FALSE(outbox.close_open(kNow + milliseconds(4), false));
  EXPECT_TRUE(outbox.close_open(kNow + milliseconds(5), false));
  EXPECT_EQ(outbox.open_due(), Timestamp::max());
  EXPECT_EQ(take(0).size() + take(1).size(), 10U);
}

TEST_F(OutboxTest, Rule47_AControlEventGoesToAllOutputsBehindWhatWasWritten) {
  Outbox& outbox = make(graph::KEYED, 2, {.bytes = 1, .batches = 1});
  for (int i = 0; i < 4; ++i) {
    outbox.write(notes(pool_, i * 10, 10), kNow);
    outbox.close_open(kNow, true);
  }
  outbox.write(notes(pool_, 40, 10), kNow);
  outbox.control(ControlEvent::end(true));
  EXPECT_THAT(transport_->notified, ElementsAre(1, 1));
  std::vector<std::vector<std::int64_t>> got(2);
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      for (const std::int64_t n : take(i)) got[i].push_back(n);
    }
    outbox.flush();
  }
  EXPECT_FALSE(outbox.has_waiting());
  EXPECT_EQ(got[0].size() + got[1].size(), 52U);
  for (const auto& one : got) {
    EXPECT_EQ(one.back(), -1);
    EXPECT_EQ(std::ranges::count(one, -1), 1);
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end() - 1));
  }
}

TEST_F(OutboxTest, Rule49_ABatchLargerThanTheCreditIsSent) {
  Outbox& outbox = make(graph::FORWARD, 1, {.bytes = 10, .batches = 64});
  outbox.write(notes(pool_, 0, 50), kNow);
  EXPECT_FALSE(outbox.has_waiting());
  outbox.write(notes(pool_, 50, 1), kNow);
  EXPECT_TRUE(outbox.has_waiting());
  EXPECT_EQ(take(0).size(), 50U);
  EXPECT_TRUE(outbox.flush());
  EXPECT_THAT(take(0), ElementsAre(50));
}

TEST_F(OutboxTest, IsFullBeyondItsSoftLimitAndStillTakesWhatComes) {
  Outbox& outbox = make(graph::FORWARD, 1, {.bytes = 1, .batches = 1}, false, 2000);
  outbox.write(notes(pool_, 0, 1), kNow);
  EXPECT_FALSE(outbox.full());
  EXPECT_EQ(outbox.waiting_bytes(), 0U);
  std::int64_t written = 1;
  while (!outbox.full()) outbox.write(notes(pool_, written++, 1), kNow);
  EXPECT_GT(outbox.waiting_bytes(), 2000U);
  outbox.write(notes(pool_, written++, 1), kNow);
  std::vector<std::int64_t> expected(static_cast<std::size_t>(written));
  std::iota(expected.begin(), expected.end(), 0);
  std::vector<std::int64_t> got;
  for (std::int64_t i = 0; i < written; ++i) {
    for (const std::int64_t n : take(0)) got.push_back(n);
    outbox.flush();
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(outbox.waiting_bytes(), 0U);
}

TEST_F(OutboxTest, BroadcastGivesEveryTaskItsOwnCopy) {
  Outbox& outbox = make(graph::BROADCAST, 3);
  outbox.write(notes(pool_, 5, 3), kNow);
  BatchPtr reuse = notes(pool_, 80, 50);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_THAT(take(i), ElementsAre(5, 6, 7));
}

TEST_F(OutboxTest, RebalanceGoesRound) {
  Outbox& outbox = make(graph::REBALANCE, 2);
  for (int i = 0; i < 4; ++i) outbox.write(notes(pool_, i, 1), kNow);
  EXPECT_THAT(take(0), ElementsAre(0, 2));
  EXPECT_THAT(take(1), ElementsAre(1, 3));
}

TEST_F(OutboxTest, ABatchThatSharesBytesIsCopiedBeforeItLeavesTheSlot) {
  for (const graph::ExchangeKind kind :
       {graph::FORWARD, graph::REBALANCE, graph::BROADCAST, graph::KEYED}) {
    channels_.clear();
    Outbox& outbox = make(kind, 1);
    BatchPtr owner = notes(pool_, 1, 1);
    BatchPtr borrower = pool_.take(type_info<Note>());
    *static_cast<Note*>(borrower->append(Timestamp{1})) = owner->records<Note>()[0];
    borrower->borrow(*owner);
    outbox.write(std::move(borrower), kNow);
    outbox.close_open(kNow, true);
    EXPECT_FALSE(owner->shares_bytes());
    owner.reset();
    EXPECT_THAT(take(0), ElementsAre(1));
  }
}

TEST_F(OutboxTest, ABatchThatSharesBytesStaysAsItIsWithinTheSlot) {
  Outbox& outbox = make(graph::FORWARD, 1, {}, true);
  BatchPtr owner = notes(pool_, 1, 1);
  BatchPtr borrower = pool_.take(type_info<Note>());
  *static_cast<Note*>(borrower->append(Timestamp{1})) = owner->records<Note>()[0];
  borrower->borrow(*owner);
  const Batch* sent = borrower.get();
  outbox.write(std::move(borrower), kNow);
  owner.reset();
  Channel::Item item = channels_[0]->receiver_next(false);
  BatchPtr& arrived = std::get<BatchPtr>(item);
  EXPECT_EQ(arrived.get(), sent);
  EXPECT_THAT(numbers_of(*arrived), ElementsAre(1));
}

TEST_F(OutboxTest, WithoutReceiversNothingIsKept) {
  Outbox& outbox = make(graph::REBALANCE, 0);
  outbox.write(notes(pool_, 0, 5), kNow);
  outbox.control(ControlEvent::end(true));
  EXPECT_FALSE(outbox.has_waiting());
}

}  // namespace
}  // namespace tributary::testing
