// A world around the checkpoint coordinator, in one thread and by seed: leaders that die, sleep and
// wake, tasks that read, stage and publish, a record with compare-and-set, manifests, blobs, and a
// broker that remembers marks. Messages arrive in any order. What must hold is checked from
// outside: nobody asks the coordinator.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/cluster/checkpoint_coordinator.h"

namespace tributary {

class CheckpointWorld {
 public:
  CheckpointWorld(std::uint64_t seed, CheckpointHazards hazards);

  // Faults and messages by the seed, then a time without faults in which the job must end. The
  // first thing that was wrong, or "".
  std::string run();
  // Of everything that happened, in order: equal for equal seeds.
  std::uint64_t trace() const { return trace_; }

 private:
  static constexpr std::uint32_t kTasks = 3;
  static constexpr std::int64_t kRecords = 60;  // of each task's input

  struct Unit {
    std::uint64_t epoch = 0;
    std::int64_t from = 0;
    std::int64_t to = 0;
  };
  struct Folded {
    std::string blob;
    std::size_t covers = 0;  // of the chain, from its beginning
  };
  struct Task {
    std::uint32_t attempt = 0;
    std::uint32_t index = 0;
    std::int64_t position = 0;
    std::int64_t staged_from = 0;
    std::vector<Unit> staged;
    std::vector<std::string> chain;  // blobs: a base and deltas
    std::int64_t chain_position = 0;
    std::optional<Folded> folded;
    std::uint64_t snapshot_id = 0;
    std::int64_t snapshot_position = -1;
    std::uint64_t passed = 0;
    std::uint64_t completed = 0;
    std::uint64_t term = 0;
    std::uint64_t holding = 0;  // since the barrier of this checkpoint
    bool finished() const { return position == kRecords; }
  };
  struct Leader {
    std::uint64_t term = 0;
    std::uint64_t version = 0;  // of the record, as it knows it
    bool alive = true;
    std::optional<CheckpointCoordinator> coordinator;
    std::uint32_t told_finished_of = 0;  // attempt
  };
  using Message = std::function<void()>;

  void begin_election();
  void event(std::size_t leader, const CheckpointEvent& event);
  void perform(std::size_t leader, const CheckpointAction& action);
  void persist(std::size_t leader, const cluster::CheckpointRecord& record);
  void remove_blobs(const cluster::CompletedCheckpoint& condemned,
                    const std::vector<cluster::CompletedCheckpoint>& kept);
  void restore(std::size_t leader, const checkpoint_action::RestoreFrom& order);
  void start_tasks(std::size_t leader, const checkpoint::Manifest* manifest, std::uint64_t id,
                   bool only_publish);
  void to_tasks(std::size_t leader, std::uint32_t attempt, std::function<void(Task&)> order);
  void on_trigger(std::size_t leader, Task& task,
                  const checkpoint_action::TriggerCheckpoint& order);
  void read(Task& task);
  void publish(Task& task);
  void report_published();
  void fail_attempt();
  void tick(Duration step);
  void one_step(bool faults);
  void check_record();
  void wrong(std::string what);
  bool current(std::size_t leader) const { return leaders_[leader].term == term_; }
  void note(std::uint64_t what) { trace_ = mix64(trace_ ^ what); }

  Random random_;
  const CheckpointHazards hazards_;
  const std::uint32_t retained_;
  Timestamp now_{};
  std::string wrong_;
  bool over_ = false;
  std::uint64_t trace_ = 0;

  // What is durable.
  cluster::CheckpointRecord record_;
  std::uint64_t version_ = 1;
  std::uint64_t term_ = 0;
  std::uint32_t attempt_ = 0;
  std::map<std::string, std::int64_t> blobs_;  // name -> how many records it stands for
  std::map<std::string, checkpoint::Manifest> manifests_;
  std::set<std::uint64_t> ever_completed_;
  std::set<std::uint64_t> triggered_;
  std::set<std::uint64_t> damaged_;
  std::uint64_t blob_count_ = 0;
  std::uint64_t requests_ = 0;
  // The broker, by writer number.
  std::int64_t out_[kTasks] = {};
  std::uint64_t mark_[kTasks] = {};
  std::uint32_t fence_[kTasks] = {};

  std::vector<Leader> leaders_;
  std::vector<Task> tasks_;
  std::vector<Message> messages_;
};

}  // namespace tributary
