#include "operators/testing/test_run.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "operators/testing/job_test_failure.h"

namespace tributary::testing {
namespace {

// A job that needs more turns than this without the clock moving is taken to spin.
constexpr std::uint64_t kTurnsMax = 20'000'000;
// How far end() moves the clock before it gives up.
constexpr Duration kEndsWithin = days(3650);

}  // namespace

TestRun::TestRun(const JobProgram& program, const Options& options)
    : options_(options),
      program_(program),
      clock_(options.start),
      random_(options.seed),
      folder_(files_, "job", random_) {
  if (options_.key_groups != 0) program_.graph.set_key_groups(options_.key_groups);
  const std::size_t count = program_.vertices.size();
  for (std::uint32_t id = 0; id < count; ++id) {
    const graph::VertexKind kind = program_.graph.vertices(static_cast<int>(id)).kind();
    if (kind == graph::SOURCE) replace_source(id);
    if (kind == graph::SINK) replace_sink(id);
  }
  for (const graph::Vertex& vertex : program_.graph.vertices())
    asked_parallelism_.push_back(vertex.parallelism());
  plan(options_.slots);
}

// Operators are closed, as at any end of a job.
TestRun::~TestRun() {
  if (attempt_ == nullptr) return;
  if (!over()) attempt_->job().cancel();
  attempt_->come_to_rest(kTurnsMax);
}

Timestamp TestRun::event_time_of(Source& source, const void* record) {
  if (!source.event_time) return Timestamp::min();
  Batch& batch = *source.one;
  batch.truncate(0);
  std::memcpy(batch.append({}), record, source.queue->type().size);
  source.event_time(batch);
  return batch.event_time(0);
}

void TestRun::touch(Source& source) {
  source.woken = true;
  program_.vertices[source.vertex].idle_after = source.idle_after;
}

void TestRun::push(std::uint32_t index, const void* record, std::optional<Timestamp> event_time) {
  Source& source = sources_[index];
  touch(source);
  const Timestamp time = event_time ? *event_time : event_time_of(source, record);
  source.highest = std::max(source.highest, time);
  source.queue->push({.kind = QueueItem::Kind::kRecord,
                      .record = record,
                      .time = time,
                      .number = source.pushed++});
}

void TestRun::push_bad(std::uint32_t index, const std::string& reason, const std::string& raw) {
  Source& source = sources_[index];
  touch(source);
  source.queue->push({.kind = QueueItem::Kind::kBadRecord,
                      .number = source.pushed++,
                      .reason = reason,
                      .raw = raw});
}

void TestRun::declare(Source& source, Timestamp watermark) {
  if (watermark <= source.watermark) return;
  source.watermark = watermark;
  source.queue->declare_watermark(watermark);
  source.woken = true;
}

void TestRun::run() {
  for (Source& source : sources_) {
    if (!source.event_time || source.declared || source.highest == Timestamp::min()) continue;
    declare(source, saturating_add(source.highest, microseconds(-source.lateness.micros - 1)));
  }
  come_to_rest();
}

void TestRun::watermark(std::uint32_t index, Timestamp watermark) {
  run();
  Source& source = sources_[index];
  touch(source);
  source.declared = true;
  declare(source, watermark);
  come_to_rest();
}

// With no time to wait the driver's own rule finds it idle at its next turn.
void TestRun::idle(std::uint32_t index) {
  run();
  Source& source = sources_[index];
  program_.vertices[source.vertex].idle_after = {};
  source.woken = true;
  come_to_rest();
}

void TestRun::end(std::uint32_t index) {
  run();
  sources_[index].queue->end();
  sources_[index].woken = true;
  come_to_rest();
}

void TestRun::start() {
  attempt_ =
      std::make_unique<TestAttempt>(TestAttempt::Parts{.program = program_,
                                                       .plan = plan_,
                                                       .folder = folder_,
                                                       .random = random_,
                                                       .clock = clock_},
                                    TestAttempt::Options{.seed = options_.seed + attempts_++,
                                                         .little_room = options_.little_room});
  for (const auto& sink : sinks_) sink->go_back_to(attempt_->from());
  for (Source& source : sources_) source.woken = true;
  attempt_->start();
}

// An order to add no splits is what makes a source's tasks look at their queues again.
void TestRun::wake(Source& source) {
  source.woken = false;
  const graph::VertexId vertex{source.vertex};
  const std::uint32_t tasks = plan_.stage_of(vertex).parallelism;
  for (std::uint32_t task = 0; task < tasks; ++task)
    attempt_->job().execution().add_splits(vertex, task, {});
}

void TestRun::come_to_rest() {
  if (down_) {
    fail_test("job {} is down since its crash(): say restore() before the next step",
              program_.graph.name());
  }
  if (attempt_ == nullptr) start();
  if (over()) return;
  for (Source& source : sources_) {
    if (source.woken) wake(source);
  }
  if (attempt_->come_to_rest(kTurnsMax)) return;
  fail_test("job {} does not come to rest: after {} turns at {} it still claims progress",
            program_.graph.name(), kTurnsMax, format_timestamp(clock_.now()));
}

void TestRun::advance(Duration time) {
  if (time < Duration{}) fail_test("advance({}): time does not go back", format_duration(time));
  run();
  const std::int64_t target = clock_.monotonic_nanos() + time.micros * 1000;
  // Deadline by deadline, so that timers fire in their order and at their time.
  while (!over()) {
    const std::int64_t next = attempt_->executor().next_deadline_nanos();
    if (next >= target) break;
    clock_.advance_to_nanos(next);
    come_to_rest();
  }
  clock_.advance_to_nanos(target);
  come_to_rest();
}

void TestRun::end_all() {
  run();
  for (Source& source : sources_) {
    source.queue->end();
    source.woken = true;
  }
  come_to_rest();
  finish();
}

void TestRun::stop() {
  run();
  if (over()) return;
  attempt_->job().request_stop();
  come_to_rest();
  finish();
}

void TestRun::finish() {
  for (const Timestamp until = clock_.now() + kEndsWithin; !over() && clock_.now() < until;) {
    const std::int64_t next = attempt_->executor().next_deadline_nanos();
    if (next == std::numeric_limits<std::int64_t>::max()) break;
    clock_.advance_to_nanos(next);
    come_to_rest();
  }
  if (over()) return;
  fail_test("job {} does not end; still running: {}", program_.graph.name(),
            fmt::join(attempt_->executor().unfinished(), ", "));
}

void TestRun::expect_running(std::string_view step) const {
  if (!over()) return;
  const std::optional<Error> error = failure();
  fail_test("{}: job {} is over: {}", step, program_.graph.name(),
            error ? error->to_string() : cluster::JobPhase_Name(phase()));
}

void TestRun::checkpoint() {
  run();
  expect_running("checkpoint()");
  LocalJob& job = attempt_->job();
  const std::uint64_t failed = job.checkpoints().failed;
  job.request_checkpoint();
  come_to_rest();
  expect_running("checkpoint()");
  const CheckpointProgress progress = job.checkpoints();
  if (progress.failed != failed) {
    fail_test("checkpoint(): it failed, and the job went on: {}",
              progress.last_failure ? progress.last_failure->to_string() : "no reason is known");
  }
  if (progress.pending != CheckpointId{}) {
    fail_test(
        "checkpoint(): checkpoint {} is not complete although all is at rest: a task of job {} "
        "waits for time to go on",
        progress.pending.value, program_.graph.name());
  }
}

void TestRun::crash() {
  run();
  expect_running("crash()");
  lose_process();
}

void TestRun::crash_in_flight(const InFlight& how) {
  if (attempt_ == nullptr) start();
  for (Source& source : sources_) {
    if (source.woken) wake(source);
  }
  attempt_->begin(how.turns);
  if (how.checkpoint) attempt_->job().request_checkpoint();
  attempt_->begin(how.turns_after);
  if (!over()) lose_process();
}

void TestRun::lose_process() {
  const CheckpointId complete = attempt_->job().checkpoints().newest;
  attempt_.reset();
  files_.drop_unsynced();
  down_ = true;
  const CheckpointId on_record = newest_on_record();
  if (on_record < complete) {
    fail_test("checkpoint {} was complete, but a power cut left only {}: a bug of the engine",
              complete.value, on_record.value);
  }
  for (const auto& sink : sinks_) sink->go_back_to(on_record);
}

CheckpointId TestRun::newest_on_record() {
  const auto found = folder_.metadata().get(std::string(JobFolder::kRecordKey));
  if (!found) fail_test("the record of the job cannot be read: {}", found.error().to_string());
  cluster::JobRecord record;
  if (!*found || !record.ParseFromString((*found)->bytes)) return {};
  const auto& completed = record.checkpoints().completed();
  return completed.empty() ? CheckpointId{} : CheckpointId{completed.rbegin()->id()};
}

void TestRun::restore() {
  const bool stopped = over() && phase() != cluster::FINISHED;
  if (!down_ && !stopped) {
    fail_test("restore(): job {} {}; it is for after crash(), stop() or a failure",
              program_.graph.name(), over() ? "has finished" : "is running");
  }
  const CheckpointId expected = newest_on_record();
  down_ = false;
  attempt_.reset();
  start();
  if (attempt_->from() != expected) {
    fail_test("restore(): the newest checkpoint is {}, the job went back to {}", expected.value,
              attempt_->from().value);
  }
  come_to_rest();
}

void TestRun::rescale(std::uint32_t slots) {
  if (slots == 0) fail_test("rescale(0): at least 1");
  stop();
  if (phase() != cluster::STOPPED) expect_running("rescale()");
  attempt_.reset();
  plan(slots);
  start();
  come_to_rest();
}

std::optional<Error> TestRun::failure() const {
  if (!over() || attempt_->job().outcome().phase != cluster::FAILED) return std::nullopt;
  return attempt_->job().outcome().error;
}

}  // namespace tributary::testing
