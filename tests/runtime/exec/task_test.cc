#include "runtime/exec/task.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/exec/note.h"
#include "tests/runtime/exec/recording_transport.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kSlice = 1'000'000;

// Passes batches on, unless it is told to hold them or to fail.
struct Gatekeeper final : Operator {
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output& out) override {
    if (fails) throw std::runtime_error("spoilt");
    if (holds) return from;
    const std::uint32_t size = batch->size();
    out.emit(0, std::move(batch));
    return size;
  }
  Status close(bool was_clean) override {
    clean = was_clean;
    return {};
  }
  bool holds = false;
  bool fails = false;
  std::optional<bool> clean;
};

struct Reports final : TaskListener {
  void on_report(TaskReport report) override { all.push_back(std::move(report)); }
  void on_snapshot(SnapshotReport) override {}
  void on_sink_report(SinkReport) override {}
  std::vector<TaskReport> all;
};

// One channel in, one operator, one channel out with credit for one batch.
class TaskTest : public ::testing::Test {
 protected:
  TaskTest() {
    Task::Parts parts;
    parts.id = {.attempt = 1, .stage = 0, .task = 0};
    parts.inputs.push_back({.channel = &in_, .operator_input = 0, .from_slot = 0});
    parts.metrics = &metrics_;
    parts.clock = &clock_;
    parts.listener = &reports_;
    parts.outboxes.push_back(std::make_unique<Outbox>(
        OutboxOptions{.kind = graph::FORWARD, .type = &type_info<Note>(), .soft_limit_bytes = 1},
        std::vector<OutboxTarget>{{.channel = &out_, .transport_index = transport_.add(out_)}},
        transport_, pool_));
    Outbox* outbox = parts.outboxes.back().get();
    metrics_.operators.push_back(std::make_unique<OperatorMetrics>());
    ChainNodeSpec node;
    node.name = "gatekeeper";
    node.control_inputs = 1;
    auto op = std::make_unique<Gatekeeper>();
    gatekeeper_ = op.get();
    node.op = std::move(op);
    node.ports = {{{.outbox = outbox}}};
    node.metrics = metrics_.operators.back().get();
    std::vector<ChainNodeSpec> nodes;
    nodes.push_back(std::move(node));
    parts.chain = std::make_unique<OperatorChain>(
        ChainEnvironment{.job_name = "job", .clock = &clock_, .pool = &pool_}, std::move(nodes),
        std::vector<Outbox*>{outbox});
    parts.state = std::make_unique<TaskState>(TaskState::Parts{.clock = &clock_});
    task_ = std::make_unique<Task>(std::move(parts));
    task_->open();
    task_->run();
  }

  void send(std::int64_t number) {
    BatchPtr batch = notes(pool_, number, 1);
    const FrameHeader header = in_.sender_account(*batch, 0);
    in_.receiver_accept(header, std::move(batch));
  }
  bool turn() {
    std::vector<bool> credited(1);
    return task_->turn(clock_.now(), kSlice, credited);
  }
  // What the receiver of the outgoing channel gets now.
  std::vector<std::int64_t> received() {
    std::vector<std::int64_t> numbers;
    for (;;) {
      out_.receiver_collect_control();
      Channel::Item item = out_.receiver_next(false);
      if (auto* batch = std::get_if<BatchPtr>(&item)) {
        for (const std::int64_t number : numbers_of(**batch)) numbers.push_back(number);
      } else if (auto* event = std::get_if<ControlEvent>(&item)) {
        numbers.push_back(-static_cast<std::int64_t>(event->kind) - 1);
      } else {
        return numbers;
      }
    }
  }
  static constexpr std::int64_t kWatermark = -1;

  ManualClock clock_;
  BatchPool pool_;
  Channel in_{ChannelId::make(1, 0, 0, 0), {.bytes = 1 << 20, .batches = 64}};
  Channel out_{ChannelId::make(1, 1, 0, 0), {.bytes = 1 << 20, .batches = 1}};
  RecordingTransport transport_{true};
  TaskMetrics metrics_;
  Reports reports_;
  Gatekeeper* gatekeeper_ = nullptr;
  std::unique_ptr<Task> task_;
};

TEST_F(TaskTest, ReportsReadyWhenItsOperatorsAreOpen) {
  ASSERT_THAT(reports_.all, SizeIs(1));
  EXPECT_EQ(reports_.all[0].kind, TaskReportKind::kReady);
}

TEST_F(TaskTest, Rule47_TakesControlEventsWhileItsOutboxIsFull) {
  send(1);
  send(2);  // has no credit: the outbox is full from here on
  in_.sender_control(ControlEvent::at_watermark(Timestamp{7}), 0);
  send(3);
  while (turn()) {
  }
  EXPECT_EQ(metrics_.watermark.get(), 7);
  EXPECT_GT(in_.inbox_bytes(), 0U) << "batch 3 was taken although there is no room for it";
  // In its place behind what was written before it.
  EXPECT_THAT(received(), ElementsAre(1));
  while (turn()) {
  }
  EXPECT_THAT(received(), ElementsAre(2, kWatermark));
  while (turn()) {
  }
  EXPECT_THAT(received(), ElementsAre(3));
}

TEST_F(TaskTest, Rule47_FlushesItsOutboxesWhileItCanConsumeNothing) {
  send(1);
  send(2);
  while (turn()) {
  }
  gatekeeper_->holds = true;
  send(3);
  EXPECT_THAT(received(), ElementsAre(1));
  turn();
  EXPECT_THAT(received(), ElementsAre(2));
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_THAT(received(), ElementsAre());
  gatekeeper_->holds = false;
  clock_.advance(milliseconds(2));
  while (turn()) {
  }
  EXPECT_THAT(received(), ElementsAre(3));
}

TEST_F(TaskTest, FinishesOnceAllItsOutputHasCredit) {
  send(1);
  send(2);
  in_.sender_control(ControlEvent::end(true), 0);
  while (turn()) {
  }
  EXPECT_THAT(reports_.all, SizeIs(1)) << "finished while a batch waits in the outbox";
  EXPECT_FALSE(gatekeeper_->clean.has_value());
  received();
  while (turn()) {
  }
  ASSERT_THAT(reports_.all, SizeIs(2));
  EXPECT_EQ(reports_.all[1].kind, TaskReportKind::kFinished);
  EXPECT_EQ(gatekeeper_->clean, true);
  EXPECT_TRUE(task_->over());
}

TEST_F(TaskTest, AFailureIsReportedOnceAndClosesTheOperators) {
  gatekeeper_->fails = true;
  send(1);
  send(2);
  while (turn()) {
  }
  ASSERT_THAT(reports_.all, SizeIs(2));
  EXPECT_EQ(reports_.all[1].kind, TaskReportKind::kFailed);
  EXPECT_THAT(reports_.all[1].error->to_string(), HasSubstr("gatekeeper failed"));
  EXPECT_EQ(gatekeeper_->clean, false);
  EXPECT_EQ(task_->next_turn(), Timestamp::max());
}

TEST_F(TaskTest, ACancelledTaskDoesNothingMore) {
  send(1);
  task_->cancel();
  EXPECT_FALSE(turn());
  EXPECT_EQ(gatekeeper_->clean, false);
  EXPECT_THAT(reports_.all, SizeIs(1));
}

}  // namespace
}  // namespace tributary::testing
