#include "runtime/exec/task_snapshots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/model_lsm.h"
#include "checkpoint/publish/sink_restore.h"
#include "runtime/exec/task.h"
#include "tests/runtime/exec/note.h"
#include "tests/runtime/exec/recording_transport.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kSlice = 1'000'000;
constexpr std::int64_t kBarrierSeen = -1;

// Counts notes by number in keyed state and passes them on; holds them, or has background work,
// when told to.
struct Counting final : Operator {
  Status open(OperatorContext& engine) override {
    context = &engine;
    counts = TRY(engine.keyed_state().value({.name = "counts",
                                             .key_type = &type_info<std::int64_t>(),
                                             .value_type = &type_info<Note>()}));
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output& out) override {
    if (holds) return from;
    for (const Note& note : batch->records<Note>()) {
      const std::string key = std::to_string(note.number);
      const StateKey address{.hash = xxh3_64(key), .key = key, .name_space = {}};
      StateEntry* entry = nullptr;
      counts->fetch({&address, 1}, {&entry, 1});
      const Note next{
          .number = entry->present ? static_cast<const Note*>(entry->value)->number + 1 : 1,
          .text = {}};
      counts->assign(*entry, &next);
    }
    const std::uint32_t size = batch->size();
    out.emit(0, std::move(batch));
    return size;
  }
  Progress run_background(Output&) override {
    return --background > 0 ? Progress::kAgain : Progress::kDone;
  }
  OperatorSnapshot snapshot(CheckpointId id) override {
    taken.push_back(id.value);
    return {.bytes = bytes, .broadcast = {}};
  }

  OperatorContext* context = nullptr;
  ValueState* counts = nullptr;
  bool holds = false;
  int background = 0;
  std::string bytes;
  std::vector<std::uint64_t> taken;
};

struct Answers final : TaskListener {
  void on_report(TaskReport report) override { reports.push_back(std::move(report)); }
  void on_snapshot(SnapshotReport report) override { snapshots.push_back(std::move(report)); }
  void on_sink_report(SinkReport) override {}
  std::vector<TaskReport> reports;
  std::vector<SnapshotReport> snapshots;
};

// Two channels in, one counting operator, one channel out; state in blobs of a model disk.
class TaskSnapshotsTest : public ::testing::Test {
 protected:
  TaskSnapshotsTest() {
    services_.io = &io_;
    services_.blobs = &blobs_;
    services_.files = &files_;
    services_.lsm = &lsm_;
    Task::Parts parts;
    parts.id = {.attempt = 1, .stage = 0, .task = 0};
    for (Channel* in : {&left_, &right_})
      parts.inputs.push_back({.channel = in, .operator_input = 0, .from_slot = 0});
    parts.metrics = &metrics_;
    parts.clock = &clock_;
    parts.listener = &answers_;
    parts.blobs = &blobs_;
    parts.io = std::make_unique<TaskIo>(io_, nullptr);
    parts.state =
        std::make_unique<TaskState>(TaskState::Parts{.key_group_count = 16,
                                                     .groups = {0, 16},
                                                     .clock = &clock_,
                                                     .services = &services_,
                                                     .io = parts.io.get(),
                                                     .folder = "work/task",
                                                     .blob_prefix = [] { return "blobs"; }});
    parts.outboxes.push_back(std::make_unique<Outbox>(
        OutboxOptions{.kind = graph::FORWARD, .type = &type_info<Note>()},
        std::vector<OutboxTarget>{{.channel = &out_, .transport_index = transport_.add(out_)}},
        transport_, pool_));
    Outbox* outbox = parts.outboxes.back().get();
    metrics_.operators.push_back(std::make_unique<OperatorMetrics>());
    std::vector<ChainNodeSpec> nodes(1);
    nodes[0].name = "count";
    nodes[0].control_inputs = 2;
    auto counter = std::make_unique<Counting>();
    counter_ = counter.get();
    nodes[0].op = std::move(counter);
    nodes[0].ports = {{{.outbox = outbox}}};
    nodes[0].metrics = metrics_.operators.back().get();
    parts.chain = std::make_unique<OperatorChain>(
        ChainEnvironment{
            .job_name = "job",
            .key_group_count = 16,
            .clock = &clock_,
            .pool = &pool_,
            .keyed_state = [state = parts.state.get()](
                               const std::string& name) { return state->of_operator(name); }},
        std::move(nodes), std::vector<Outbox*>{outbox});
    parts.snapshots = std::make_unique<TaskSnapshots>(
        TaskSnapshots::Parts{.id = parts.id,
                             .parallelism = 1,
                             .channels = 2,
                             .chain = parts.chain.get(),
                             .state = parts.state.get(),
                             .outboxes = {outbox},
                             .io = parts.io.get(),
                             .blobs = &blobs_,
                             .blob_prefix = [] { return "blobs"; },
                             .listener = &answers_,
                             .newest = std::make_shared<CheckpointId>()});
    auto sink = std::make_unique<StagedSink>(
        StagedSink::Parts{.identity = {.uid = {1, 1}, .sink = "out", .numbers = 1},
                          .round = {.attempt = 1, .routing_version = 1},
                          .own = {0},
                          .restored = {},
                          .history = LineageHistory({1, 1}),
                          .writers = plan_sink_owners(nullptr, {}, 1, {}).value().tasks.at(0),
                          .connector = nullptr,  // nobody orders anything to be published
                          .blobs = &blobs_,
                          .blob_prefix = [] { return "staged"; },
                          .clock = &clock_,
                          .io = parts.io.get(),
                          .limits = {},
                          .report = [](const OwnerReport&) {}});
    sink_ = sink.get();
    parts.sinks.push_back({{0}, std::move(sink)});
    task_ = std::make_unique<Task>(std::move(parts));
    task_->open();
    task_->run();
  }

  void send(Channel& in, std::int64_t number) {
    BatchPtr batch = notes(pool_, number, 1);
    const FrameHeader header = in.sender_account(*batch, 0);
    in.receiver_accept(header, std::move(batch));
  }
  void barrier(Channel& in, std::uint64_t id, bool hold = false) {
    in.sender_control({.kind = ControlKind::kBarrier, .barrier = {.id = {id}, .hold = hold}}, 0);
  }
  void order(std::uint64_t id, std::uint64_t base = 0) {
    task_->snapshots()->on_order({.barrier = {.id = {id}}, .base = {base}});
  }
  // Until nothing moves; the pool's work is done meanwhile.
  void settle() {
    std::vector<bool> credited(1);
    while (task_->turn(clock_.now(), kSlice, credited) || io_.run_one()) {
    }
  }
  std::vector<std::int64_t> received() {
    std::vector<std::int64_t> numbers;
    for (;;) {
      out_.receiver_collect_control();
      Channel::Item item = out_.receiver_next(false);
      if (auto* batch = std::get_if<BatchPtr>(&item)) {
        for (const std::int64_t number : numbers_of(**batch)) numbers.push_back(number);
      } else if (auto* event = std::get_if<ControlEvent>(&item)) {
        if (event->kind == ControlKind::kBarrier) numbers.push_back(kBarrierSeen);
      } else {
        return numbers;
      }
    }
  }
  const checkpoint::TaskSnapshot& last() { return *answers_.snapshots.back().snapshot; }
  static std::uint64_t delta_bytes(const checkpoint::TaskSnapshot& snapshot) {
    std::uint64_t bytes = 0;
    for (const auto& layer : snapshot.keyed_state().layers())
      for (const auto& delta : layer.deltas()) bytes += delta.piece().length();
    return bytes;
  }

  ManualClock clock_;
  MemoryFileSystem files_;
  SeededRandomSource random_{1};
  LocalBlobStore blobs_{files_, "store", random_};
  ModelLsmFactory lsm_{files_};
  ManualIoPool io_{1};
  SnapshotServices services_;
  BatchPool pool_;
  Channel left_{ChannelId::make(1, 0, 0, 0), {.bytes = 1 << 20, .batches = 64}};
  Channel right_{ChannelId::make(1, 0, 1, 0), {.bytes = 1 << 20, .batches = 64}};
  Channel out_{ChannelId::make(1, 1, 0, 0), {.bytes = 1 << 20, .batches = 64}};
  RecordingTransport transport_{true};
  TaskMetrics metrics_;
  Answers answers_;
  Counting* counter_ = nullptr;
  StagedSink* sink_ = nullptr;
  std::unique_ptr<Task> task_;
};

// Nothing else goes on: the slot sleeps until next_turn() and no longer.
TEST_F(TaskSnapshotsTest, ATaskWakesForWhatItsSinkHasStagedAWhileAgo) {
  ASSERT_TRUE(sink_->add({.destination = "topic", .value = "alone"}));
  settle();
  ASSERT_THAT(*blobs_.list("staged"), IsEmpty());
  const Timestamp added = clock_.now();
  while (blobs_.list("staged")->empty()) {
    const Timestamp due = task_->next_turn();
    ASSERT_GT(due, clock_.now());
    ASSERT_LE(due, added + seconds(1));
    clock_.advance(due - clock_.now());
    settle();
  }
}

TEST_F(TaskSnapshotsTest, ABarrierIsTakenWhenItIsOnAllChannelsAndWhatIsBehindItWaits) {
  send(left_, 1);
  barrier(left_, 1);
  send(left_, 2);  // of the next epoch
  send(right_, 3);
  settle();
  EXPECT_THAT(received(), ElementsAre(1, 3));
  EXPECT_THAT(answers_.snapshots, IsEmpty());
  barrier(right_, 1);
  settle();
  EXPECT_THAT(received(), ElementsAre(kBarrierSeen, 2));
  ASSERT_THAT(answers_.snapshots, SizeIs(1));
  EXPECT_EQ(answers_.snapshots[0].id, CheckpointId{1});
  EXPECT_THAT(last().operators(), ElementsAre("count"));
  EXPECT_GT(delta_bytes(last()), 0U);
}

TEST_F(TaskSnapshotsTest, ABarrierWaitsForWhatTheOperatorHasNotConsumed) {
  counter_->holds = true;
  send(left_, 1);
  barrier(left_, 1);
  barrier(right_, 1);
  settle();
  EXPECT_THAT(counter_->taken, IsEmpty());
  counter_->holds = false;
  clock_.advance(milliseconds(10));
  settle();
  EXPECT_THAT(counter_->taken, ElementsAre(1));
  EXPECT_THAT(received(), ElementsAre(1, kBarrierSeen));
}

TEST_F(TaskSnapshotsTest, ABarrierWaitsUntilAllKeysThatWereToBeWokenHaveBeen) {
  counter_->background = 5;
  counter_->context->request_background();
  barrier(left_, 1);
  barrier(right_, 1);
  settle();
  EXPECT_EQ(counter_->background, 0);
  EXPECT_THAT(counter_->taken, ElementsAre(1));
  EXPECT_THAT(answers_.snapshots, SizeIs(1));
}

TEST_F(TaskSnapshotsTest, Rule24_TheTaskGoesOnBeforeItsSnapshotIsStored) {
  send(left_, 1);
  barrier(left_, 1);
  barrier(right_, 1);
  send(left_, 2);
  std::vector<bool> credited(1);
  while (task_->turn(clock_.now(), kSlice, credited)) {
  }
  EXPECT_THAT(received(), ElementsAre(1, kBarrierSeen, 2));
  EXPECT_THAT(answers_.snapshots, IsEmpty()) << "nothing is durable yet";
  settle();
  EXPECT_THAT(answers_.snapshots, SizeIs(1));
}

TEST_F(TaskSnapshotsTest, Rule26_WhatAFailedUploadHeldIsInTheNextSnapshot) {
  send(left_, 1);
  barrier(left_, 1);
  barrier(right_, 1);
  files_.inject_error("store", FileOperation::kSync, 28);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(1));
  ASSERT_TRUE(answers_.snapshots[0].declined.has_value());
  files_.clear_faults();
  task_->snapshots()->on_abort({1});
  // Nothing changed since: all that the next one holds is what the first one could not store.
  barrier(left_, 2);
  barrier(right_, 2);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(2));
  ASSERT_FALSE(answers_.snapshots[1].declined.has_value());
  EXPECT_GT(delta_bytes(last()), 0U);
}

TEST_F(TaskSnapshotsTest, Rule37_AnAbortOpensChannelsAndALateBarrierHasNoEffect) {
  barrier(left_, 1);
  send(left_, 1);
  settle();
  EXPECT_THAT(received(), IsEmpty());
  task_->snapshots()->on_abort({1});
  settle();
  EXPECT_THAT(received(), ElementsAre(1));
  barrier(right_, 1);
  settle();
  EXPECT_THAT(answers_.snapshots, IsEmpty());
  EXPECT_THAT(received(), IsEmpty()) << "the aborted barrier went on";
}

TEST_F(TaskSnapshotsTest, Rule15_BehindAHoldingBarrierNothingIsReadUnlessItIsAborted) {
  barrier(left_, 1, true);
  barrier(right_, 1, true);
  send(left_, 1);
  settle();
  EXPECT_THAT(received(), ElementsAre(kBarrierSeen));
  task_->snapshots()->on_completed({1});
  settle();
  EXPECT_THAT(received(), IsEmpty());
  task_->snapshots()->on_abort({1});
  settle();
  EXPECT_THAT(received(), ElementsAre(1));
}

TEST_F(TaskSnapshotsTest, Rule15_ATaskThatHasFinishedAnswersOrdersAndSendsNoBarrier) {
  send(left_, 1);
  left_.sender_control(ControlEvent::end(true), 0);
  right_.sender_control(ControlEvent::end(true), 0);
  settle();
  ASSERT_EQ(answers_.reports.back().kind, TaskReportKind::kFinished);
  order(1);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(1));
  EXPECT_TRUE(last().finished());
  EXPECT_GT(delta_bytes(last()), 0U) << "its state is still part of the job";
  EXPECT_THAT(received(), ElementsAre(1));
}

TEST_F(TaskSnapshotsTest, ATaskThatIsAsItWasSaysJustThat) {
  send(left_, 1);
  order(1);
  barrier(left_, 1);
  barrier(right_, 1);
  settle();
  task_->snapshots()->on_completed({1});
  order(2, 1);
  barrier(left_, 2);
  barrier(right_, 2);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(2));
  EXPECT_FALSE(answers_.snapshots[0].unchanged);
  EXPECT_TRUE(answers_.snapshots[1].unchanged);
  task_->snapshots()->on_completed({1});
  send(right_, 1);
  order(3, 1);
  barrier(left_, 3);
  barrier(right_, 3);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(3));
  EXPECT_FALSE(answers_.snapshots[2].unchanged);
}

TEST_F(TaskSnapshotsTest, LargeStateOfAnOperatorIsABlobAndServesAgainWhenItIsTheSame) {
  counter_->bytes = std::string(100'000, 'r');
  order(1);
  barrier(left_, 1);
  barrier(right_, 1);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(1));
  ASSERT_THAT(last().operator_states(), SizeIs(1));
  ASSERT_THAT(last().operator_states(0).blobs(), SizeIs(1));
  const checkpoint::BlobRef first = last().operator_states(0).blobs(0);
  EXPECT_EQ(*blobs_.get(first), counter_->bytes);
  task_->snapshots()->on_completed({1});
  send(left_, 1);
  order(2, 1);
  barrier(left_, 2);
  barrier(right_, 2);
  settle();
  ASSERT_THAT(answers_.snapshots, SizeIs(2));
  EXPECT_EQ(last().operator_states(0).blobs(0).name(), first.name());
}

}  // namespace
}  // namespace tributary::testing
