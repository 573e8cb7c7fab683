#include "tests/simulation/counting_job.h"

#include <utility>

#include <tributary/job.h>

#include "base/record.h"
#include "operators/job_builder.h"
#include "runtime/exec/staged_output.h"
#include "runtime/graph/job_graph.h"
#include "runtime/graph/planner.h"

namespace tributary::simulation {

struct Event {
  std::int64_t key = 0;
  std::int64_t id = 0;
  Timestamp at;
};
TRIBUTARY_RECORD(Event, key, id, at);

struct Line {
  std::int64_t key = 0;
  Text text;
};
TRIBUTARY_RECORD(Line, key, text);

struct Tally {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
TRIBUTARY_RECORD(Tally, count, sum);

struct Element {
  std::int64_t value = 0;
  Text note;  // so that values own bytes
};
TRIBUTARY_RECORD(Element, value, note);

namespace {

constexpr std::int64_t kBatchMax = 4;

class SplitReader final : public SourceReader {
 public:
  explicit SplitReader(std::shared_ptr<JobSeams> seams) : seams_(std::move(seams)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  Status add_split(const Split& split) override {
    splits_.push_back(split);
    return {};
  }
  void no_more_splits() override {}
  Result<ReadResult> read(SourceOutput& out) override {
    bool at_end = true;
    for (std::uint32_t tried = 0; tried < splits_.size(); ++tried) {
      next_ = (next_ + 1) % static_cast<std::uint32_t>(splits_.size());
      Split& split = splits_[next_];
      const auto number = static_cast<std::size_t>(std::stoul(split.id));
      const auto released = static_cast<std::int64_t>(seams_->released[number]);
      at_end &= split.position == split.end;
      if (split.position >= released) continue;
      const std::int64_t most = 1 + static_cast<std::int64_t>(seams_->random->below(kBatchMax));
      BatchPtr batch = out.take(type_info<Event>());
      for (std::int64_t i = 0; i < most && split.position < released; ++i) {
        const InputRecord& record =
            seams_->history->splits()[number][static_cast<std::size_t>(split.position++)];
        *static_cast<Event*>(batch->append(Timestamp{})) = {record.key, record.id, record.at};
      }
      out.emit_from(next_, std::move(batch));
      return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    }
    if (at_end) return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
    return ReadResult{.state = ReadState::kIdle,
                      .retry_at = context_->clock().now() + milliseconds(100)};
  }
  bool caught_up() const override {
    for (const Split& split : splits_) {
      if (split.position < split.end) return false;
    }
    return true;
  }
  std::vector<Split> positions() const override { return splits_; }

 private:
  const std::shared_ptr<JobSeams> seams_;
  OperatorContext* context_ = nullptr;
  std::vector<Split> splits_;
  std::uint32_t next_ = 0;
};

class SplitsOfHistory final : public SplitLister {
 public:
  explicit SplitsOfHistory(std::shared_ptr<JobSeams> seams) : seams_(std::move(seams)) {}
  Result<std::vector<Split>> list() override {
    std::vector<Split> listed;
    for (std::size_t i = 0; i < seams_->history->splits().size(); ++i) {
      const auto records = static_cast<std::int64_t>(seams_->history->splits()[i].size());
      listed.push_back({.id = std::to_string(i), .position = 0, .end = records, .weight = records});
    }
    return listed;
  }

 private:
  const std::shared_ptr<JobSeams> seams_;
};

class Count : public KeyedProcess<std::int64_t, Event, Line> {
 public:
  void on_record(const Event& event, Context& ctx) {
    const InputRecord record{event.key, event.id, event.at};
    const Change change = change_of(record);
    if (change.cleared) elements_.clear();
    elements_.put(change.put,
                  {event.id, ctx.text(event.id % 3 == 0 ? "a note that is not inline" : "short")});
    if (change.erased >= 0) elements_.erase(change.erased);
    // The number of records is kept apart, so that the sum's state comes and goes.
    if (change.forgets) sum_.clear();
    sum_.update([&](Tally& tally) { tally.sum += weight_of(event.id); });
    count_.update([](Tally& tally) { ++tally.count; });
    ctx.set_event_timer(change.timer);
    say(event.id, Timestamp{}, ctx);
  }
  void on_timer(const Timer& timer, Context& ctx) {
    std::optional<std::int64_t> least;
    elements_.scan_from({}, 1, [&](const std::int64_t& key, const Element&) { least = key; });
    if (least) elements_.erase(*least);
    say(-1, timer.at, ctx);
  }

 private:
  void say(std::int64_t record, Timestamp timer, Context& ctx) {
    Said said{.key = ctx.key(), .record = record, .timer = timer};
    said.count = count_->count;
    said.sum = sum_->sum;
    elements_.for_each([&](const std::int64_t& key, const Element& element) {
      said.elements = mix_element(said.elements, key, element.value);
    });
    ctx.emit({said.key, ctx.text(said.text())});
  }

  Value<Tally> count_ = value<Tally>("count");
  Value<Tally> sum_ = value<Tally>("sum");
  MapOf<std::int64_t, Element> elements_ = map<std::int64_t, Element>("elements");
};

// Between two keyed exchanges: barriers are aligned twice.
class Pass : public KeyedProcess<std::int64_t, Line, Line> {
 public:
  void on_record(const Line& line, Context& ctx) { ctx.emit(line); }
};

class StageLines final : public Operator {
 public:
  explicit StageLines(std::shared_ptr<JobSeams> seams) : seams_(std::move(seams)) {}
  Status open(OperatorContext& context) override {
    output_ = context.staged_output();
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    for (std::uint32_t i = from; i < batch->size(); ++i) {
      const Line& line = batch->records<Line>()[i];
      const std::string key = std::to_string(line.key);
      const Status added = output_->add({.destination = "out",
                                         .partition = static_cast<std::int32_t>(line.key) %
                                                      static_cast<std::int32_t>(seams_->outputs),
                                         .key = key,
                                         .value = std::string_view(line.text)});
      if (!added) throw OperatorFailure{added.error()};
    }
    return batch->size();
  }
  OperatorSnapshot snapshot(CheckpointId id) override {
    output_->close_epoch({id.value});
    return {};
  }

 private:
  const std::shared_ptr<JobSeams> seams_;
  StagedOutput* output_ = nullptr;
};

SourceSpec<Event> splits_of(const std::shared_ptr<JobSeams>& seams) {
  UntypedSource source{.operator_type = "splits", .bounded = true};
  source.make_reader = [seams] { return std::make_unique<SplitReader>(seams); };
  source.make_lister = [seams] { return std::make_unique<SplitsOfHistory>(seams); };
  return {std::move(source)};
}

SinkSpec<Line, kAppend> lines_of(const std::shared_ptr<JobSeams>& seams) {
  UntypedSink sink{.operator_type = "broker"};
  sink.make_operator = [seams] { return std::make_unique<StageLines>(seams); };
  sink.make_connector = [seams](const SinkIdentity& identity) {
    return seams->make_connector(identity);
  };
  return {std::move(sink)};
}

// Read by the author's function, which gets nothing but settings.
std::shared_ptr<JobSeams> building;
bool building_keyed_sink = false;

void count(Job& job, const Settings&) {
  job.key_groups(8);
  auto counted = job.source("events", splits_of(building))
                     .event_time(&Event::at, bounded_lateness(Duration{}))
                     .idle_after(days(1000))
                     .key_by(&Event::key)
                     .process<Count>("count");
  if (building_keyed_sink)
    counted.key_by(&Line::key).process<Pass>("pass").sink("out", lines_of(building));
  else
    counted.sink("out", lines_of(building));
}

}  // namespace

CountingJob::CountingJob(bool keyed_sink) {
  building = seams_;
  building_keyed_sink = keyed_sink;
  const std::vector<Error> wrong =
      tributary::internal::build_job_function("count", &count, Settings{}, program_);
  TRIBUTARY_CHECK(wrong.empty(), "{}", wrong.empty() ? "" : wrong[0].to_string());
  building.reset();
  for (std::uint32_t slots = 1; slots <= kSlotsMax; ++slots) {
    auto made = graph::plan(program_.graph, {.slots = slots});
    TRIBUTARY_CHECK(made.has_value(), "{}", made ? "" : made.error()[0].to_string());
    plans_.push_back(*std::move(made));
  }
  shown_graph_ = graph::serialize(program_.graph);
}

}  // namespace tributary::simulation
