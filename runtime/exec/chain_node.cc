#include "runtime/exec/chain_node.h"

#include <utility>

namespace tributary {

OperatorChain::Node::Node(OperatorChain& chain, ChainNodeSpec node_spec, std::uint32_t node_index)
    : owner(chain),
      spec(std::move(node_spec)),
      index(node_index),
      status(spec.control_inputs),
      leads_nowhere(std::ranges::all_of(spec.ports, [](const auto& port) { return port.empty(); })),
      passed_watermark(spec.time.watermark),
      said(spec.time),
      ended(spec.time.ended) {
  for (std::uint32_t i = 0; i < spec.input_times.size(); ++i)
    status.restore(i, spec.input_times[i]);
  status.restore_merged(spec.time);
}

void OperatorChain::Node::emit(std::uint32_t port, BatchPtr batch) {
  if (batch == nullptr || batch->empty() || owner.failure_) return;
  emitted = true;
  spec.metrics->records_out.add(batch->size());
  // What it had begun for each port may still go out.
  if (told_to_yield && ++emitted_after > spec.ports.size()) spec.metrics->overruns.add(1);
  if (port >= spec.ports.size()) return;
  const std::vector<ChainTarget>& targets = spec.ports[port];
  for (std::size_t i = 0; i < targets.size(); ++i) {
    BatchPtr one;
    if (i + 1 == targets.size()) {
      one = std::move(batch);
    } else {
      one = take(batch->type());
      one->append_sharing(*batch);
    }
    if (targets[i].node == ChainTarget::kOutbox) {
      targets[i].outbox->write(std::move(one), owner.now_);
    } else {
      owner.deliver(targets[i].node, targets[i].input, std::move(one));
    }
  }
}

bool OperatorChain::Node::should_yield() {
  const bool yield = owner.failure_.has_value() || owner.waits_after(index) || owner.blocked() ||
                     owner.slice_is_over();
  if (yield && !told_to_yield) emitted_after = 0;
  if (yield) told_to_yield = true;
  return yield;
}

KeyedState& OperatorChain::Node::keyed_state() {
  if (state == nullptr) {
    Result<KeyedState*> made = owner.environment_.keyed_state(spec.name);
    if (!made) throw OperatorFailure{std::move(made).error()};
    state = *made;
  }
  return *state;
}

}  // namespace tributary
