// The tiered store under the conformance suite: over the model and over RocksDB, with so little
// memory that most of it leaves all the time, and without a bound; with snapshots, aborted ones,
// folds or renewals, and restores in between.
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/checkpoint/keyed_state_conformance.h"
#include "tests/checkpoint/tiered_task.h"

namespace tributary::testing_state {
namespace {

class Tiered final : public StateUnderTest {
 public:
  Tiered(TieredWorld::Kind kind, std::size_t memory_bytes, bool renews)
      : world_(kind),
        options_{.memory_bytes = memory_bytes,
                 .slack_bytes = 24 << 10,
                 .write_bytes = 4 << 10,
                 .base_bytes_min = renews ? 1U : 8U << 10,
                 .renewal_bytes_max = renews ? std::size_t{1} << 30 : 0},
        task_(std::make_unique<TieredTask>(world_, options_)) {
    (void)task_->store().finish_restore();
  }

  KeyedState& state() override { return task_->state(); }
  bool takes_snapshots() const override { return true; }

  void between_turns(std::mt19937& random) override {
    TieredStore& store = task_->store();
    store.maintain(random() % 200);
    while (random() % 3 == 0 && world_.io().run_one()) {
    }
    if (store.sweeping()) store.sweep(random() % 20);
    if (random() % 8 == 0) task_->store_chunks(random() % 4);
    if (store.must_wait()) task_->settle();
    ASSERT_TRUE(store.status().has_value()) << store.status().error().what();
  }

  void freeze() override { ASSERT_TRUE(task_->store().freeze().has_value()); }
  bool finish(std::mt19937& random) override {
    while (!task_->store().sweep(7)) {
    }
    if (random() % 3 == 0) {
      if (random() % 2 == 0) task_->lose_chunks();
      return false;
    }
    task_->store_chunks();
    auto snapshot = task_->store().snapshot();
    // What was lost comes again at the next barrier.
    if (!snapshot) return false;
    snapshot_ = *std::move(snapshot);
    if (random() % 2 == 0) task_->fold();
    return true;
  }
  void restore(std::mt19937& random) override {
    if (random() % 2 == 0) world_.io().run_all();
    task_ = std::make_unique<TieredTask>(world_, options_);
    task_->begin_restore({*snapshot_});
    KeyedState& state = task_->state();
    (void)state.value({.name = "values", .value_type = &type_info<Part>()});
    (void)state.map({.name = "map", .value_type = &type_info<Part>()});
    const Status status = task_->store().finish_restore();
    ASSERT_TRUE(status.has_value()) << status.error().what();
  }

 private:
  TieredWorld world_;
  const TieredOptions options_;
  std::unique_ptr<TieredTask> task_;
  std::optional<checkpoint::StateSnapshot> snapshot_;
};

KeyedStateMaker maker(std::string name, TieredWorld::Kind kind, std::size_t memory_bytes,
                      bool renews = false) {
  // RocksDB opens and closes slowly.
  return {.name = std::move(name),
          .make = [=] { return std::make_unique<Tiered>(kind, memory_bytes, renews); },
          .seeds = kind == TieredWorld::Kind::kModel ? 8U : 1U};
}

INSTANTIATE_TEST_SUITE_P(
    Tiered, KeyedStateConformance,
    testing::Values(maker("unbounded", TieredWorld::Kind::kModel, 0),
                    maker("renewed", TieredWorld::Kind::kModel, 0, true),
                    maker("renewed_until_full", TieredWorld::Kind::kModel, 192 << 10, true),
                    maker("tiny_over_model", TieredWorld::Kind::kModel, 16 << 10),
                    maker("small_over_model", TieredWorld::Kind::kModel, 48 << 10),
                    maker("tiny_over_rocksdb", TieredWorld::Kind::kRocksDb, 16 << 10)),
    [](const auto& maker) { return maker.param.name; });

}  // namespace
}  // namespace tributary::testing_state
