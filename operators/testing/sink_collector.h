// operators/testing/sink_collector.h
// What one sink of a job under test was given, in the order in which it arrived, and the operator
// that collects it in place of the job's own sink. Exactly once: what came behind the barrier of
// the checkpoint that a job starts from never was.
//
// Owner: the TestRun; records live as long as it does. Thread: the test's only. Invariant: records
// of one task of the sink keep their order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tributary/stream_kind.h>

#include "base/arena.h"
#include "base/type_info.h"
#include "checkpoint/checkpoint_id.h"
#include "runtime/exec/operator.h"

namespace tributary::testing {

class SinkCollector {
 public:
  struct Entry {
    const void* record = nullptr;
    Timestamp event_time{};
    Operation operation = Operation::kInsert;
    std::uint32_t task = 0;
    CheckpointId behind;  // the last barrier that its task had taken, or what it had started from
  };

  SinkCollector(std::string name, const TypeInfo& type, StreamKind kind)
      : name_(std::move(name)), type_(type), kind_(kind) {}

  const std::string& name() const { return name_; }
  const TypeInfo& type() const { return type_; }
  StreamKind kind() const { return kind_; }
  const std::vector<Entry>& entries() const { return entries_; }

  std::unique_ptr<Operator> make_operator();
  // The job starts, or will, from this checkpoint; 0: from nothing.
  void go_back_to(CheckpointId checkpoint);

 private:
  friend class CollectOperator;
  void add(const Batch& batch, std::uint32_t i, std::uint32_t task, CheckpointId behind);

  const std::string name_;
  const TypeInfo& type_;
  const StreamKind kind_;
  Arena arena_;
  std::vector<Entry> entries_;
  CheckpointId from_;
};

}  // namespace tributary::testing
