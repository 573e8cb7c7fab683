// tests/operators/connectors/fake_engine.h
// The engine's side of the contracts, for testing one connector: keeps what a reader emits, as JSON
// lines, and what it refuses.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "runtime/exec/source.h"

namespace tributary::fake {

class Context : public OperatorContext {
 public:
  std::string_view job_name() const override { return "job"; }
  std::string_view operator_name() const override { return "operator"; }
  std::uint32_t task_index() const override { return task; }
  std::uint32_t parallelism() const override { return 4; }
  std::uint32_t key_group_count() const override { return 16; }
  const Clock& clock() const override { return manual_clock; }
  KeyedState& keyed_state() override {
    TRIBUTARY_CHECK(false, "a connector has no keyed state");
    __builtin_unreachable();
  }
  Timestamp watermark() const override { return Timestamp::min(); }
  void wake_at(Timestamp) override {}
  void request_background() override {}
  void count(std::string_view counter, std::int64_t n) override {
    counters[std::string(counter)] += n;
  }
  BatchPool& pool() override { return batches; }

  std::uint32_t task = 0;
  ManualClock manual_clock{Timestamp{1'000'000}};
  std::map<std::string, std::int64_t> counters;
  BatchPool batches;
};

struct Refused {
  std::uint32_t split = 0;
  std::int64_t offset = 0;
  std::int64_t line = 0;
  std::string reason;
  std::string message;
  std::string raw;
  std::string field{};
  std::string value{};

  friend bool operator==(const Refused&, const Refused&) = default;
};

class Output final : public SourceOutput {
 public:
  explicit Output(BatchPool& pool) : pool_(pool) {}

  BatchPtr take(const TypeInfo& type) override { return pool_.take(type); }
  void emit(std::uint32_t, BatchPtr batch) override { keep(0, *batch); }
  bool should_yield() override { return yields; }
  bool connected(std::uint32_t) const override { return true; }
  void emit_from(std::uint32_t split, BatchPtr batch) override { keep(split, *batch); }
  Status bad_record(std::uint32_t split, const BadRecord& bad) override {
    refused.push_back({split, bad.offset, bad.line, std::string(bad.reason), bad.message,
                       std::string(bad.raw), bad.field, bad.value});
    if (refuses_bad_records) return fail(ErrorCode::P804, "{}", bad.message);
    return {};
  }

  bool yields = false;
  bool refuses_bad_records = false;
  std::vector<std::string> records;   // as JSON
  std::vector<std::uint32_t> splits;  // of the records
  std::vector<Refused> refused;
  std::size_t batches = 0;
  std::size_t largest_batch_bytes = 0;

 private:
  void keep(std::uint32_t split, Batch& batch) {
    ++batches;
    largest_batch_bytes = std::max(largest_batch_bytes, batch.bytes());
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      write_json(batch.type(), batch.record(i), records.emplace_back());
      splits.push_back(split);
    }
  }

  BatchPool& pool_;
};

}  // namespace tributary::fake
