#include "runtime/exec/source_driver.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/exec/dead_letter.h"
#include "tests/runtime/exec/note.h"
#include "tests/runtime/exec/recording_transport.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the reader answers, one item a read. A record's number is its event time in seconds.
struct Read {
  std::uint32_t split = 0;
  std::int64_t number = -1;  // -1: no record
  ReadState state = ReadState::kMore;
  std::int64_t count = 1;
};

struct ScriptedReader final : SourceReader {
  explicit ScriptedReader(std::deque<Read>& reads_to_make, int& opens_seen, int& closes_seen)
      : reads(reads_to_make), opens(opens_seen), closes(closes_seen) {}
  Status open(OperatorContext&) override { return ++opens, Status{}; }
  Status add_split(const Split& split) override {
    splits.push_back(split);
    return {};
  }
  void no_more_splits() override { complete = true; }
  Result<ReadResult> read(SourceOutput& out) override {
    if (reads.empty()) return ReadResult{.state = ReadState::kIdle, .retry_at = {}};
    const Read read = reads.front();
    reads.pop_front();
    if (read.number >= 0) {
      BatchPtr batch = out.take(type_info<Note>());
      for (std::int64_t i = 0; i < read.count; ++i) add_note(*batch, read.number);
      out.emit_from(read.split, std::move(batch));
    }
    return ReadResult{.state = read.state, .retry_at = {}};
  }
  bool caught_up() const override { return reads.empty(); }
  std::vector<Split> positions() const override { return splits; }
  void close() override { ++closes; }

  std::deque<Read>& reads;
  int& opens;
  int& closes;
  std::vector<Split> splits;
  bool complete = false;
};

class SourceDriverTest : public ::testing::Test {
 protected:
  SourceDriverTest() {
    code_.make_reader = [this] {
      return std::make_unique<ScriptedReader>(reads_, opens_, closes_);
    };
    code_.event_time = [](Batch& batch) {
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        batch.event_times()[i] = Timestamp{batch.records<Note>()[i].number * 1'000'000};
      }
    };
    outbox_ = std::make_unique<Outbox>(
        OutboxOptions{.kind = graph::FORWARD, .type = &type_info<Note>(), .key_hash = {}},
        std::vector<OutboxTarget>{
            {.channel = &channel_, .transport_index = transport_.add(channel_)}},
        transport_, pool_);
    std::vector<ChainNodeSpec> nodes(1);
    nodes[0].name = "source";
    nodes[0].control_inputs = 1;
    nodes[0].ports = {{{.outbox = outbox_.get()}}};
    nodes[0].metrics = &metrics_;
    ChainEnvironment environment;
    environment.clock = &clock_;
    environment.pool = &pool_;
    chain_ = std::make_unique<OperatorChain>(std::move(environment), std::move(nodes),
                                             std::vector<Outbox*>{outbox_.get()});
  }
  SourceDriver& make(bool gated = false) {
    driver_ = std::make_unique<SourceDriver>(code_,
                                             SourceDriver::Options{.source_name = "s",
                                                                   .topic = "t",
                                                                   .gated = gated,
                                                                   .metrics = &metrics_,
                                                                   .clock = &clock_},
                                             *chain_);
    EXPECT_TRUE(driver_->open().has_value());
    return *driver_;
  }
  SourceDriver::Turn turn(bool room = true) {
    chain_->begin_slice(clock_.monotonic_nanos() + 1'000'000, clock_.now());
    Result<SourceDriver::Turn> result = driver_->turn(clock_.now(), room);
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().to_string());
    return result ? *result : SourceDriver::Turn::kNothing;
  }
  void turns(int n) {
    while (n-- > 0) turn();
  }
  // "r<number>", "w<seconds>" (of the highest event time that it stands for), "idle", "active",
  // "end", "stop".
  std::vector<std::string> out() {
    std::vector<std::string> seen;
    outbox_->flush();
    channel_.receiver_collect_control();
    while (true) {
      Channel::Item item = channel_.receiver_next(false);
      if (auto* batch = std::get_if<BatchPtr>(&item)) {
        seen.push_back("r" + std::to_string((*batch)->records<Note>()[0].number));
      } else if (const auto* event = std::get_if<ControlEvent>(&item)) {
        switch (event->kind) {
          case ControlKind::kWatermark:
            seen.push_back(event->watermark == Timestamp::max()
                               ? "wmax"
                               : "w" + std::to_string((event->watermark.micros + 1) / 1'000'000));
            break;
          case ControlKind::kIdle:
            seen.push_back("idle");
            break;
          case ControlKind::kActive:
            seen.push_back("active");
            break;
          case ControlKind::kEnd:
            seen.push_back(event->drained ? "end" : "stop");
            break;
          case ControlKind::kBarrier:
          case ControlKind::kMarker:
            seen.push_back("marker");
            break;
        }
      } else {
        return seen;
      }
    }
  }

  ManualClock clock_{Timestamp{1'000'000'000}};
  BatchPool pool_;
  RecordingTransport transport_;
  Channel channel_{ChannelId::make(1, 0, 0, 0), {}};
  OperatorMetrics metrics_;
  VertexCode code_;
  std::deque<Read> reads_;
  int opens_ = 0;
  int closes_ = 0;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<OperatorChain> chain_;
  std::unique_ptr<SourceDriver> driver_;
};

TEST_F(SourceDriverTest, Rule61_WithoutSplitsItIsIdleFromTheFirstMoment) {
  make();
  EXPECT_EQ(turn(), SourceDriver::Turn::kNothing);
  EXPECT_THAT(out(), ElementsAre("idle"));
  EXPECT_EQ(driver_->next_turn(), Timestamp::max());
}

TEST_F(SourceDriverTest, Rule44_WithoutSplitsItHasCaughtUpOnceTheFirstListingIsKnown) {
  make();
  turn();
  EXPECT_FALSE(driver_->take_caught_up());
  driver_->add_splits({});
  turn();
  EXPECT_EQ(driver_->next_turn(), Timestamp::min()) << "the marker is due";
  EXPECT_TRUE(driver_->take_caught_up());
  EXPECT_FALSE(driver_->take_caught_up());
  EXPECT_EQ(driver_->next_turn(), Timestamp::max());
}

TEST_F(SourceDriverTest, ACompleteListingWithoutSplitsEndsTheSource) {
  make();
  driver_->no_more_splits();
  turns(3);
  EXPECT_TRUE(driver_->take_caught_up());
  EXPECT_TRUE(driver_->ended());
  EXPECT_THAT(out(), ElementsAre("end"));
  EXPECT_EQ(driver_->next_turn(), Timestamp::max());
}

TEST_F(SourceDriverTest, ReadsToTheEndAndSaysCaughtUpBeforeIt) {
  reads_ = {{.number = 1}, {.number = 2}, {.state = ReadState::kEnd}};
  make();
  driver_->add_splits({{.id = "a"}});
  driver_->no_more_splits();
  turns(3);
  EXPECT_FALSE(driver_->ended());
  EXPECT_TRUE(driver_->take_caught_up());
  turn();
  EXPECT_TRUE(driver_->ended());
  EXPECT_THAT(out(), ElementsAre("r1", "w1", "r2", "w2", "end"));
}

TEST_F(SourceDriverTest, AClosedGateLetsNothingPassUntilItOpens) {
  reads_ = {{.number = 1}};
  make(true);
  driver_->add_splits({{.id = "a"}});
  EXPECT_EQ(turn(), SourceDriver::Turn::kNothing);
  EXPECT_EQ(driver_->next_turn(), Timestamp::max());
  EXPECT_THAT(out(), IsEmpty());
  driver_->open_gate();
  EXPECT_EQ(turn(), SourceDriver::Turn::kProgressed);
  EXPECT_THAT(out(), ElementsAre("r1", "w1"));
}

TEST_F(SourceDriverTest, AStopBeforeTheGateOpensEndsWithoutEventTimeAtItsEnd) {
  make(true);
  driver_->add_splits({{.id = "a"}});
  driver_->stop();
  EXPECT_EQ(driver_->next_turn(), Timestamp::min());
  turn();
  EXPECT_TRUE(driver_->ended());
  EXPECT_THAT(out(), ElementsAre("stop"));
}

TEST_F(SourceDriverTest, SplitsListedWhileItStopsAreNotRead) {
  reads_ = {{.number = 1}};
  make();
  driver_->stop();
  driver_->add_splits({{.id = "a"}});
  turns(2);
  driver_->close();
  driver_->add_splits({{.id = "b"}});
  driver_->no_more_splits();
  EXPECT_THAT(out(), ElementsAre("stop"));
  EXPECT_EQ(closes_, 1);
}

TEST_F(SourceDriverTest, AReaderThatWasNeverOpenedIsNotClosed) {
  SourceDriver driver(
      code_, {.source_name = "s", .topic = "t", .metrics = &metrics_, .clock = &clock_}, *chain_);
  driver.close();
  EXPECT_EQ(closes_, 0);
}

TEST_F(SourceDriverTest, TheWatermarkIsTheLowestOfTheSplitsAndWaitsForTheirFirstRecords) {
  reads_ = {{.split = 0, .number = 50},
            {.split = 0, .number = 60},
            {.split = 1, .number = 10},
            {.split = 1, .number = 55}};
  make();
  driver_->add_splits({{.id = "a"}, {.id = "b"}});
  turns(4);
  EXPECT_THAT(out(), ElementsAre("r50", "r60", "r10", "w10", "r55", "w55"));
}

TEST_F(SourceDriverTest, ASplitWithoutAnyRecordIsWaitedForOnlyUntilAllWasRead) {
  reads_ = {{.split = 0, .number = 50},
            {.split = 0, .number = 60},
            {.number = -1, .state = ReadState::kIdle}};
  make();
  driver_->add_splits({{.id = "a"}, {.id = "empty"}});
  turns(2);
  EXPECT_THAT(out(), ElementsAre("r50", "r60"));
  turn();
  EXPECT_THAT(out(), ElementsAre("w60"));
}

TEST_F(SourceDriverTest, Rule61_ANewSplitEntersAtTheSourcesWatermark) {
  reads_ = {{.split = 0, .number = 50}};
  make();
  driver_->add_splits({{.id = "a"}});
  turn();
  driver_->add_splits({{.id = "b"}});
  reads_ = {{.split = 0, .number = 60},
            {.split = 1, .number = 20},
            {.split = 0, .number = 70},
            {.split = 1, .number = 65}};
  turns(4);
  // Its older record is late; from then on it counts, and the watermark does not fall.
  EXPECT_THAT(out(), ElementsAre("r50", "w50", "r60", "w60", "r20", "r70", "r65", "w65"));
}

TEST_F(SourceDriverTest, Rule61_ASplitAtItsEndForTheIdleTimeDoesNotHoldTheWatermarkBack) {
  code_.idle_after = seconds(5);
  reads_ = {{.split = 0, .number = 50}, {.split = 1, .number = 10}};
  make();
  driver_->add_splits({{.id = "a"}, {.id = "b"}});
  turns(2);
  EXPECT_THAT(out(), ElementsAre("r50", "r10", "w10"));
  for (int i = 0; i < 6; ++i) {
    clock_.advance(seconds(1));
    reads_ = {{.split = 0, .number = 51 + i}, {.number = -1, .state = ReadState::kIdle}};
    turns(2);
  }
  EXPECT_THAT(out(), ElementsAre("r51", "r52", "r53", "r54", "r55", "w55", "r56", "w56"));
}

TEST_F(SourceDriverTest, Rule61_ASplitThatNobodyLookedAtBecauseOfBackpressureIsNotIdle) {
  code_.idle_after = seconds(5);
  reads_ = {{.split = 0, .number = 50}, {.split = 1, .number = 10}};
  make();
  driver_->add_splits({{.id = "a"}, {.id = "b"}});
  turns(2);
  reads_ = {{.split = 0, .number = 60}, {.split = 1, .number = 11}};
  for (int i = 0; i < 60; ++i) {
    clock_.advance(seconds(1));
    EXPECT_EQ(turn(false), SourceDriver::Turn::kNothing);
  }
  EXPECT_TRUE(driver_->wants_room());
  turns(2);
  EXPECT_THAT(out(), ElementsAre("r50", "r10", "w10", "r60", "r11", "w11"));
}

TEST_F(SourceDriverTest, Rule61_ABusySourceLeavesAQuietSplitBehindAfterTheIdleTime) {
  code_.idle_after = seconds(5);
  reads_ = {{.split = 0, .number = 50}, {.split = 1, .number = 10}};
  make();
  driver_->add_splits({{.id = "a"}, {.id = "b"}});
  turns(2);
  out();
  int reads = 0;
  std::vector<std::string> seen;
  while (reads < 2000 && std::ranges::count(seen, "w51") == 0) {
    clock_.advance(milliseconds(10));
    reads_ = {{.split = 0, .number = 51}, {.split = 0, .number = 51}};
    turn();
    ++reads;
    seen = out();
  }
  EXPECT_EQ(reads, 500);  // 5 s in steps of 10 ms
}

TEST_F(SourceDriverTest, AnIdleSourceIsActiveAgainBeforeItsNextRecord) {
  code_.idle_after = seconds(5);
  reads_ = {{.number = 50}};
  make();
  driver_->add_splits({{.id = "a"}});
  turns(2);
  clock_.advance(seconds(5));
  turn();
  EXPECT_THAT(out(), ElementsAre("r50", "w50", "idle"));
  clock_.advance(seconds(5));
  turn();
  reads_ = {{.number = 51}};
  clock_.advance(milliseconds(1));
  turn();
  EXPECT_THAT(out(), ElementsAre("active", "r51", "w51"));
}

TEST_F(SourceDriverTest, ARateLimitIsKeptOverTime) {
  code_.records_per_second = 100;
  code_.event_time = {};
  make();
  driver_->add_splits({{.id = "a"}});
  for (int i = 0; i < 2000; ++i) {
    reads_ = {{.number = 1, .count = 10}, {.number = 1}};
    turn();
    clock_.advance(milliseconds(1));
    out();
  }
  EXPECT_NEAR(static_cast<double>(metrics_.records_in.get()), 200.0, 15.0);
}

TEST_F(SourceDriverTest, AWallClockThatGoesBackStallsNeitherRateNorRetry) {
  code_.records_per_second = 100;
  make();
  driver_->add_splits({{.id = "a"}});
  reads_ = {{.number = 1, .count = 10}, {.number = 2}, {.number = 3}};
  turn();
  turn();  // out of tokens: asks to be called again
  clock_.set(clock_.now() - seconds(3600));
  turn();
  clock_.advance(milliseconds(200));
  turn();
  EXPECT_THAT(out(), ElementsAre("r1", "w1", "r2", "w2"));
}

TEST_F(SourceDriverTest, WhatWasEmittedBeforeAnIdleAnswerIsProgress) {
  reads_ = {{.number = 1, .state = ReadState::kIdle}};
  make();
  driver_->add_splits({{.id = "a"}});
  EXPECT_EQ(turn(), SourceDriver::Turn::kProgressed);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(turn(), SourceDriver::Turn::kNothing);
}

TEST_F(SourceDriverTest, Rule62_ABadRecordFailsOrIsCountedAsThePolicySays) {
  code_.bad_records = BadRecordPolicy::kFail;
  make();
  driver_->add_splits({{.id = "part-0"}});
  const BadRecord bad{.offset = 17,
                      .line = 3,
                      .reason = "MALFORMED_JSON",
                      .field = {},
                      .value = {},
                      .message = "expected a comma",
                      .raw = "{x"};
  const Status refused = driver_->bad_record(0, bad);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::P804);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("part-0"));
  code_.bad_records = BadRecordPolicy::kSkip;
  EXPECT_TRUE(driver_->bad_record(0, bad).has_value());
  EXPECT_EQ(metrics_.named().at("bad_records"), 2);
  EXPECT_EQ(metrics_.records_in.get(), 2) << "they were read";
}

TEST_F(SourceDriverTest, ItsShareOfTheRateLimitIsWhatItIsTold) {
  code_.records_per_second = 1000;
  const auto read_in_a_second = [&](double share) {
    reads_.assign(1000, Read{.number = 1, .count = 10});
    make();
    driver_->add_splits({{.id = "a"}});
    driver_->set_share_of_rate(share);
    const std::int64_t before = metrics_.records_in.get();
    for (int i = 0; i < 1000; ++i) {
      clock_.advance(milliseconds(1));
      turn();
      out();
    }
    return metrics_.records_in.get() - before;
  };
  EXPECT_NEAR(static_cast<double>(read_in_a_second(1)), 1000, 20);
  EXPECT_NEAR(static_cast<double>(read_in_a_second(0.25)), 250, 20);
}

}  // namespace
}  // namespace tributary::testing
