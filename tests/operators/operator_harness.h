// Drives one operator of a job as the engine would: batches, watermarks, timers, background, with
// room or without.
//
// Plays the engine's side of docs/operator-contract.md over MemoryKeyedState and a clock that
// stands still.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "checkpoint/memory_state.h"
#include "operators/job_builder.h"

namespace tributary::testing {

template <typename T>
struct Emitted {
  T record;
  Timestamp event_time;
  Operation operation = Operation::kInsert;
};

// Keeps every batch that was emitted, by port.
class CollectingOutput final : public Output {
 public:
  BatchPtr take(const TypeInfo& type) override { return Batch::make(type); }
  void emit(std::uint32_t port, BatchPtr batch) override {
    if (batch != nullptr && !batch->empty()) batches[port].push_back(std::move(batch));
  }
  bool should_yield() override {
    ++questions;
    return yield_always;
  }
  bool connected(std::uint32_t port) const override { return port < connected_ports; }

  std::map<std::uint32_t, std::vector<BatchPtr>> batches;
  std::uint32_t connected_ports = 8;
  bool yield_always = false;
  int questions = 0;
};

class OperatorHarness final : public OperatorContext {
 public:
  OperatorHarness(const JobProgram& program, const std::string& name) {
    for (const graph::Vertex& vertex : program.graph.vertices()) {
      if (vertex.name() != name) continue;
      make_ = program.vertices[vertex.id()].make_operator;
      operator_ = make_();
      for (int i = 0; i < program.graph.edges_size(); ++i) {
        const graph::Edge& edge = program.graph.edges(i);
        if (edge.to() == vertex.id())
          key_hash_[edge.to_input()] = program.edges[static_cast<std::size_t>(i)].key_hash;
      }
    }
    TRIBUTARY_CHECK(operator_ != nullptr, "no operator {}", name);
    const Status opened = operator_->open(*this);
    TRIBUTARY_CHECK(opened.has_value(), "{}", opened ? "" : opened.error().what());
  }

  // Another task takes over from this one: keyed state as it stands, and what the operator has
  // besides it at a barrier.
  void restart() {
    const std::string written = operator_->snapshot({1}).bytes;
    operator_ = make_();
    wake_ = Timestamp::max();
    const Status opened = operator_->open(*this);
    TRIBUTARY_CHECK(opened.has_value(), "{}", opened ? "" : opened.error().what());
    const Status restored = operator_->restore({&written, 1});
    TRIBUTARY_CHECK(restored.has_value(), "{}", restored ? "" : restored.error().what());
  }

  // Records with event times; consumed to the end however often the operator yields. Returns the
  // calls it took.
  template <typename T>
  int push(const std::vector<std::pair<T, Timestamp>>& records, std::uint32_t input = 0) {
    int calls = 0;
    for (std::size_t at = 0; at < records.size();) {
      BatchPtr batch = Batch::make(type_info<T>());
      for (; at < records.size() && !batch->full(); ++at) {
        void* slot = batch->append(records[at].second);
        *static_cast<T*>(slot) = deep_copy(records[at].first, batch->arena());
      }
      if (key_hash_[input]) key_hash_[input](*batch);
      calls += push_batch(input, std::move(batch));
    }
    return calls;
  }
  int push_batch(std::uint32_t input, BatchPtr batch) {
    const std::uint32_t size = batch->size();
    int calls = 0;
    for (std::uint32_t from = 0; from < size; ++calls) {
      const std::uint32_t consumed = operator_->process(input, batch, from, out);
      TRIBUTARY_CHECK(consumed > from || calls < 100'000, "the operator makes no progress");
      from = consumed;
    }
    if (batch != nullptr) consumed_.push_back(std::move(batch));
    return calls;
  }

  int advance(Timestamp watermark) {
    int calls = 1;
    while (operator_->on_watermark(watermark, out) == Progress::kAgain) ++calls;
    watermark_ = watermark;
    return calls;
  }
  void advance_clock(Duration step) {
    clock_.advance(step);
    while (wake_ <= clock_.now()) {
      wake_ = Timestamp::max();
      while (operator_->on_processing_time(clock_.now(), out) == Progress::kAgain) {
      }
    }
  }
  int run_background() {
    int slices = 0;
    while (background_) {
      background_ = false;
      ++slices;
      if (operator_->run_background(out) == Progress::kAgain) background_ = true;
    }
    return slices;
  }
  void end() {
    advance(Timestamp::max());
    while (operator_->on_end(out) == Progress::kAgain) {
    }
  }

  template <typename T>
  std::vector<Emitted<T>> emitted(std::uint32_t port = 0) const {
    std::vector<Emitted<T>> all;
    const auto found = out.batches.find(port);
    if (found == out.batches.end()) return all;
    for (const BatchPtr& batch : found->second) {
      for (std::uint32_t i = 0; i < batch->size(); ++i) {
        all.push_back(
            {*static_cast<const T*>(batch->record(i)), batch->event_time(i), batch->operation(i)});
      }
    }
    return all;
  }
  template <typename T>
  std::vector<T> records(std::uint32_t port = 0) const {
    std::vector<T> all;
    for (const auto& one : emitted<T>(port)) all.push_back(one.record);
    return all;
  }
  std::int64_t counter(const std::string& name) const {
    const auto found = counters_.find(name);
    return found == counters_.end() ? 0 : found->second;
  }
  bool wants_background() const { return background_; }
  Operator& op() { return *operator_; }

  // OperatorContext
  std::string_view job_name() const override { return "test"; }
  std::string_view operator_name() const override { return "test"; }
  std::uint32_t task_index() const override { return 0; }
  std::uint32_t parallelism() const override { return 1; }
  std::uint32_t key_group_count() const override { return 1024; }
  const Clock& clock() const override { return clock_; }
  KeyedState& keyed_state() override { return state_; }
  Timestamp watermark() const override { return watermark_; }
  void wake_at(Timestamp at) override { wake_ = std::min(wake_, at); }
  void request_background() override { background_ = true; }
  void count(std::string_view counter, std::int64_t n) override {
    counters_[std::string(counter)] += n;
  }
  BatchPool& pool() override { return pool_; }

  CollectingOutput out;

 private:
  ManualClock clock_{Timestamp{1'000'000'000}};
  MemoryKeyedState state_;
  BatchPool pool_;
  Timestamp watermark_ = Timestamp::min();
  Timestamp wake_ = Timestamp::max();
  bool background_ = false;
  std::map<std::string, std::int64_t> counters_;
  std::function<std::unique_ptr<Operator>()> make_;
  std::unique_ptr<Operator> operator_;
  std::map<std::uint32_t, KeyHashKernel> key_hash_;
  std::vector<BatchPtr> consumed_;  // outputs may borrow their bytes
};

}  // namespace tributary::testing
