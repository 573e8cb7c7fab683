#include <tributary/blackhole.h>

namespace tributary::internal {

namespace {

class BlackholeSink final : public Operator {
 public:
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    context_->count("discarded_records", batch->size() - from);
    return batch->size();
  }

 private:
  OperatorContext* context_ = nullptr;
};

}  // namespace

UntypedSink make_blackhole(const TypeInfo& type) {
  return {.operator_type = "blackhole",
          .record_type = &type,
          .parallelism = 0,
          .properties = {},
          .make_operator = [] { return std::make_unique<BlackholeSink>(); }};
}

}  // namespace tributary::internal
