#include "operators/testing/job_test_core.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include <tributary/job.h>

#include "base/nearest_name.h"
#include "base/schema.h"
#include "base/settings.h"
#include "operators/testing/history.h"
#include "operators/testing/job_test_failure.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary::testing {

using Kind = HistoryEvent::Kind;

struct JobTestCore::State {
  JobProgram program;
  TestRun::Options options;
  Arena arena;  // of all that was pushed
  std::unique_ptr<TestRun> run;
  std::vector<HistoryEvent> history;
  bool at_rest = false;  // nothing was pushed since the last step
  std::vector<SinkFold> folds;
};

namespace {

struct SettingsRecord {
  Arena arena;
  std::unique_ptr<std::byte[]> record;
};

std::string unknown(std::string_view what, std::string_view name, const std::string& job,
                    const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto nearest = nearest_name(name, known);
  return fmt::format("job {} has no {} \"{}\"{}; it has: {}", job, what, name,
                     nearest ? fmt::format(" (did you mean \"{}\"?)", *nearest) : "",
                     fmt::join(names, ", "));
}

void throw_mistakes(const std::vector<Error>& mistakes) {
  std::string text;
  for (const Error& mistake : mistakes) text += (text.empty() ? "" : "\n") + mistake.to_string();
  if (!text.empty()) throw JobTestFailure(text);
}

void expect_type(std::string_view what, std::string_view name, std::string_view verb,
                 const TypeInfo& has, const TypeInfo& asked) {
  if (&has == &asked || schema_of(has) == schema_of(asked)) return;
  if (has.name == asked.name) {
    fail_test("{} \"{}\" {} records of {}, whose declaration differs from the test's {}", what,
              name, verb, has.name, asked.name);
  }
  fail_test("{} \"{}\" {} records of {}, not of {}", what, name, verb, has.name, asked.name);
}

}  // namespace

JobTestCore::JobTestCore(const JobProgram& program, const JobTestOptions& options)
    : state_(std::make_unique<State>()) {
  if (options.slots == 0) fail_test("slots: at least 1");
  if (options.batch_records == 0) fail_test("batch_records: at least 1");
  state_->program = program;
  state_->options = {.slots = options.slots,
                     .seed = options.seed,
                     .start = options.start,
                     .batch_records = options.batch_records,
                     .key_groups = options.key_groups};
  state_->run = std::make_unique<TestRun>(state_->program, state_->options);
  state_->folds.resize(state_->run->sink_count());
}

JobTestCore::~JobTestCore() = default;

std::unique_ptr<JobTestCore> JobTestCore::make(const ErasedJobFunction& job,
                                               const Settings& settings,
                                               const JobTestOptions& options) {
  JobProgram program;
  throw_mistakes(tributary::internal::build_job(options.name, settings, job.settings_type, job.call,
                                                job.function, program));
  return std::make_unique<JobTestCore>(program, options);
}

std::unique_ptr<JobTestCore> JobTestCore::make_with_record(const ErasedJobFunction& job,
                                                           const void* settings,
                                                           const JobTestOptions& options) {
  tributary::internal::GraphBuilder graph(options.name);
  auto kept = std::make_shared<SettingsRecord>();
  kept->record.reset(new std::byte[job.settings_type->size]);
  deep_copy(*job.settings_type, settings, kept->record.get(), kept->arena);
  try {
    Job builder(graph);
    job.call(job.function, builder, kept->record.get());
  } catch (const std::exception& e) {
    fail_test("job {}: its function failed: {}", options.name, e.what());
  }
  graph.keep(std::move(kept));
  JobProgram program;
  throw_mistakes(graph.finish(program));
  return std::make_unique<JobTestCore>(program, options);
}

std::unique_ptr<JobTestCore> JobTestCore::make(const JobDescriptor& job, const Settings& settings,
                                               const JobTestOptions& options) {
  if (std::string_view(job.abi) != job_abi()) {
    fail_test("job {} was built for {}, this test for {}", job.name, job.abi, job_abi());
  }
  JobProgram program;
  throw_mistakes(job.build(settings, program));
  return std::make_unique<JobTestCore>(program, options);
}

std::uint32_t JobTestCore::open_source(std::string_view name, const TypeInfo& type) const {
  const TestRun& run = *state_->run;
  const auto source = run.find_source(name);
  if (!source)
    throw JobTestFailure(unknown("source", name, state_->program.graph.name(), run.source_names()));
  expect_type("source", name, "gives", run.source_type(*source), type);
  return *source;
}

std::uint32_t JobTestCore::open_sink(std::string_view name, const TypeInfo& type) const {
  const TestRun& run = *state_->run;
  const auto sink = run.find_sink(name);
  if (!sink)
    throw JobTestFailure(unknown("sink", name, state_->program.graph.name(), run.sink_names()));
  expect_type("sink", name, "takes", run.sink(*sink).type(), type);
  return *sink;
}

void JobTestCore::expect_open(std::uint32_t source, std::string_view call) const {
  const TestRun& run = *state_->run;
  if (run.source_ended(source)) {
    fail_test("{}: source \"{}\" has ended; nothing comes after in.end() or job.end()", call,
              run.source_names()[source]);
  }
}

void JobTestCore::step(HistoryEvent event) {
  apply(event, *state_->run);
  state_->at_rest = !event.is_push();
  state_->history.push_back(std::move(event));
}

void JobTestCore::push(std::uint32_t source, const void* record,
                       std::optional<Timestamp> event_time) {
  expect_open(source, "push");
  const TypeInfo& type = state_->run->source_type(source);
  void* copy = state_->arena.allocate(type.size, type.alignment);
  deep_copy(type, record, copy, state_->arena);
  step({.kind = Kind::kPush, .source = source, .record = copy, .event_time = event_time});
}

void JobTestCore::push_bad(std::uint32_t source, std::string_view reason, std::string_view raw) {
  expect_open(source, "bad_record");
  step({.kind = Kind::kBadRecord,
        .source = source,
        .reason = std::string(reason),
        .raw = std::string(raw)});
}

void JobTestCore::watermark(std::uint32_t source, Timestamp watermark) {
  expect_open(source, "watermark");
  TestRun& run = *state_->run;
  const std::string name = run.source_names()[source];
  if (!run.has_event_time(source)) {
    fail_test("watermark: source \"{}\" has no event time in the job, so no watermark", name);
  }
  // What the lateness rule has declared up to now counts too: event time does not go back.
  this->run();
  if (watermark < run.declared_watermark(source)) {
    fail_test("watermark({}): source \"{}\" is at {} already; event time does not go back",
              format_timestamp(watermark), name, format_timestamp(run.declared_watermark(source)));
  }
  step({.kind = Kind::kWatermark, .source = source, .watermark = watermark});
}

void JobTestCore::idle(std::uint32_t source) {
  expect_open(source, "idle");
  step({.kind = Kind::kIdle, .source = source});
}

void JobTestCore::end_source(std::uint32_t source) {
  if (!state_->run->source_ended(source)) step({.kind = Kind::kEndSource, .source = source});
}

void JobTestCore::run() {
  if (!state_->at_rest) step({.kind = Kind::kRun});
}

void JobTestCore::advance(Duration time) { step({.kind = Kind::kAdvance, .time = time}); }

void JobTestCore::end() {
  if (!state_->run->over()) step({.kind = Kind::kEndAll});
}

void JobTestCore::stop() {
  if (!state_->run->over()) step({.kind = Kind::kStop});
}

void JobTestCore::checkpoint() { step({.kind = Kind::kCheckpoint}); }
void JobTestCore::crash() { step({.kind = Kind::kCrash}); }
void JobTestCore::restore() { step({.kind = Kind::kRestore}); }
void JobTestCore::rescale(std::uint32_t slots) { step({.kind = Kind::kRescale, .slots = slots}); }

const SinkCollector& JobTestCore::read(std::uint32_t sink) {
  if (const std::optional<Error> error = failure()) {
    fail_test("job {} failed: {}", state_->program.graph.name(), error->to_string());
  }
  return state_->run->sink(sink);
}

SinkFold& JobTestCore::fold_of(std::uint32_t sink) { return state_->folds[sink]; }

std::vector<DeadLetter> JobTestCore::dead_letters(std::string_view source_or_sink) {
  const TestRun& run = *state_->run;
  std::optional<std::uint32_t> sink;
  if (const auto source = run.find_source(source_or_sink)) {
    sink = run.dead_letter_sink(*source);
    if (!sink) {
      fail_test(
          "source \"{}\" has no dead letters: the job does not say on_bad_record(dead_letter(…))",
          source_or_sink);
    }
  } else {
    sink = open_sink(source_or_sink, type_info<DeadLetter>());
  }
  std::vector<DeadLetter> letters;
  for (const SinkCollector::Entry& entry : read(*sink).entries()) {
    letters.push_back(*static_cast<const DeadLetter*>(entry.record));
  }
  return letters;
}

std::optional<Error> JobTestCore::failure() {
  run();
  return state_->run->failure();
}

std::string JobTestCore::phase() {
  if (state_->run->down()) return "CRASHED";
  run();
  return cluster::JobPhase_Name(state_->run->phase());
}

Timestamp JobTestCore::now() const { return state_->run->now(); }

std::optional<std::string> JobTestCore::difference_when_permuted(std::uint64_t seeds,
                                                                 const PermuteOptions& options) {
  if (state_->run->down()) fail_test("the job is down since its crash(): say restore() first");
  run();
  const bool stopped = std::ranges::any_of(
      state_->history, [](const HistoryEvent& event) { return event.kind == Kind::kStop; });
  if (stopped) fail_test("a stopped job cannot be run again permuted: how far it came is chance");
  std::map<std::string, SinkFold> folds;
  for (std::uint32_t i = 0; i < state_->run->sink_count(); ++i)
    folds[state_->run->sink(i).name()] = state_->folds[i];
  return find_difference(state_->program, state_->history, state_->options, options, seeds, folds);
}

}  // namespace tributary::testing
