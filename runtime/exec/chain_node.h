// runtime/exec/chain_node.h
// One operator of a chain: what it sees of the engine (Output, OperatorContext), what waits in
// front of it, and what it has told those behind it.
//
// Owner: the chain; only operator_chain*.cc and chain_node.cc include this. Thread: the slot's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <string_view>

#include "runtime/exec/dead_letter_counts.h"
#include "runtime/exec/operator_chain.h"

namespace tributary {

// What waits in front of an operator: a batch from record `from` on, or a control event in some
// phase.
struct OperatorChain::Item {
  enum class Phase : std::uint8_t { kArrived, kWatermark, kLastWatermark, kEndWatermark, kEnd };

  std::uint32_t input = 0;  // of the operator for a batch, of the status for a control event
  BatchPtr batch;           // null: control
  std::uint32_t from = 0;
  ControlEvent event;
  Phase phase = Phase::kArrived;
  bool drained = false;  // kEnd
};

struct OperatorChain::Node final : Output, OperatorContext {
  Node(OperatorChain& chain, ChainNodeSpec node_spec, std::uint32_t node_index);

  // Output
  BatchPtr take(const TypeInfo& type) override { return owner.environment_.pool->take(type); }
  void emit(std::uint32_t port, BatchPtr batch) override;
  bool should_yield() override;
  bool connected(std::uint32_t port) const override {
    return port < spec.ports.size() && !spec.ports[port].empty();
  }

  // OperatorContext
  std::string_view job_name() const override { return owner.environment_.job_name; }
  std::string_view operator_name() const override { return spec.name; }
  std::uint32_t task_index() const override { return owner.environment_.task_index; }
  std::uint32_t parallelism() const override { return owner.environment_.parallelism; }
  std::uint32_t key_group_count() const override { return owner.environment_.key_group_count; }
  const Clock& clock() const override { return *owner.environment_.clock; }
  KeyedState& keyed_state() override;
  StagedOutput* staged_output() override { return spec.staged; }
  Timestamp watermark() const override { return passed_watermark; }
  void wake_at(Timestamp at) override { wake = std::min(wake, at); }
  void request_background() override { background = true; }
  void count(std::string_view counter, std::int64_t n) override { spec.metrics->count(counter, n); }
  BatchPool& pool() override { return *owner.environment_.pool; }

  OperatorChain& owner;
  ChainNodeSpec spec;
  std::uint32_t index;
  InputStatus status;
  const bool leads_nowhere;  // a sink
  KeyedState* state = nullptr;
  std::deque<Item> waiting;
  DeadLetterCounts dead_letters;
  Timestamp passed_watermark;
  OperatorTime said;  // to those behind it
  Timestamp wake = Timestamp::max();
  Timestamp postponed =
      Timestamp::max();  // a request that came due while something older waited here
  bool background = false;
  bool told_to_yield = false;
  std::size_t emitted_after = 0;  // batches, since it was told
  bool emitted = false;
  bool opened = false;   // open() was called, so close() is due
  bool running = false;  // an item of this node is being run: what arrives now waits
  bool ended;
};

// What an operator throws fails the chain; then the answer is a default one.
template <typename Call>
auto OperatorChain::guarded(Node& node, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    fail(node, nullptr, 0, std::current_exception());
  }
  return {};
}

}  // namespace tributary
