// The untyped driver of map, filter and flat_map.
//
// Decides: when to give the slot back (each 64 records, or when the emitter says so), and that an
// in-place operator hands its batch on only when all of it is done; until then the engine keeps it
// and calls again with the rest.
#include <algorithm>
#include <memory>
#include <utility>

#include <tributary/internal/stateless_kernels.h>

namespace tributary::internal {
namespace {

constexpr std::uint32_t kRecordsBetweenQuestions = 64;

class StatelessOperator final : public Operator {
 public:
  StatelessOperator(StatelessShape shape, StatelessKernel kernel, CodePtr code,
                    std::shared_ptr<const SideNames> sides)
      : shape_(shape), kernel_(kernel), code_(std::move(code)), sides_(std::move(sides)) {}

  Status open(OperatorContext& context) override {
    core_.open(context, std::move(sides_));
    return {};
  }

  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output& out) override {
    core_.begin(out);
    ContextAccess::attach(context_, core_, *batch);
    const std::uint32_t size = batch->size();
    std::uint32_t done = from;
    while (done < size) {
      const std::uint32_t to = std::min(size, done + kRecordsBetweenQuestions);
      done = kernel_(code_.get(), *batch, done, to, kept_, core_, context_);
      if (core_.emitter.yielding() || (done < size && core_.emitter.ask())) break;
    }
    core_.emitter.end();
    if (done == size && shape_ != StatelessShape::kNewBatches) hand_on_in_place(batch, out);
    return done;
  }

 private:
  void hand_on_in_place(BatchPtr& batch, Output& out) {
    if (shape_ == StatelessShape::kFilter) {
      if (kept_.count < batch->size()) batch->keep_columns({kept_.rows.data(), kept_.count});
      kept_.count = 0;
    }
    out.emit(0, std::move(batch));
  }

  const StatelessShape shape_;
  const StatelessKernel kernel_;
  CodePtr code_;
  std::shared_ptr<const SideNames> sides_;
  CallCore core_;
  Context context_;
  KeptRows kept_;
};

}  // namespace

OperatorFactory make_stateless(StatelessShape shape, StatelessKernel kernel, UserCode code) {
  return [shape, kernel, code = std::move(code)](std::shared_ptr<const SideNames> sides) {
    return std::make_unique<StatelessOperator>(shape, kernel, code.instance(), std::move(sides));
  };
}

}  // namespace tributary::internal
