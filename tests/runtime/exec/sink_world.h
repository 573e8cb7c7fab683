// One exactly-once sink with one task: StagedSink and the coordinator's part of it, with messages
// that arrive at settle(), work of the pool in an order by seed, time by hand. An attempt that is
// dropped is a crash: what its pool has not done is never done.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "checkpoint/local_blob_store.h"
#include "checkpoint/publish/sink_coordinator.h"
#include "checkpoint/publish/sink_restore.h"
#include "runtime/exec/staged_sink.h"

namespace tributary::testing {

class SinkWorld {
 public:
  static constexpr Hash128 kUid{7, 7};

  class Attempt {
   public:
    Attempt(SinkWorld& world, std::uint64_t number, std::shared_ptr<SinkConnector> connector,
            PublishLimits limits)
        : round{number, 1},
          world_(world),
          pool(number),
          io(pool, nullptr),
          plan(plan_sink_owners(world.record ? &*world.record : nullptr, snapshots(), 1,
                                world.restored)
                   .value()),
          coordinator({.sink = "out",
                       .round = round,
                       .tasks = 1,
                       .numbers = plan.numbers,
                       .restored = world.restored,
                       .drain_points = plan.drain_points,
                       .marks_from = plan.marks_from,
                       .marks_id = plan.marks_id,
                       .hazards = {}}),
          sink({.identity = {kUid, "out", plan.numbers},
                .round = round,
                .own = {0},
                .restored = world.restored,
                .history = LineageHistory({1, 1}),
                .writers = plan.tasks.at(0),
                .connector = std::move(connector),
                .blobs = &world.blobs,
                .blob_prefix = [] { return std::string("staged"); },
                .clock = &world.clock,
                .io = &io,
                .limits = limits,
                .report = [this](OwnerReport report) { reports.push_back(std::move(report)); }}) {
      sink.start();
    }

    // Messages and answers until there are none. `deaf`: the coordinator's do not arrive.
    void settle() {
      do {
        pool.run_all();
      } while (deliver() || pool.waiting() > 0);
    }
    bool deliver() {
      bool any = io.poll();
      while (!reports.empty()) {
        const OwnerReport report = std::move(reports.front());
        reports.pop_front();
        if (std::holds_alternative<AskCheckpoint>(report)) ++checkpoints_asked;
        if (const auto* failed = std::get_if<SinkFailed>(&report)) failure = failed->error;
        carry_out(coordinator.step(OwnerSaid{0, round, report}));
        any = true;
      }
      return any;
    }
    void carry_out(const std::vector<SinkAction>& actions) {
      for (const SinkAction& action : actions) {
        if (const auto* order = std::get_if<ToOwner>(&action))
          sink.on_order(order->round, order->order);
      }
    }
    void tick(std::int64_t nanos) {
      world_.clock.advance_to_nanos(world_.clock.monotonic_nanos() + nanos);
      sink.tick();
      carry_out(coordinator.step(SinkTick{}));
      settle();
    }
    // The checkpoint is complete if the sink has its part of it.
    bool complete(std::uint64_t epoch) {
      auto snapshot = sink.take_snapshot({epoch});
      if (!snapshot) return false;
      world_.snapshot = std::move(snapshot);
      world_.record = coordinator.record();
      world_.restored = {epoch};
      carry_out(coordinator.step(EpochCompleted{{epoch}}));
      return true;
    }

    const OwnershipRound round;

   private:
    std::vector<checkpoint::SinkSnapshot> snapshots() const {
      if (!world_.snapshot) return {};
      return {*world_.snapshot};
    }
    SinkWorld& world_;

   public:
    ManualIoPool pool;
    TaskIo io;
    const SinkOwnership plan;
    SinkCoordinator coordinator;
    std::deque<OwnerReport> reports;
    int checkpoints_asked = 0;
    std::optional<Error> failure;
    StagedSink sink;
  };

  // Goes on from the last checkpoint that was completed.
  std::unique_ptr<Attempt> start(std::shared_ptr<SinkConnector> connector,
                                 const PublishLimits& limits = {}) {
    return std::make_unique<Attempt>(*this, ++attempts_, std::move(connector), limits);
  }

  MemoryFileSystem blob_files;
  SeededRandomSource random{1};
  LocalBlobStore blobs{blob_files, "blobs", random};
  ManualClock clock{Timestamp{1'000'000}};
  std::optional<checkpoint::SinkSnapshot> snapshot;
  std::optional<checkpoint::SinkRecord> record;
  Epoch restored;

 private:
  std::uint64_t attempts_ = 0;
};

}  // namespace tributary::testing
