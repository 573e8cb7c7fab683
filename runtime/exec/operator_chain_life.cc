// How a chain begins and ends: opening, restoring, snapshots, closing, and what a failure says.
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <memory>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "base/json.h"
#include "runtime/exec/chain_node.h"

namespace tributary {

namespace {
constexpr std::size_t kMaxRecordText = 512;

std::string type_name(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : mangled;
}

std::string describe(std::exception_ptr cause) {
  try {
    std::rethrow_exception(std::move(cause));
  } catch (const std::exception& e) {
    return fmt::format("{}: {}", type_name(typeid(e).name()), e.what());
  } catch (...) {
    return "an exception that is no std::exception";
  }
}
}  // namespace

OperatorChain::OperatorChain(ChainEnvironment environment, std::vector<ChainNodeSpec> nodes,
                             std::vector<Outbox*> outboxes)
    : environment_(std::move(environment)), outboxes_(std::move(outboxes)) {
  for (ChainNodeSpec& spec : nodes) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(std::make_unique<Node>(*this, std::move(spec), index));
    if (nodes_.back()->ended) ++ended_nodes_;
  }
}

OperatorChain::~OperatorChain() = default;

Output& OperatorChain::output(std::uint32_t node) { return *nodes_[node]; }
OperatorContext& OperatorChain::context(std::uint32_t node) { return *nodes_[node]; }

Status OperatorChain::open() {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    node->opened = true;
    const Status status = guarded(*node, [&] { return node->spec.op->open(*node); });
    if (failure_) return std::unexpected(*failure_);
    if (!status)
      return std::unexpected(Error(status.error()).in(fmt::format("opening {}", node->spec.name)));
  }
  return {};
}

Status OperatorChain::restore(std::span<const std::vector<std::string>> states) {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    const Status status =
        guarded(*node, [&] { return node->spec.op->restore(states[node->index]); });
    if (failure_) return std::unexpected(*failure_);
    if (!status)
      return std::unexpected(
          Error(status.error()).in(fmt::format("restoring {}", node->spec.name)));
  }
  return {};
}

OperatorSnapshot OperatorChain::snapshot(std::uint32_t index, CheckpointId id) {
  Node& node = *nodes_[index];
  if (node.spec.op == nullptr) return {};
  return guarded(node, [&] { return node.spec.op->snapshot(id); });
}

const OperatorTime& OperatorChain::time(std::uint32_t node) const { return nodes_[node]->said; }
const std::string& OperatorChain::name(std::uint32_t node) const { return nodes_[node]->spec.name; }

Status OperatorChain::close(bool clean) {
  Status first;
  for (const auto& node : nodes_) {
    if (!std::exchange(node->opened, false)) continue;
    const bool failed_before = failure_.has_value();
    const Status status = guarded(*node, [&] { return node->spec.op->close(clean); });
    // After a clean stop: windows and timers that event time did not reach.
    const std::size_t left =
        clean && node->state != nullptr ? node->state->timers().size(TimeDomain::kEvent) : 0;
    if (left > 0)
      node->spec.metrics->count(kEventTimersLeftCounter, static_cast<std::int64_t>(left));
    if (!first) continue;
    if (failure_ && !failed_before) first = std::unexpected(*failure_);
    if (!status)
      first = std::unexpected(Error(status.error()).in(fmt::format("closing {}", node->spec.name)));
  }
  return first;
}

Status OperatorChain::flush() {
  for (const auto& node : nodes_) {
    if (node->spec.op == nullptr) continue;
    Status status = guarded(*node, [&] { return node->spec.op->flush(); });
    if (failure_) return std::unexpected(*failure_);
    if (!status) {
      failure_ = std::move(status).error().in(fmt::format("operator {}", node->spec.name));
      return std::unexpected(*failure_);
    }
  }
  return {};
}

void OperatorChain::fail(Node& node, const Batch* batch, std::uint32_t record,
                         std::exception_ptr cause) {
  if (failure_) return;
  try {
    std::rethrow_exception(cause);
  } catch (OperatorFailure& expected) {
    failure_ = std::move(expected.error)
                   .in(fmt::format("job {}: operator {}", environment_.job_name, node.spec.name));
    return;
  } catch (...) {
  }
  std::string text;
  if (batch != nullptr && record < batch->size()) {
    write_json(batch->type(), batch->record(record), text);
    if (text.size() > kMaxRecordText) text.resize(kMaxRecordText);
    text = fmt::format(" at record {}", text);
  }
  failure_ = Error(
      ErrorCode::P801,
      fmt::format("job {}: operator {} failed{}: {}", environment_.job_name, node.spec.name, text,
                  describe(std::move(cause))),
      "mend the operator or filter the record out; the job stopped and changed nothing after it");
}

}  // namespace tributary
