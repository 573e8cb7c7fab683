#include "operators/testing/sink_collector.h"

#include <cstring>

namespace tributary::testing {

class CollectOperator final : public Operator {
 public:
  explicit CollectOperator(SinkCollector& collector) : collector_(collector) {}
  Status open(OperatorContext& context) override {
    task_ = context.task_index();
    behind_ = collector_.from_;
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    for (std::uint32_t i = from; i < batch->size(); ++i) collector_.add(*batch, i, task_, behind_);
    return batch->size();
  }
  OperatorSnapshot snapshot(CheckpointId id) override {
    behind_ = id;
    return {};
  }

 private:
  SinkCollector& collector_;
  std::uint32_t task_ = 0;
  CheckpointId behind_;
};

std::unique_ptr<Operator> SinkCollector::make_operator() {
  return std::make_unique<CollectOperator>(*this);
}

void SinkCollector::go_back_to(CheckpointId checkpoint) {
  from_ = checkpoint;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.behind >= checkpoint; });
}

void SinkCollector::add(const Batch& batch, std::uint32_t i, std::uint32_t task,
                        CheckpointId behind) {
  void* copy = arena_.allocate(type_.size, type_.alignment);
  if (type_.has_references) {
    deep_copy(type_, batch.record(i), copy, arena_);
  } else {
    std::memcpy(copy, batch.record(i), type_.size);
  }
  entries_.push_back({.record = copy,
                      .event_time = batch.event_time(i),
                      .operation = batch.operation(i),
                      .task = task,
                      .behind = behind});
}

}  // namespace tributary::testing
