// tests/e2e/jobs/e2e_sleeper.cc
// A source that could run a hundred times faster than the sink, which sleeps for each batch.
#include <chrono>
#include <thread>

#include <tributary/generator.h>
#include <tributary/job.h>

namespace tributary::testing {

struct SleeperSettings {
  std::int64_t sleep_ms = 20;
  std::int64_t rate = 0;
};
TRIBUTARY_RECORD(SleeperSettings, sleep_ms, rate);

struct Item {
  std::int64_t number = 0;
  Text payload;
};
TRIBUTARY_RECORD(Item, number, payload);

class SleepingSink final : public Operator {
 public:
  explicit SleepingSink(std::int64_t sleep_ms) : sleep_(sleep_ms) {}
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t, Output&) override {
    std::this_thread::sleep_for(sleep_);
    return batch->size();
  }

 private:
  std::chrono::milliseconds sleep_;
};

void sleeper(Job& job, const SleeperSettings& settings) {
  UntypedSink sink{.operator_type = "sleeping"};
  sink.make_operator = [ms = settings.sleep_ms] { return std::make_unique<SleepingSink>(ms); };
  job.source("items", generate<Item>(
                          [](std::uint64_t n, GenerateContext& ctx) {
                            return Item{.number = static_cast<std::int64_t>(n),
                                        .payload = ctx.text(
                                            std::string(100, static_cast<char>('a' + n % 26)))};
                          },
                          {.rate = static_cast<std::uint64_t>(settings.rate)}))
      .on_bad_record(fail())
      .filter([](const Item& item) { return item.number >= 0; })
      .rebalance()
      .sink("slow", SinkSpec<Item, kAppend>{sink});
}
TRIBUTARY_JOB("e2e-sleeper", sleeper);

}  // namespace tributary::testing
