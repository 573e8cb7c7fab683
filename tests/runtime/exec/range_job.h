// tests/runtime/exec/range_job.h
// Jobs made by hand for tests of the engine: sources of numbers, operators that pass, count or
// fail, sinks that collect. No typed API, so that the engine is tested alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/record.h"
#include "runtime/exec/job_program.h"

namespace tributary::testing {

struct Number {
  std::int64_t value = 0;
  std::int64_t from = 0;  // which source made it
  Text note;              // longer than a Text keeps inline for some values
};
TRIBUTARY_RECORD(Number, value, from, note);

// Emits `count` numbers, split over `splits` splits; record i has event time i seconds.
class RangeReader final : public SourceReader {
 public:
  explicit RangeReader(std::uint32_t batch) : batch_(batch) {}
  Status add_split(const Split& split) override {
    splits_.push_back(split);
    return {};
  }
  void no_more_splits() override {}
  Result<ReadResult> read(SourceOutput& out) override {
    for (std::uint32_t i = 0; i < splits_.size(); ++i) {
      Split& split = splits_[i];
      if (split.position >= split.end) continue;
      BatchPtr batch = out.take(type_info<Number>());
      while (split.position < split.end && !batch->full() && batch->size() < batch_) {
        const std::int64_t value = split.position++;
        std::string note =
            value % 3 == 0 ? "a note that is far too long to lie inline " + std::to_string(value)
                           : "short";
        auto* number = static_cast<Number*>(batch->append(Timestamp{}));
        *number = {.value = value, .from = 0, .note = Text(note, batch->arena())};
      }
      out.emit_from(i, std::move(batch));
      return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    }
    return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
  }
  bool caught_up() const override {
    for (const Split& split : splits_) {
      if (split.position < split.end) return false;
    }
    return true;
  }
  std::vector<Split> positions() const override { return splits_; }
  std::int64_t backlog() const override {
    std::int64_t left = 0;
    for (const Split& split : splits_) left += split.end - split.position;
    return left;
  }

 private:
  std::uint32_t batch_;
  std::vector<Split> splits_;
};

class RangeLister final : public SplitLister {
 public:
  RangeLister(std::int64_t count, std::int64_t splits) : count_(count), splits_(splits) {}
  Result<std::vector<Split>> list() override {
    std::vector<Split> listed;
    for (std::int64_t i = 0; i < splits_; ++i) {
      listed.push_back({.id = std::to_string(i),
                        .position = count_ * i / splits_,
                        .end = count_ * (i + 1) / splits_,
                        .weight = 1});
    }
    return listed;
  }

 private:
  std::int64_t count_;
  std::int64_t splits_;
};

// What all sinks of one vertex have seen.
struct Collected {
  std::mutex mutex;
  std::vector<std::int64_t> values;
  std::vector<std::string> notes;
  std::map<std::int64_t, int> tasks_by_value;
  std::vector<Timestamp> watermarks;
  int ends = 0;
  bool drained = true;
};

// Passes every record on to all its ports and remembers what it saw.
class PassOperator final : public Operator {
 public:
  PassOperator(Collected* collected, std::function<void(const Number&)> check)
      : collected_(collected), check_(std::move(check)) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output& out) override {
    const std::uint32_t size = batch->size();
    std::uint32_t i = from;
    try {
      for (; i < size; ++i) {
        const Number& number = batch->records<Number>()[i];
        if (check_) check_(number);
        if (collected_ == nullptr) continue;
        const std::lock_guard lock(collected_->mutex);
        collected_->values.push_back(number.value);
        collected_->notes.push_back(number.note.str());
        collected_->tasks_by_value[number.value] = static_cast<int>(context_->task_index());
      }
    } catch (...) {
      throw RecordFailure{i, std::current_exception()};
    }
    out.emit(0, std::move(batch));
    return size;
  }
  Progress on_watermark(Timestamp watermark, Output&) override {
    if (collected_ != nullptr) {
      const std::lock_guard lock(collected_->mutex);
      collected_->watermarks.push_back(watermark);
    }
    return Progress::kDone;
  }
  Progress on_end(Output&) override {
    if (collected_ != nullptr) {
      const std::lock_guard lock(collected_->mutex);
      ++collected_->ends;
    }
    return Progress::kDone;
  }

 private:
  Collected* collected_;
  std::function<void(const Number&)> check_;
  OperatorContext* context_ = nullptr;
};

// Builds a JobProgram over Number records, vertex by vertex.
class RangeJob {
 public:
  explicit RangeJob(std::string name = "test") {
    program.graph.set_format(1), program.graph.set_name(std::move(name));
  }

  struct SourceOptions {
    std::int64_t count = 1000;
    std::int64_t splits = 2;
    std::uint32_t batch = 64;
    std::uint32_t parallelism = 0;
    std::string gated_by;
    bool event_time = true;
    std::int64_t records_per_second = 0;
  };
  std::uint32_t source(const std::string& name, SourceOptions options) {
    graph::Vertex& vertex = add(name, graph::SOURCE, "range", options.parallelism);
    vertex.set_bounded(true);
    vertex.set_gated_by(options.gated_by);
    VertexCode& code = program.vertices.back();
    code.make_reader = [batch = options.batch] { return std::make_unique<RangeReader>(batch); };
    code.make_lister = [options] {
      return std::make_unique<RangeLister>(options.count, options.splits);
    };
    code.records_per_second = options.records_per_second;
    if (options.event_time) {
      code.event_time = [](Batch& batch) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
          batch.event_times()[i] = Timestamp{batch.records<Number>()[i].value * 1'000'000};
        }
      };
    }
    code.output_type = &type_info<Number>();
    return vertex.id();
  }
  std::uint32_t pass(const std::string& name, Collected* collected,
                     std::function<void(const Number&)> check = {}, std::uint32_t parallelism = 0) {
    graph::Vertex& vertex = add(name, graph::OPERATOR, "pass", parallelism);
    program.vertices.back().make_operator = [collected, check] {
      return std::make_unique<PassOperator>(collected, check);
    };
    program.vertices.back().output_type = &type_info<Number>();
    return vertex.id();
  }
  std::uint32_t sink(const std::string& name, Collected* collected,
                     std::function<void(const Number&)> check = {}, std::uint32_t parallelism = 0) {
    const std::uint32_t id = pass(name, collected, std::move(check), parallelism);
    program.graph.mutable_vertices(static_cast<int>(id))->set_kind(graph::SINK);
    return id;
  }
  void edge(std::uint32_t from, std::uint32_t to, graph::ExchangeKind kind,
            std::uint32_t to_input = 0) {
    graph::Edge& edge = *program.graph.add_edges();
    edge.set_from(from);
    edge.set_to(to);
    edge.set_to_input(to_input);
    edge.set_exchange(kind);
    edge.set_kind(graph::APPEND);
    edge.set_record_name("Number");
    EdgeCode code;
    code.record_type = &type_info<Number>();
    if (kind == graph::KEYED) {
      edge.set_key("value");
      code.key_hash = [](Batch& batch) {
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
          const std::int64_t value = batch.records<Number>()[i].value;
          batch.key_hashes()[i] = xxh3_64({reinterpret_cast<const char*>(&value), sizeof value});
        }
      };
    }
    program.edges.push_back(std::move(code));
  }

  JobProgram program;

 private:
  graph::Vertex& add(const std::string& name, graph::VertexKind kind, const std::string& type,
                     std::uint32_t parallelism) {
    graph::Vertex& vertex = *program.graph.add_vertices();
    vertex.set_id(static_cast<std::uint32_t>(program.vertices.size()));
    vertex.set_name(name);
    vertex.set_named_by_author(true);
    vertex.set_kind(kind);
    vertex.set_operator_type(type);
    vertex.set_parallelism(parallelism);
    program.vertices.emplace_back();
    return vertex;
  }
};

}  // namespace tributary::testing
