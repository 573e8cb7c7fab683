#include "runtime/exec/operator_chain.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/memory_state.h"
#include "runtime/exec/dead_letter.h"
#include "tests/runtime/exec/note.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// An operator that does what the test says and writes down what it was asked.
struct Script final : Operator {
  Script(std::string op_name, std::vector<std::string>& events)
      : name(std::move(op_name)), log(events) {}

  Status open(OperatorContext& engine) override {
    context = &engine;
    log.push_back(name + " open");
    return on_open ? on_open() : Status{};
  }
  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override {
    log.push_back(fmt::format("{} {}[{}..{})", name, input, from, batch->size()));
    if (on_process) return on_process(batch, from, out);
    const std::uint32_t size = batch->size();
    out.emit(0, std::move(batch));
    return size;
  }
  Progress on_watermark(Timestamp t, Output& out) override {
    log.push_back(name + (t == Timestamp::max() ? " wmax" : " w" + std::to_string(t.micros)));
    return watermark ? watermark(out) : Progress::kDone;
  }
  Progress on_processing_time(Timestamp t, Output& out) override {
    log.push_back(name + " t" + std::to_string(t.micros));
    return timer ? timer(out) : Progress::kDone;
  }
  Progress on_end(Output& out) override {
    log.push_back(name + " end");
    return end ? end(out) : Progress::kDone;
  }
  Progress run_background(Output& out) override {
    log.push_back(name + " background");
    return background ? background(out) : Progress::kDone;
  }
  Status close(bool clean) override {
    log.push_back(name + (clean ? " close" : " abort"));
    return on_close ? on_close() : Status{};
  }

  std::string name;
  std::vector<std::string>& log;
  OperatorContext* context = nullptr;
  std::function<Status()> on_open, on_close;
  std::function<std::uint32_t(BatchPtr&, std::uint32_t, Output&)> on_process;
  std::function<Progress(Output&)> watermark, timer, end, background;
};

// a -> b -> c, the last without output.
class OperatorChainTest : public ::testing::Test {
 protected:
  OperatorChainTest() {
    std::vector<ChainNodeSpec> nodes;
    for (const std::uint32_t i : {0U, 1U, 2U}) {
      auto op = std::make_unique<Script>(std::string(1, static_cast<char>('a' + i)), log_);
      ops_.push_back(op.get());
      ChainNodeSpec node;
      node.name = op->name;
      node.control_inputs = 1;
      node.op = std::move(op);
      node.ports.resize(1);
      if (i < 2)
        node.ports[0].push_back({.node = i + 1, .input = 0, .status = 0, .outbox = nullptr});
      node.metrics = &metrics_[i];
      nodes.push_back(std::move(node));
    }
    ChainEnvironment environment;
    environment.job_name = "job";
    environment.clock = &clock_;
    environment.pool = &pool_;
    environment.keyed_state = [this](const std::string&) -> Result<KeyedState*> {
      return states_.emplace_back(std::make_unique<MemoryKeyedState>(16)).get();
    };
    chain_ = std::make_unique<OperatorChain>(std::move(environment), std::move(nodes),
                                             std::vector<Outbox*>{});
  }
  void open() {
    ASSERT_TRUE(chain_->open().has_value());
    log_.clear();
    slice();
  }
  void slice() { chain_->begin_slice(clock_.monotonic_nanos() + 1'000'000, clock_.now()); }
  void deliver(std::int64_t first, std::int64_t count) {
    chain_->deliver(0, 0, notes(pool_, first, count));
  }
  void control(const ControlEvent& event) { chain_->deliver_control(0, 0, event); }
  std::vector<std::string> take_log() { return std::exchange(log_, {}); }

  ManualClock clock_{Timestamp{1000}};
  BatchPool pool_;
  std::vector<std::string> log_;
  OperatorMetrics metrics_[3];
  std::vector<Script*> ops_;
  std::vector<std::unique_ptr<KeyedState>> states_;
  std::unique_ptr<OperatorChain> chain_;
};

TEST_F(OperatorChainTest, ABatchPassesThroughAllOperatorsByCalls) {
  open();
  deliver(0, 3);
  EXPECT_THAT(take_log(), ElementsAre("a 0[0..3)", "b 0[0..3)", "c 0[0..3)"));
  EXPECT_TRUE(chain_->drained());
}

TEST_F(OperatorChainTest, ACleanCloseCountsTheTimersThatEventTimeDidNotReach) {
  open();
  TimerStore& timers = ops_[1]->context->keyed_state().timers();
  timers.set(TimeDomain::kEvent, {.hash = 1, .key = "k", .name_space = {}}, "fire", Timestamp{9});
  timers.set(TimeDomain::kEvent, {.hash = 2, .key = "l", .name_space = {}}, "fire", Timestamp{9});
  EXPECT_TRUE(chain_->close(true).has_value());
  EXPECT_EQ(metrics_[1].named().at("event_timers_left"), 2);
  EXPECT_THAT(metrics_[0].named(), IsEmpty());
}

TEST_F(OperatorChainTest, DeadLettersAreCountedByReasonWhereTheyEndAndOnlyOnce) {
  open();
  ops_[2]->on_process = [](BatchPtr&, std::uint32_t from, Output& out) {
    out.should_yield();
    return from + 1;
  };
  BatchPtr batch = pool_.take(type_info<DeadLetter>());
  for (const char* reason : {"MALFORMED_JSON", "MISSING_FIELD", "MALFORMED_JSON"})
    static_cast<DeadLetter*>(batch->append(Timestamp::min()))[0] = {.reason = reason};
  chain_->deliver(0, 0, std::move(batch));
  while (!chain_->drained()) {
    slice();
    chain_->resume();
  }
  EXPECT_TRUE(metrics_[0].named().empty());
  EXPECT_THAT(metrics_[2].named(), ElementsAre(Pair("dead_letters.MALFORMED_JSON", 2),
                                               Pair("dead_letters.MISSING_FIELD", 1)));
}

TEST_F(OperatorChainTest, Rule48_WhatWasNotConsumedIsOfferedAgainBeforeAnythingNewer) {
  open();
  ops_[1]->on_process = [](BatchPtr&, std::uint32_t from, Output& out) {
    out.should_yield();
    return from + 1;
  };
  deliver(0, 3);
  control(ControlEvent::at_watermark(Timestamp{5}));
  deliver(3, 1);
  EXPECT_FALSE(chain_->drained());
  EXPECT_THAT(take_log(), ElementsAre("a 0[0..3)", "b 0[0..3)", "a w5", "a 0[0..1)"));
  while (!chain_->drained()) {
    slice();
    EXPECT_TRUE(chain_->resume());
  }
  EXPECT_THAT(take_log(), ElementsAre("b 0[1..3)", "b 0[2..3)", "b w5", "c w5", "b 0[0..1)"));
}

TEST_F(OperatorChainTest, AWatermarkGoesOnOnlyWhenAllItMadeDueHasFired) {
  open();
  int calls = 0;
  ops_[0]->watermark = [&](Output& out) {
    out.should_yield();
    return ++calls < 3 ? Progress::kAgain : Progress::kDone;
  };
  clock_.advance(milliseconds(2));
  control(ControlEvent::at_watermark(Timestamp{5}));
  EXPECT_EQ(ops_[0]->context->watermark(), Timestamp::min());
  deliver(0, 1);
  EXPECT_THAT(take_log(), ElementsAre("a w5"));
  while (!chain_->drained()) {
    slice();
    clock_.advance(milliseconds(2));
    EXPECT_TRUE(chain_->resume());
  }
  EXPECT_THAT(take_log(),
              ElementsAre("a w5", "a w5", "b w5", "c w5", "a 0[0..1)", "b 0[0..1)", "c 0[0..1)"));
}

TEST_F(OperatorChainTest, TheEndFollowsTheLastWatermarkThroughEveryOperator) {
  open();
  int calls = 0;
  ops_[1]->end = [&](Output& out) {
    out.should_yield();
    return ++calls < 2 ? Progress::kAgain : Progress::kDone;
  };
  control(ControlEvent::at_watermark(Timestamp::max()));
  control(ControlEvent::end(true));
  EXPECT_THAT(take_log(), ElementsAre("a wmax", "b wmax", "c wmax", "a end", "b end"));
  EXPECT_FALSE(chain_->ended());
  slice();
  EXPECT_TRUE(chain_->resume());
  EXPECT_THAT(take_log(), ElementsAre("b end", "c end"));
  EXPECT_TRUE(chain_->ended());
}

TEST_F(OperatorChainTest, ASinkThatAskedToBeCalledAgainIsCalledAfterTheEndToo) {
  open();
  ops_[0]->context->wake_at(Timestamp{2000});
  ops_[2]->context->wake_at(Timestamp{3000});
  control(ControlEvent::end(false));
  EXPECT_EQ(chain_->next_wake(), Timestamp{3000}) << "the sink's alone: others would emit";
}

TEST_F(OperatorChainTest, AnInputThatWasReadToItsEndWithoutAWatermarkGetsTheLastOne) {
  open();
  control(ControlEvent::end(true));
  EXPECT_THAT(take_log(), ElementsAre("a wmax", "a end", "b wmax", "b end", "c wmax", "c end"));
}

TEST_F(OperatorChainTest, ACleanStopEndsWithoutTheLastWatermark) {
  open();
  control(ControlEvent::end(false));
  EXPECT_THAT(take_log(), ElementsAre("a end", "b end", "c end"));
}

TEST_F(OperatorChainTest, AnOperatorThatWaitsForTheOutsideIsNoProgressAndIsAskedAgainWhenItSaid) {
  open();
  bool arrived = false;
  ops_[1]->on_process = [&](BatchPtr& batch, std::uint32_t from, Output&) {
    if (arrived) return batch->size();
    ops_[1]->context->wake_at(clock_.now() + milliseconds(10));
    return from;
  };
  deliver(0, 2);
  take_log();
  for (int i = 0; i < 3; ++i) {
    slice();
    EXPECT_FALSE(chain_->resume());
    EXPECT_EQ(chain_->next_wake(), clock_.now() + milliseconds(10));
    EXPECT_FALSE(chain_->run_timers(clock_.now()));
    clock_.advance(milliseconds(10));
  }
  EXPECT_THAT(take_log(), ElementsAre("b 0[0..2)", "b 0[0..2)", "b 0[0..2)"));
  arrived = true;
  slice();
  EXPECT_TRUE(chain_->resume());
  // Its request that came due meanwhile is answered now.
  EXPECT_LE(chain_->next_wake(), clock_.now());
  EXPECT_TRUE(chain_->run_timers(clock_.now()));
  EXPECT_THAT(take_log(), ElementsAre("b 0[0..2)", HasSubstr("b t")));
  EXPECT_EQ(chain_->next_wake(), Timestamp::max());
}

TEST_F(OperatorChainTest, OneThatWaitsWithoutSayingUntilWhenIsPolledAndNeverForgotten) {
  open();
  ops_[2]->on_process = [](BatchPtr&, std::uint32_t from, Output&) { return from; };
  ops_[2]->end = {};
  deliver(0, 2);
  EXPECT_EQ(chain_->next_wake(), Timestamp::min());  // not known yet that it waits
  slice();
  EXPECT_FALSE(chain_->resume());
  EXPECT_EQ(chain_->next_wake(), clock_.now() + milliseconds(1));
}

TEST_F(OperatorChainTest, AnEndThatWaitsForTheOutsideDoesNotSpin) {
  open();
  ops_[2]->end = [](Output&) { return Progress::kAgain; };
  control(ControlEvent::end(true));
  slice();
  EXPECT_FALSE(chain_->resume());
  EXPECT_GT(chain_->next_wake(), clock_.now());
}

TEST_F(OperatorChainTest, TimersBehindAnOperatorThatWaitsStillFireAndThoseBeforeItDoNot) {
  open();
  ops_[1]->on_process = [&](BatchPtr&, std::uint32_t from, Output&) {
    ops_[1]->context->wake_at(Timestamp{9'000'000});
    return from;
  };
  deliver(0, 1);
  ops_[0]->context->wake_at(Timestamp{1000});
  ops_[2]->context->wake_at(Timestamp{1000});
  take_log();
  slice();
  chain_->resume();
  EXPECT_TRUE(chain_->run_timers(clock_.now()));
  EXPECT_FALSE(chain_->run_timers(clock_.now()));
  EXPECT_THAT(take_log(), ElementsAre("b 0[0..1)", "c t1000"));
  EXPECT_EQ(chain_->next_wake(), Timestamp{9'000'000});
}

TEST_F(OperatorChainTest, TheEarliestRequestOfProcessingTimeWins) {
  open();
  ops_[0]->context->wake_at(Timestamp{3000});
  ops_[0]->context->wake_at(Timestamp{2000});
  ops_[0]->context->wake_at(Timestamp{5000});
  EXPECT_EQ(chain_->next_wake(), Timestamp{2000});
  EXPECT_FALSE(chain_->run_timers(Timestamp{1999}));
  EXPECT_TRUE(chain_->run_timers(Timestamp{2000}));
  EXPECT_EQ(chain_->next_wake(), Timestamp::max());
}

TEST_F(OperatorChainTest, BackgroundWorkGoesRoundTheOperators) {
  open();
  ops_[0]->background = [](Output&) { return Progress::kAgain; };
  ops_[0]->context->request_background();
  ops_[2]->context->request_background();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(chain_->run_background());
  EXPECT_THAT(take_log(), ElementsAre("a background", "c background", "a background"));
  EXPECT_TRUE(chain_->has_background());
}

TEST_F(OperatorChainTest, EmittingMoreThanWhatWasBegunAfterBeingToldToYieldIsCounted) {
  open();
  clock_.advance(milliseconds(5));
  int emitted = 1;
  ops_[0]->on_process = [&](BatchPtr& batch, std::uint32_t, Output& out) {
    EXPECT_TRUE(out.should_yield());
    for (int i = 0; i < emitted; ++i) out.emit(0, notes(pool_, 0, 1));
    return batch->size();
  };
  deliver(0, 1);
  EXPECT_EQ(metrics_[0].overruns.get(), 0);
  emitted = 3;
  deliver(0, 1);
  EXPECT_EQ(metrics_[0].overruns.get(), 2);
  EXPECT_EQ(metrics_[1].overruns.get(), 0);
}

TEST_F(OperatorChainTest, AnOperatorIsToldToYieldWhenOneBehindItWaits) {
  open();
  ops_[2]->on_process = [](BatchPtr&, std::uint32_t from, Output&) { return from; };
  std::vector<bool> told;
  ops_[0]->on_process = [&](BatchPtr& batch, std::uint32_t, Output& out) {
    told.push_back(out.should_yield());
    out.emit(0, notes(pool_, 0, 1));
    told.push_back(out.should_yield());
    return batch->size();
  };
  deliver(0, 1);
  EXPECT_THAT(told, ElementsAre(false, true));
}

TEST_F(OperatorChainTest, AFailureIsTheInnermostOperatorsAndNamesTheRecord) {
  open();
  ops_[1]->on_process = [](BatchPtr&, std::uint32_t, Output&) -> std::uint32_t {
    throw RecordFailure{1, std::make_exception_ptr(std::runtime_error("no such account"))};
  };
  deliver(40, 3);
  ASSERT_TRUE(chain_->failure());
  EXPECT_EQ(chain_->failure()->code(), ErrorCode::P801);
  const std::string text = chain_->failure()->to_string();
  EXPECT_THAT(text, HasSubstr("operator b failed"));
  EXPECT_THAT(text, HasSubstr("\"number\":41"));
  EXPECT_THAT(text, HasSubstr("std::runtime_error: no such account"));
  take_log();
  deliver(50, 1);
  control(ControlEvent::end(true));
  EXPECT_FALSE(chain_->resume());
  EXPECT_THAT(take_log(), IsEmpty());
}

TEST_F(OperatorChainTest, AnExpectedFailureKeepsItsCode) {
  open();
  ops_[2]->on_process = [](BatchPtr&, std::uint32_t, Output&) -> std::uint32_t {
    throw OperatorFailure{Error(ErrorCode::F101, "disk full")};
  };
  deliver(0, 1);
  ASSERT_TRUE(chain_->failure());
  EXPECT_EQ(chain_->failure()->code(), ErrorCode::F101);
}

TEST_F(OperatorChainTest, CloseComesOnceAndOnlyAfterOpen) {
  ops_[1]->on_open = [] { return fail(ErrorCode::F101, "no"); };
  const Status opened = chain_->open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_TRUE(chain_->close(false).has_value());
  EXPECT_TRUE(chain_->close(false).has_value());
  EXPECT_THAT(take_log(), ElementsAre("a open", "b open", "a abort", "b abort"));
}

TEST_F(OperatorChainTest, AnExceptionInCloseIsAnErrorAndTheOthersAreClosedToo) {
  open();
  ops_[0]->on_close = []() -> Status { throw std::runtime_error("cannot rename"); };
  const Status closed = chain_->close(true);
  ASSERT_FALSE(closed.has_value());
  EXPECT_THAT(closed.error().to_string(), HasSubstr("cannot rename"));
  EXPECT_THAT(take_log(), ElementsAre("a close", "b close", "c close"));
}

TEST_F(OperatorChainTest, BatchesThatWaitAreGivenBackWhenTheChainGoes) {
  open();
  ops_[1]->on_process = [](BatchPtr&, std::uint32_t from, Output&) { return from; };
  for (int i = 0; i < 5; ++i) deliver(i, 1);
  EXPECT_FALSE(chain_->drained());
  chain_.reset();
}

}  // namespace
}  // namespace tributary::testing
