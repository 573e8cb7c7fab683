#include "operators/testing/sink_collector.h"

#include <cstring>

namespace tributary::testing {

class CollectOperator final : public Operator {
 public:
  explicit CollectOperator(SinkCollector& collector) : collector_(collector) {}
  Status open(OperatorContext& context) override {
    task_ = context.task_index();
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    for (std::uint32_t i = from; i < batch->size(); ++i) collector_.add(*batch, i, task_);
    return batch->size();
  }

 private:
  SinkCollector& collector_;
  std::uint32_t task_ = 0;
};

std::unique_ptr<Operator> SinkCollector::make_operator() {
  return std::make_unique<CollectOperator>(*this);
}

void SinkCollector::add(const Batch& batch, std::uint32_t i, std::uint32_t task) {
  void* copy = arena_.allocate(type_.size, type_.alignment);
  if (type_.has_references) {
    deep_copy(type_, batch.record(i), copy, arena_);
  } else {
    std::memcpy(copy, batch.record(i), type_.size);
  }
  entries_.push_back({.record = copy,
                      .event_time = batch.event_time(i),
                      .operation = batch.operation(i),
                      .task = task});
}

}  // namespace tributary::testing
